"""What is odd but possible: kept, counted, and listed for a person to look at.

``ODDITIES`` declares each flag once: what it means, which columns it needs, and the rows that it is about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import ibis
import ibis.expr.types as ir

from patron.quality.odd_customers import extreme_age, impossible_start, same_person
from patron.quality.peers import FEWEST, far_from_peers
from patron.settings import QualitySettings
from patron.tables import CUSTOMERS, TRANSACTIONS
from patron.warehouse.portable import quantile

REPEATED_ROW: Final = "repeated_row"
REPEAT: Final = "probable_repeat"
_SECONDS_PER_DAY: Final = 86_400
# What is given back in the first weeks of a history may have been bought before it.
_BEFORE_HISTORY: Final = timedelta(days=60)
_PLACE: Final = ("source", "file_id", "line")
# By table, every column that an oddity looks at.
ASKED_COLUMNS: Final = {
    TRANSACTIONS.name: (
        *_PLACE,
        "customer_id",
        "order_id",
        "product_id",
        "occurred_at",
        "occurred_day",
        "amount",
        "quantity",
        "unit_price",
        "is_refund",
    ),
    CUSTOMERS.name: (
        *_PLACE,
        "customer_id",
        "birth_date",
        "acquired_on",
        "arrived_at",
        "region",
        "branch_id",
        "country",
        "gender",
    ),
}


@dataclass(frozen=True)
class Look:
    """What there is to look at: the rows of a table that hold, the columns that its sources fill, and what is usual.

    Rows of customers have ``PERSON_COLUMNS`` beside their own.
    """

    rows: ir.Table
    filled: frozenset[str]
    first_day: date
    last_day: date
    settings: QualitySettings
    usual: float = 0.0
    place_tells_people_apart: bool = False


@dataclass(frozen=True)
class Oddity:
    """One flag. ``find`` gives source, file_id, line and detail (the value, in words) of each odd row."""

    flag: str
    table: str
    meaning: str
    needs: frozenset[str]
    find: Callable[[Look], ir.Table]

    def is_told_by(self, filled: frozenset[str]) -> bool:
        """Whether the sources fill what it takes to tell."""
        return self.needs <= filled


def usual_amount(transactions: ir.Table) -> ir.Scalar:
    """The median size of an amount other than zero."""
    sizes = transactions.filter(transactions.amount != 0)
    return quantile(sizes.mutate(size=sizes.amount.abs()), "size", 0.5)


def _zero_price(look: Look) -> ir.Table:
    return _flagged(look.rows.filter(look.rows.amount == 0), lambda _: ibis.literal("amount: 0"))


def _outlier(look: Look) -> ir.Table:
    words = f" is beyond {look.settings.outlier_factor:g} times the median {look.usual:g}"
    return _flagged(_far(look), lambda rows: _amount(rows) + words)


def _far(look: Look) -> ir.Table:
    limit = round(look.usual * look.settings.outlier_factor, 4)
    return look.rows.filter((look.rows.amount.abs() > limit) & ibis.literal(limit > 0))


def _huge_then_cancelled(look: Look) -> ir.Table:
    far = _far(look)
    sale, back = far.filter(~far.is_refund), far.filter(far.is_refund).view()
    pair = sale.semi_join(
        back,
        [
            sale.customer_id == back.customer_id,
            sale.amount == -back.amount,
            back.occurred_at >= sale.occurred_at,
            back.occurred_day <= sale.occurred_day + 1,
        ],
    )
    return _flagged(pair, lambda rows: _amount(rows) + " was given back within a day")


def _unlike_customer(look: Look) -> ir.Table:
    sizes = look.rows.filter(look.rows.customer_id.notnull()).mutate(_size=look.rows.amount.abs())
    found = far_from_peers(sizes, ["customer_id"], "_size")
    # A small amount is no oddity: people buy a little beside much.
    large = found.filter(found._size.cast("float64") > found.high_quarter)
    return _flagged(
        large,
        lambda rows: (
            _amount(rows) + ", where half of what customer " + rows.customer_id + " pays is " + _middle_half(rows)
        ),
    )


def _unlike_product(look: Look) -> ir.Table:
    found = far_from_peers(look.rows.filter(look.rows.product_id.notnull()), ["product_id"], "unit_price")
    return _flagged(
        found,
        lambda rows: (
            ibis.literal("unit_price: ")
            + rows.unit_price.cast("string")
            + ", where half of the prices of product "
            + rows.product_id
            + " are "
            + _middle_half(rows)
        ),
    )


def _middle_half(rows: ir.Table) -> ir.StringValue:
    low, high = (rows[name].cast("decimal(18, 4)").cast("string") for name in ("low_quarter", "high_quarter"))
    return low + " to " + high


def _refund_of_nothing(look: Look) -> ir.Table:
    """Money given back to a customer who had bought nothing (of that product, where products are told) by then."""
    start = look.first_day + _BEFORE_HISTORY
    key = ["customer_id", "product_id"] if "product_id" in look.filled else ["customer_id"]
    named = look.rows.filter(*(look.rows[name].notnull() for name in key))
    back = named.filter((named.amount < 0) & (named.occurred_at > ibis.timestamp(start.isoformat())))
    sales = named.filter(named.amount > 0).semi_join(back, key)
    first = sales.group_by(key).aggregate(_first_sale=sales.occurred_at.min())
    told = back.left_join(first, key)
    nothing = told.filter(told._first_sale.isnull() | (told._first_sale > told.occurred_at))
    what = "had bought nothing" if len(key) == 1 else "had not bought that product"
    return _flagged(
        nothing, lambda rows: _amount(rows) + " was given back, but customer " + rows.customer_id + f" {what} before"
    )


def _customer_below_zero(look: Look) -> ir.Table:
    """The largest refund of each customer who was given back more than the customer ever paid."""
    known = look.rows.filter(look.rows.customer_id.notnull())
    net = known.group_by("customer_id").aggregate(_net=known.amount.sum().cast("decimal(18, 4)"))
    rows = known.join(net.filter(net._net < 0), "customer_id")
    order = [rows.amount, rows.file_id, rows.line]
    ranked = rows.mutate(_place=ibis.row_number().over(ibis.window(group_by=rows.customer_id, order_by=order)))
    return _flagged(
        ranked.filter(ranked._place == 0),
        lambda found: (
            ibis.literal("all that customer ")
            + found.customer_id
            + " paid and got back nets to "
            + found._net.cast("string")
        ),
    )


def _probable_repeat(look: Look) -> ir.Table:
    """A sale alike to one of the same customer in another order, minutes before."""
    what = [name for name in ("product_id", "quantity") if name in look.filled]
    rows = look.rows
    timed = rows.filter(
        rows.customer_id.notnull(), rows.amount > 0, rows.occurred_at.epoch_seconds() % _SECONDS_PER_DAY != 0
    )
    key = ["customer_id", "amount", *what]
    days = timed.group_by([*key, "occurred_day"]).aggregate(_one=timed.order_id.min(), _other=timed.order_id.max())
    asked = timed.semi_join(days.filter(days._one != days._other), [*key, "occurred_day"])
    order = [asked.occurred_at, asked.order_id, asked.file_id, asked.line]
    before = ibis.window(group_by=[asked[name] for name in key], order_by=order)
    told = asked.mutate(
        _before=asked.occurred_at.epoch_seconds().lag().over(before), _other=asked.order_id.lag().over(before)
    )
    seconds = told.occurred_at.epoch_seconds() - told._before
    alike = told.filter((told._other != told.order_id) & (seconds <= look.settings.repeat_minutes * 60))
    return _flagged(
        alike,
        lambda found: (
            _amount(found)
            + " of customer "
            + found.customer_id
            + " stands in order "
            + found._other
            + f" as well, at most {look.settings.repeat_minutes} minutes before"
        ),
    )


def _amount(rows: ir.Table) -> ir.StringValue:
    return ibis.literal("amount: ") + rows.amount.cast("string")


def _flagged(rows: ir.Table, detail: Callable[[ir.Table], ir.StringValue]) -> ir.Table:
    return rows.select(*_PLACE, detail=detail(rows))


def _of_transactions(flag: str, meaning: str, find: Callable[[Look], ir.Table], *needs: str) -> Oddity:
    return Oddity(flag, TRANSACTIONS.name, meaning, frozenset(needs), find)


def _of_customers(flag: str, meaning: str, find: Callable[[Look], ir.Table], *needs: str) -> Oddity:
    return Oddity(flag, CUSTOMERS.name, meaning, frozenset(needs), find)


ODDITIES: Final = (
    _of_transactions("zero_price", "an amount of zero", _zero_price),
    _of_transactions("outlier", "an amount beyond quality.outlier_factor times the median of all amounts", _outlier),
    _of_transactions(
        "huge_then_cancelled", "such an amount, given back within a day", _huge_then_cancelled, "customer_id"
    ),
    _of_transactions(
        "unlike_customer",
        f"an amount far beyond what its customer pays otherwise (of {FEWEST} rows or more)",
        _unlike_customer,
        "customer_id",
    ),
    _of_transactions(
        "unlike_product",
        f"a price far from those of the same product (of {FEWEST} rows or more)",
        _unlike_product,
        "product_id",
        "unit_price",
    ),
    _of_transactions(
        "refund_of_nothing", "money given back for what was not bought before", _refund_of_nothing, "customer_id"
    ),
    _of_transactions(
        "customer_below_zero",
        "a customer who got back more than was ever paid, told at the largest refund",
        _customer_below_zero,
        "customer_id",
    ),
    _of_transactions(
        REPEAT,
        "a sale alike to one in another order of the same customer, quality.repeat_minutes before or less",
        _probable_repeat,
        "customer_id",
        "order_id",
    ),
    _of_customers(
        "extreme_age",
        "a birth date before 1900 or in the future, or an age below quality.youngest_age or above quality.oldest_age",
        lambda look: extreme_age(look.rows, look.last_day, look.settings),
        "birth_date",
    ),
    _of_customers(
        "impossible_start",
        "a first day as a customer after the file arrived, or before birth",
        lambda look: impossible_start(look.rows, look.filled),
        "acquired_on",
    ),
    _of_customers(
        "same_person",
        "customers who seem to be one person: the same e-mail, the same name with the same birth date or phone, or the "
        "same birth date, place and gender where that can hardly be chance",
        lambda look: same_person(look.rows, by_place=look.place_tells_people_apart),
    ),
)
# Told while files are compared, not by looking at what is held.
MEANINGS: Final = {oddity.flag: oddity.meaning for oddity in ODDITIES} | {
    REPEATED_ROW: "a row equal to one of an earlier file, in a file of which most is new"
}
