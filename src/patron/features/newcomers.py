"""Customers as they were on their first day, and what each brought after it: for valuing them by how they came.

The first day is the earlier of the customer's record (``acquired_on``) and the first purchase. What happened on it counts as
known on it, even where it was written up later, since none of it can be part of what came after. What a record says of
country, region and way of coming is taken as it stands today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir

from patron.features.day_arithmetic import day_of_date, day_of_moment, whole
from patron.features.order_parts import MONEY, Present, purchase_lines
from patron.features.purchase_before import is_purchase

Tables = Mapping[str, ir.Table]

NUMBERS: Final = ("lines", "items", "discount")
_RECORD, _LINES, _CONTACTS = "customers", "transactions", "contacts"


@dataclass(frozen=True)
class AttributeSource:
    """Where an attribute's word comes from: the first of these columns, as (table, column), that is mapped."""

    name: str
    columns: tuple[tuple[str, str], ...]

    def home(self, present: Present) -> str:
        """The table that tells it, empty where none does; a product's category counts as the line's."""
        for table, column in self.columns:
            if column in present.get(table, frozenset()):
                return _LINES if table == "products" else table
        return ""

    def column_in(self, table: str) -> str:
        return next(column for home, column in self.columns if home == table)


ATTRIBUTES: Final = (
    AttributeSource("country", ((_RECORD, "country"), (_LINES, "country"))),
    AttributeSource("acquisition_channel", ((_RECORD, "acquisition_channel"),)),
    AttributeSource("region", ((_RECORD, "region"),)),
    AttributeSource("channel", ((_LINES, "channel"),)),
    AttributeSource("branch", ((_LINES, "branch_id"), (_RECORD, "branch_id"))),
    AttributeSource("category", ((_LINES, "category"), ("products", "category"))),
    AttributeSource("campaign", ((_CONTACTS, "campaign_id"),)),
)
"""Broad ones first: a narrow one that few customers share is drawn towards those before it."""


def available_attributes(present: Present) -> tuple[str, ...]:
    """The attributes that these mapped columns tell; ``present`` gives the mapped columns of each silver table."""
    return tuple(source.name for source in ATTRIBUTES if source.home(present))


def available_numbers(present: Present) -> tuple[str, ...]:
    """The figures of the first day that these mapped columns tell, beside its value."""
    mapped = present.get(_LINES, frozenset())
    needs = {"lines": "amount", "items": "quantity", "discount": "discount"}
    return tuple(name for name in NUMBERS if name == "lines" or needs[name] in mapped)


def newcomers(tables: Tables, present: Present, last_day: int, horizon_days: int) -> ir.Table:
    """One row per customer who had come by ``last_day``: who signed up or bought, however long ago.

    Columns customer_id, came_day, signed_up (whether a record gives the first day as a customer), purchase_days so far,
    first_order_value (the first day's net value, at least 0; empty where nothing was bought on it), value (net in the
    horizon after it, as known by ``last_day``), the available numbers of the first day (decimal) and attributes (text, empty
    where unknown). ``tables`` holds the silver tables, ``customer_keys`` and ``order_parts``.
    """
    parts = tables["order_parts"]
    known = {**tables, "order_parts": parts.filter(parts.visible_day <= last_day)}
    came = _came(known, present, last_day)
    sums = _sums(came, known["order_parts"], present, horizon_days)
    rows = came.left_join(sums, came.customer_key == sums.sums_key)
    for source in ATTRIBUTES:
        rows = _with_word(rows, came, known, present, source, last_day)
    bought = (rows.first_day_parts > 0).fill_null(False)
    return rows.select(
        "customer_id",
        "came_day",
        "signed_up",
        purchase_days=whole(rows.purchase_days.fill_null(0)),
        first_order_value=bought.ifelse(rows.first_day_net, ibis.null(MONEY)),
        value=rows["later"].fill_null(ibis.literal(0).cast(MONEY)),
        **{name: bought.ifelse(rows[name], ibis.null(MONEY)) for name in available_numbers(present)},
        **{name: rows[name] for name in available_attributes(present)},
    )


def _came(tables: Tables, present: Present, last_day: int) -> ir.Table:
    """Everybody who came: (customer_id, customer_key, came_day, signed_up, purchase_days); no key where nothing is on the books."""
    parts = tables["order_parts"]
    bought = parts.filter(is_purchase(parts))
    bought = bought.group_by(bought_key="customer_key").aggregate(
        first_purchase=bought.occurred_day.min(), purchase_days=bought.occurred_day.nunique()
    )
    keys = tables["customer_keys"].select("customer_id", "customer_key")
    if "acquired_on" not in present.get(_RECORD, frozenset()):
        rows = keys.inner_join(bought, keys.customer_key == bought.bought_key)
        return rows.select(
            "customer_id", "customer_key", "purchase_days", came_day=rows.first_purchase, signed_up=ibis.literal(False)
        )
    signed = _signed_up(tables[_RECORD], last_day)
    ids = ibis.union(keys.select("customer_id"), signed.select(customer_id="signed_id"), distinct=True)
    rows = ids.left_join(keys.select("customer_key", key_id="customer_id"), ids.customer_id == keys.customer_id)
    rows = rows.left_join(bought, rows.customer_key == bought.bought_key)
    rows = rows.left_join(signed, rows.customer_id == signed.signed_id)
    acquired, first = rows.acquired_day, rows.first_purchase
    # Engines disagree on the least of a number and nothing, so each stands in for the other first.
    came_day = ibis.least(ibis.coalesce(acquired, first), ibis.coalesce(first, acquired))
    rows = rows.mutate(came_day=came_day, signed_up=acquired.notnull())
    rows = rows.filter(rows.came_day.notnull())
    return rows.select("customer_id", "customer_key", "purchase_days", "came_day", "signed_up")


def _signed_up(customers: ir.Table, last_day: int) -> ir.Table:
    """The first day as a customer of everybody whose record gives one by this day: (signed_id, acquired_day)."""
    rows = customers.filter(customers.superseded_at.isnull() & customers.acquired_on.notnull())
    rows = rows.mutate(day=day_of_date(rows.acquired_on))
    rows = rows.filter(rows.day <= last_day)
    return rows.group_by(signed_id="customer_id").aggregate(acquired_day=rows.day.min())


def _sums(came: ir.Table, parts: ir.Table, present: Present, horizon_days: int) -> ir.Table:
    """What each customer's first day, and the horizon after it, came to; ``sums_key`` is the customer's."""
    first = came.filter(came.customer_key.notnull()).select("came_day", came_key="customer_key")
    rows = parts.inner_join(first, parts.customer_key == first.came_key)
    on_it = rows.occurred_day == rows.came_day
    after = (rows.occurred_day > rows.came_day) & (rows.occurred_day <= rows.came_day + horizon_days)
    return rows.group_by(sums_key="customer_key").aggregate(
        first_day_parts=rows.count(where=on_it & is_purchase(rows)),
        first_day_net=ibis.greatest(_money(rows.net, on_it), ibis.literal(0).cast(MONEY)),
        later=_money(rows.net, after),
        **{name: _money(rows[name], on_it) for name in available_numbers(present)},
    )


def _money(amount: ir.NumericColumn, where: ir.BooleanColumn) -> ir.DecimalScalar:
    return amount.sum(where=where).fill_null(0).cast(MONEY)


def _with_word(
    rows: ir.Table, came: ir.Table, tables: Tables, present: Present, source: AttributeSource, last_day: int
) -> ir.Table:
    """The rows with one more attribute, or as they are where nothing tells it."""
    home = source.home(present)
    if not home:
        return rows
    if home == _LINES:
        words = _most_paid(came, tables, present, source, last_day)
        rows = rows.left_join(words, rows.customer_key == words.word_of)
    else:
        words = _last_contact(came, tables, present) if home == _CONTACTS else _of_record(tables, source)
        rows = rows.left_join(words, rows.customer_id == words.word_of)
    return rows.mutate(**{source.name: rows.word.fill_null("")}).drop("word", "word_of")


def _of_record(tables: Tables, source: AttributeSource) -> ir.Table:
    """What the customers table says; of several records the greatest word."""
    rows = tables[_RECORD]
    rows = rows.filter(rows.superseded_at.isnull() & rows.customer_id.notnull())
    return rows.group_by(word_of="customer_id").aggregate(word=rows[source.column_in(_RECORD)].max())


def _most_paid(came: ir.Table, tables: Tables, present: Present, source: AttributeSource, last_day: int) -> ir.Table:
    """The word for which the customer paid most on the first day; of equal ones the first by name."""
    lines = purchase_lines(tables)
    lines = lines.filter(lines.visible_day <= last_day)
    first = came.filter(came.customer_key.notnull()).select("came_day", came_key="customer_key")
    lines = lines.inner_join(first, (lines.customer_key == first.came_key) & (lines.occurred_day == first.came_day))
    lines = _with_category(lines, tables, present) if source.name == "category" else lines
    lines = lines.mutate(word=lines[source.column_in(_LINES)])
    lines = lines.filter(lines.word.notnull())
    paid = lines.group_by("word", word_of="customer_key").aggregate(paid=lines.amount.sum())
    return _first_of_each(paid, [paid.paid.desc(), paid.word])


def _with_category(lines: ir.Table, tables: Tables, present: Present) -> ir.Table:
    """The lines with the product's category where they have none of their own."""
    if "category" not in present.get("products", frozenset()):
        return lines
    products = tables["products"]
    products = products.filter(products.superseded_at.isnull())
    products = products.group_by(listed_id="product_id").aggregate(listed_category=products.category.max())
    lines = lines.left_join(products, lines.product_id == products.listed_id)
    return lines.mutate(category=ibis.coalesce(lines.category, lines.listed_category))


def _last_contact(came: ir.Table, tables: Tables, present: Present) -> ir.Table:
    """The campaign of the last contact by the end of the first day; control groups were not contacted."""
    contacts = tables[_CONTACTS]
    contacts = contacts.filter(contacts.superseded_at.isnull() & ~contacts.held_out.fill_null(False))
    contacts = contacts.select("campaign_id", who="customer_id", contact_day=day_of_moment(contacts.contacted_at))
    if "started_on" in present.get("campaigns", frozenset()):
        contacts = _from_campaign_start(contacts, tables["campaigns"])
    rows = contacts.inner_join(came.select("customer_id", "came_day"), contacts.who == came.customer_id)
    rows = rows.filter(rows.contact_day <= rows.came_day)
    rows = rows.select("contact_day", word_of="customer_id", word="campaign_id")
    return _first_of_each(rows, [rows.contact_day.desc(), rows.word])


def _from_campaign_start(contacts: ir.Table, campaigns: ir.Table) -> ir.Table:
    """Contacts without a day of their own were made on their campaign's first day."""
    campaigns = campaigns.filter(campaigns.superseded_at.isnull())
    starts = campaigns.group_by(begun="campaign_id").aggregate(start_day=day_of_date(campaigns.started_on).min())
    rows = contacts.left_join(starts, contacts.campaign_id == starts.begun)
    return rows.select("campaign_id", "who", contact_day=ibis.coalesce(rows.contact_day, rows.start_day))


def _first_of_each(rows: ir.Table, order: list[ir.Value]) -> ir.Table:
    """(word_of, word): the first row of each customer in this order."""
    place = ibis.row_number().over(ibis.window(group_by="word_of", order_by=order))
    ranked = rows.mutate(place=place)
    return ranked.filter(ranked.place == 0).select("word_of", "word")
