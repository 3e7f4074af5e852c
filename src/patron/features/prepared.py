"""The tables that features are made from, built once per run in this order, whatever the cutoffs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import ibis.expr.types as ir

from patron.features.beside_purchases import CONTACT, ENGAGEMENT, REVIEW
from patron.features.breadth import number_and_favourite_of, number_of
from patron.features.catalogue import CATEGORY
from patron.features.engagement import (
    acquisition_days,
    contact_days,
    contract_spans,
    engagement_days,
    review_days,
)
from patron.features.feature import Needs, is_met
from patron.features.order_parts import Present, Tables, customer_keys, order_parts
from patron.features.purchase_before import tangled_customers


@dataclass(frozen=True)
class Prepared:
    """One such table: what it holds, what must be mapped for it, and how it is built.

    ``build`` takes the silver tables together with the tables prepared before it, by name, and which
    columns of each silver table are mapped.
    """

    name: str
    meaning: str
    build: Callable[[Tables, Present], ir.Table]
    needs: Needs = ()


PREPARED: Final = (
    Prepared("customer_keys", "every identified customer, numbered", customer_keys),
    Prepared("order_parts", "orders, by the day they happened and the day they became known", order_parts),
    Prepared("tangled_customers", "customers whose purchases became known out of order", tangled_customers),
    Prepared(
        "product_breadth", "products new to each customer", number_of("product_id"), (("transactions.product_id",),)
    ),
    Prepared("category_breadth", "categories new to each customer", number_and_favourite_of("category"), CATEGORY),
    Prepared(
        "branch_breadth",
        "branches new to each customer",
        number_and_favourite_of("branch_id"),
        (("transactions.branch_id",),),
    ),
    Prepared(
        "channel_breadth",
        "channels new to each customer",
        number_and_favourite_of("channel"),
        (("transactions.channel",),),
    ),
    Prepared("contact_days", "contacts and responses", contact_days, CONTACT),
    Prepared("engagement_days", "opens, clicks and visits", engagement_days, ENGAGEMENT),
    Prepared("review_days", "reviews and their ratings", review_days, REVIEW),
    Prepared("contract_spans", "contracts", contract_spans, (("subscriptions.started_on",),)),
    Prepared("acquisition_days", "first days as a customer", acquisition_days, (("customers.acquired_on",),)),
)


def needed_tables(present: Present) -> tuple[Prepared, ...]:
    """The tables to prepare when these columns are mapped, each after those it is built from."""
    return tuple(table for table in PREPARED if is_met(table.needs, present))
