"""What Patron computes for each transaction: its amount, whether it is a refund, its days and its hash."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.sources.text_look import mixed, text_hashes
from patron.sources.typed_columns import TypedColumn
from patron.tables import TRANSACTIONS, Column

MONEY: Final = pa.decimal128(18, 4)
_BEYOND: Final = Decimal(10) ** 14
_MICROSECONDS_PER_DAY: Final = 86_400_000_000
_SALT: Final = np.uint64(0x9E3779B97F4A7C15)


def product(quantity: pa.Array, unit_price: pa.Array) -> pa.Array:
    """quantity × unit_price, exact to the 8th place, then rounded half away from zero to the 4th; NULL beyond 14 digits."""
    exact = pc.multiply(quantity, unit_price)
    rounded = pc.round(exact, 4, round_mode="half_towards_infinity")
    fits = pc.less(pc.abs(rounded), pa.scalar(_BEYOND, rounded.type))
    return pc.if_else(fits, rounded, pa.scalar(None, rounded.type)).cast(MONEY)


def turns(amount: pa.Array, by_rule: pa.Array) -> pa.Array:
    """True for rows that give money back by the rule but are written with a plus sign."""
    positive = pc.greater(amount, pa.scalar(Decimal(0), amount.type))
    return pc.fill_null(pc.and_(by_rule, positive), False)


def turned(values: pa.Array, turn: pa.Array) -> pa.Array:
    """Values of which the positive ones change sign in the rows that turn."""
    if not pc.any(turn).as_py():
        return values
    positive = pc.greater(values, pa.scalar(Decimal(0), values.type))
    return pc.if_else(pc.fill_null(pc.and_(turn, positive), False), pc.negate(values), values)


def is_refund(amount: pa.Array, by_rule: pa.Array) -> pa.Array:
    """True for rows that the rule marks, and for those with a negative amount."""
    negative = pc.less(amount, pa.scalar(Decimal(0), amount.type))
    return pc.or_(by_rule, pc.fill_null(negative, False))


def days(moments: pa.Array) -> pa.Array:
    """The day of each moment, in whole days since 1970-01-01."""
    micro = moments.cast(pa.int64())
    numbers = np.floor_divide(pc.fill_null(micro, 0).to_numpy(), _MICROSECONDS_PER_DAY).astype(np.int32)
    return pa.array(numbers, mask=micro.is_null().to_numpy(zero_copy_only=False))


def visible_days(occurred: pa.Array, known: pa.Array | None) -> pa.Array:
    """From which day on a row may be seen: the later of when it happened and when it became known."""
    return occurred if known is None else pc.max_element_wise(occurred, known)


def row_hashes(columns: Mapping[str, TypedColumn], refunds: pa.Array) -> pa.Array:
    """64 bits of each row's content, as signed whole numbers: equal rows are equal on any machine, from any format.

    Every value that is there adds a number of its own, salted with its column: a text ``text_hashes``, a decimal
    its ten-thousandths, a moment its microseconds. So a NULL and a column that is not mapped are the same.
    """
    total = np.where(refunds.to_numpy(zero_copy_only=False), _SALT, np.uint64(0))
    for number, column in enumerate(TRANSACTIONS.columns, start=1):
        if column.name in columns:
            found = columns[column.name]
            total += _addends(column, found.distinct, number)[_places(found)]
    return pa.array(mixed(total).view(np.int64))


def _places(found: TypedColumn) -> np.ndarray:
    """Where each row's addend stands; behind the last one for a row without text."""
    return pc.fill_null(found.places, len(found.distinct)).to_numpy(zero_copy_only=False)


def _addends(column: Column, distinct: pa.Array, number: int) -> np.ndarray:
    """What each distinct value adds, and 0 at the end for none."""
    if column.kind in ("id", "text"):
        content = text_hashes(distinct)
    elif column.kind == "moment":
        content = pc.fill_null(distinct.cast(pa.int64()), 0).to_numpy(zero_copy_only=False).view(np.uint64)
    else:
        content = ten_thousandths(distinct).view(np.uint64)
    absent = distinct.is_null().to_numpy(zero_copy_only=False)
    salt = np.uint64(number * int(_SALT) % 2**64)
    return np.append(np.where(absent, np.uint64(0), mixed(mixed(content) + salt)), np.uint64(0))


def ten_thousandths(values: pa.Array) -> np.ndarray:
    """Decimals of 18 digits as whole ten-thousandths, NULL as 0."""
    if not len(values):
        return np.zeros(0, np.int64)
    filled = pc.fill_null(values, Decimal(0))
    words = np.frombuffer(filled.buffers()[1], "<i8")[2 * filled.offset :]
    return np.ascontiguousarray(words[::2][: len(values)])
