"""The silver tables that sources fill: the columns a mapping can name."""

from __future__ import annotations

from typing import Final

from patron.errors import UnknownName
from patron.tables.declared import Table, column

# What a source may fill: the columns a mapping can name. Silver adds PROVENANCE to each.
TRANSACTIONS = Table(
    "transactions",
    "silver",
    ("file_id", "line"),
    "What was bought, given back or moved: one row per line of a receipt, or per order.",
    (
        column("row_id", "id", "the source's own unique id of this row, where it declares one"),
        column("customer_id", "id", "who; empty means an anonymous sale, which stays anonymous"),
        column(
            "order_id",
            "id",
            "the order, invoice, basket or ticket that the row belongs to; empty means that each row is one",
        ),
        column("occurred_at", "moment", "when it happened", required=True),
        column("known_at", "moment", "when it became known; empty means when it happened"),
        column(
            "amount",
            "money",
            "signed value of the row; negative gives money back. Or quantity × unit_price",
            required=True,
        ),
        column("quantity", "quantity", "pieces; negative for returned pieces"),
        column("unit_price", "money", "price of one piece"),
        column("discount", "money", "money taken off, as a positive number"),
        column("margin", "money", "what the row earned after cost"),
        column("product_id", "id", "what was bought"),
        column("category", "text", "what kind of thing; taken from products where absent"),
        column("branch_id", "id", "where: branch, store or site"),
        column("channel", "text", "how: web, shop, phone"),
        column("country", "text", "country of the sale or of the customer"),
        column("currency", "text", "currency of the row; must be the value contract's"),
    ),
)
CUSTOMERS = Table(
    "customers",
    "silver",
    ("customer_id",),
    "Who: one row per customer or account.",
    (
        column("customer_id", "id", "who", required=True),
        column("acquired_on", "date", "first day as a customer"),
        column("birth_date", "date", "born on"),
        column("gender", "text", "as the source writes it"),
        column("country", "text", "country"),
        column("region", "text", "region or postcode area"),
        column("postcode", "text", "postcode"),
        column("latitude", "quantity", "degrees north, -90 to 90; beyond that the place counts as unknown"),
        column("longitude", "quantity", "degrees east, -180 to 180; beyond that the place counts as unknown"),
        column("branch_id", "id", "home branch"),
        column("acquisition_channel", "text", "how the customer came"),
        column("plan", "text", "product, plan or account type"),
    ),
)
PRODUCTS = Table(
    "products",
    "silver",
    ("product_id",),
    "What is sold: one row per article.",
    (
        column("product_id", "id", "what", required=True),
        column("product_name", "text", "its name"),
        column("category", "text", "what kind of thing"),
        column("brand", "text", "whose"),
    ),
)
BRANCHES = Table(
    "branches",
    "silver",
    ("branch_id",),
    "Where: one row per branch, store or district.",
    (
        column("branch_id", "id", "where", required=True),
        column("branch_name", "text", "its name"),
        column("region", "text", "region"),
        column("country", "text", "country"),
    ),
)
CAMPAIGNS = Table(
    "campaigns",
    "silver",
    ("campaign_id",),
    "What was run to win custom.",
    (
        column("campaign_id", "id", "which", required=True),
        column("campaign_name", "text", "its name or type"),
        column("channel", "text", "e-mail, post, phone"),
        column("started_on", "date", "first day"),
        column("ended_on", "date", "last day"),
    ),
)
CONTACTS = Table(
    "contacts",
    "silver",
    ("customer_id", "campaign_id", "contacted_at"),
    "Who was contacted, when and by what; held_out marks the control group.",
    (
        column("customer_id", "id", "who", required=True),
        column("campaign_id", "id", "by which campaign", required=True),
        column("contacted_at", "moment", "when; empty means the campaign's first day"),
        column("held_out", "flag", "true for the control group, who were not contacted"),
        column("responded_at", "moment", "when the customer responded, redeemed or clicked"),
        column("cost", "money", "what the contact cost"),
    ),
)
ENGAGEMENTS = Table(
    "engagements",
    "silver",
    ("customer_id", "occurred_at", "known_at", "kind", "campaign_id", "channel", "product_id", "value"),
    "What people did short of buying: messages opened, links clicked, pages visited. Equal events are one event.",
    (
        column("row_id", "id", "the source's own unique id of this event, where it declares one"),
        column("customer_id", "id", "who; empty means a visitor who is not known"),
        column("occurred_at", "moment", "when it happened", required=True),
        column("known_at", "moment", "when it became known; empty means when it happened"),
        column("kind", "text", "what: email_open, click, visit, or a word of the source's own", required=True),
        column("campaign_id", "id", "which campaign it answers"),
        column("channel", "text", "where: e-mail, web, app"),
        column("product_id", "id", "what was looked at"),
        column("value", "quantity", "how much of it: seconds, pages, points"),
    ),
)
REVIEWS = Table(
    "reviews",
    "silver",
    ("customer_id", "occurred_at", "known_at", "product_id", "rating", "text"),
    "What people said of what they bought. Equal reviews are one review.",
    (
        column("row_id", "id", "the source's own unique id of this review, where it declares one"),
        column("customer_id", "id", "who; empty means a reviewer who is not known"),
        column("occurred_at", "moment", "when it was written", required=True),
        column("known_at", "moment", "when it became known; empty means when it was written"),
        column("product_id", "id", "of what"),
        column("rating", "quantity", "stars or points, on the source's own scale"),
        column("text", "text", "the words"),
    ),
)
SUBSCRIPTIONS = Table(
    "subscriptions",
    "silver",
    ("customer_id", "started_on"),
    "Contracts: when each began and, if it did, ended.",
    (
        column("customer_id", "id", "who", required=True),
        column("plan", "text", "which plan"),
        column("started_on", "date", "first day", required=True),
        column("ended_on", "date", "last day; empty while it runs"),
        column("price", "money", "price of one period"),
        column("period", "text", "month or year"),
    ),
)
SOURCE_TABLES: Final = (
    TRANSACTIONS,
    CUSTOMERS,
    PRODUCTS,
    BRANCHES,
    CAMPAIGNS,
    CONTACTS,
    ENGAGEMENTS,
    REVIEWS,
    SUBSCRIPTIONS,
)


def source_table(name: str) -> Table:
    """The declared table a source may fill, by name."""
    for table in SOURCE_TABLES:
        if table.name == name:
            return table
    raise UnknownName("table", name, (table.name for table in SOURCE_TABLES))
