"""What is known of customers beside their purchases: contacts, engagements, reviews, contracts, and since when.

Each fact is visible by its own clock: a contact from the day it was made, a response from the day it
came, an engagement or a review from the later of the day it happened and the day it became known, a
contract from its first day, and its end once that day is over.
"""

from __future__ import annotations

from typing import Final

import ibis
import ibis.expr.types as ir

from patron.features.day_arithmetic import day_of_date, day_of_moment
from patron.features.order_parts import Present, Tables

# Which kinds of engagement, in lower case, count as what; all others count as engagements alone.
KINDS_OF: Final = {
    "opens": ("open", "email_open"),
    "clicks": ("click", "email_click"),
    "visits": ("visit", "page_view", "session"),
}


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


def engagement_days(tables: Tables, _present: Present) -> ir.Table:
    """How often each customer opened, clicked and visited, by day of happening and day of becoming known."""
    events = _with_days(_of_customers(tables, "engagements"))
    kind = events.kind.lower()
    counts = {name: events.count(where=kind.isin(words).fill_null(False)) for name, words in KINDS_OF.items()}
    days = events.group_by("customer_key", "occurred_day", "visible_day")
    return days.aggregate(engagements=events.count(), **counts)


def review_days(tables: Tables, _present: Present) -> ir.Table:
    """How many reviews each customer wrote and what they rated, by day of writing and day of becoming known."""
    reviews = _with_days(_of_customers(tables, "reviews"))
    days = reviews.group_by("customer_key", "occurred_day", "visible_day")
    return days.aggregate(
        reviews=reviews.count(),
        rated=reviews.count(where=reviews.rating.notnull()),
        ratings=reviews.rating.sum().fill_null(0).cast("decimal(18,4)"),
    )


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


def _with_days(events: ir.Table) -> ir.Table:
    """Events with the day they happened and the day from which they may be seen."""
    occurred = day_of_moment(events.occurred_at)
    known = ibis.coalesce(day_of_moment(events.known_at), occurred)
    return events.mutate(occurred_day=occurred, visible_day=(known > occurred).ifelse(known, occurred))


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
