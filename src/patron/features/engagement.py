"""What is known of customers beside their purchases: contacts, contracts, and how long they have been known.

Each fact is visible by its own clock: a contact from the day it was made, a response from the day it
came, a contract from its first day, and its end once that day is over.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from patron.features.day_arithmetic import day_of_date, day_of_moment
from patron.features.order_parts import Present, Tables


def contact_days(tables: Tables, present: Present) -> ir.Table:
    """Who was contacted and when, and when they responded; control groups were not contacted."""
    contacts = _of_customers(tables, "contacts")
    contacts = contacts.filter(~contacts.held_out.fill_null(False))
    contacts = contacts.mutate(
        contact_day=day_of_moment(contacts.contacted_at), response_day=day_of_moment(contacts.responded_at)
    )
    if "started_on" in present.get("campaigns", frozenset()):
        contacts = _from_campaign_start(contacts, tables["campaigns"])
    return contacts.filter(contacts.contact_day.notnull()).select("customer_key", "contact_day", "response_day")


def contract_spans(tables: Tables, _present: Present) -> ir.Table:
    """When each contract began and ended, and what it costs a year."""
    contracts = _of_customers(tables, "subscriptions")
    periods_per_year = ibis.cases((contracts.period == "month", 12), (contracts.period == "year", 1))
    return contracts.select(
        "customer_key",
        started_day=day_of_date(contracts.started_on),
        ended_day=day_of_date(contracts.ended_on),
        yearly_price=(contracts.price * periods_per_year).cast("decimal(18,4)"),
    )


def acquisition_days(tables: Tables, _present: Present) -> ir.Table:
    """The first day as a customer that the customers table gives."""
    customers = _of_customers(tables, "customers")
    customers = customers.filter(customers.acquired_on.notnull())
    customers = customers.mutate(acquired_day=day_of_date(customers.acquired_on))
    return customers.group_by("customer_key").aggregate(acquired_day=customers.acquired_day.min())


def _of_customers(tables: Tables, name: str) -> ir.Table:
    rows = tables[name]
    return rows.filter(rows.superseded_at.isnull()).inner_join(tables["customer_keys"], "customer_id")


def _from_campaign_start(contacts: ir.Table, campaigns: ir.Table) -> ir.Table:
    """Contacts without a day of their own were made on their campaign's first day."""
    campaigns = campaigns.filter(campaigns.superseded_at.isnull())
    starts = campaigns.group_by(started_campaign="campaign_id").aggregate(
        start_day=day_of_date(campaigns.started_on).min()
    )
    contacts = contacts.left_join(starts, contacts.campaign_id == starts.started_campaign)
    return contacts.mutate(contact_day=ibis.coalesce(contacts.contact_day, contacts.start_day))
