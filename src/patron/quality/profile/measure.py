"""A table's profile: asked of the warehouse in a few queries per column, and of a sample where rows must be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.quality.profile import counting, looks, shifts, together
from patron.quality.profile.advice import advice
from patron.quality.profile.findings import (
    Batch,
    ColumnProfile,
    Dates,
    Family,
    Gap,
    Numbers,
    Pair,
    Shift,
    TableProfile,
    Texts,
    ValueCount,
)
from patron.warehouse import Warehouse

SAMPLED: Final = 20_000
NEWEST: Final = "is_newest"
_FEW_WORDS: Final = 1_000
_MOST_GAPS: Final = 5
_LEAST_GAP: Final = 3
_KEYS_TRIED: Final = 4
_STRONGEST: Final = 60
_ID_ENDINGS: Final = ("id", "_no", "number", "code", "zip", "key")


@dataclass(frozen=True)
class AskedColumn:
    """A column to look at, with what is known of it beforehand."""

    name: str
    declared: str = ""
    meaning: str = ""
    seen: str = ""
    unread: int = 0
    unread_examples: tuple[str, ...] = ()
    mixed_decimals: bool = False


@dataclass(frozen=True)
class AskedTable:
    """A table to look at. ``rows`` have the columns, ``order`` (a total order, by which the sample is drawn) and, where
    there is a batch to compare, ``is_newest``."""

    name: str
    meaning: str
    rows: ir.Table
    columns: tuple[AskedColumn, ...]
    order: tuple[str, ...]
    batch: Batch | None = None


def measure(warehouse: Warehouse, asked: AskedTable, today: date) -> TableProfile:
    """The profile of a table; ``today`` is the day after which dates lie in the future."""
    families = {column.name: family_of(asked.rows[column.name]) for column in asked.columns}
    told = counting.figures(warehouse, asked.rows, dict(families))
    rows = int(told[""]["rows"])
    sample = _sample(warehouse, asked, rows)
    columns = tuple(
        _column(warehouse, asked, column, families[column.name], rows, told[column.name], sample)
        for column in asked.columns
    )
    different = counting.different_rows(warehouse, asked.rows, list(families)) if rows else 0
    profile = TableProfile(
        asked.name,
        asked.meaning,
        rows,
        sample.num_rows,
        rows - different,
        columns,
        _keys(warehouse, asked, columns, sample),
        _pairs(columns, sample),
        asked.batch,
        (),
    )
    mixed = {column.name for column in asked.columns if column.mixed_decimals}
    return replace(profile, advice=advice(profile, today, mixed))


def family_of(column: ir.Column) -> Family:
    """What is asked of a column: number, date, flag, or text."""
    kind = column.type()
    if kind.is_boolean():
        return "flag"
    if kind.is_numeric():
        return "number"
    return "date" if kind.is_timestamp() or kind.is_date() else "text"


def _sample(warehouse: Warehouse, asked: AskedTable, rows: int) -> pa.Table:
    """Rows at even distances in the table's order: the same ones each time, on every engine."""
    names = [column.name for column in asked.columns]
    step = -(-rows // SAMPLED)
    if step <= 1:
        return warehouse.fetch(asked.rows.order_by(list(asked.order)).select(*names))
    place = ibis.row_number().over(ibis.window(order_by=list(asked.order)))
    placed = asked.rows.mutate(_place=place)
    return warehouse.fetch(placed.filter(placed._place % step == 0).order_by("_place").select(*names))


def _column(
    warehouse: Warehouse,
    asked: AskedTable,
    column: AskedColumn,
    family: Family,
    rows: int,
    told: dict[str, Any],  # Any: figures of the column's own type
    sample: pa.Table,
) -> ColumnProfile:
    distinct, top = counting.top_values(warehouse, asked.rows, column.name)
    found = ColumnProfile(
        column.name,
        family,
        column.declared,
        column.seen or _seen(asked.rows[column.name], told),
        column.meaning,
        rows,
        int(told["given"]),
        column.unread,
        column.unread_examples,
        distinct,
        top,
    )
    if not found.given:
        return found
    match family:
        case "number":
            found = replace(found, numbers=_numbers(warehouse, asked.rows, column.name, told))
        case "text":
            found = replace(found, texts=_texts(warehouse, asked.rows, found, told, sample))
        case "date":
            found = replace(found, dates=_dates(warehouse, asked.rows, column.name))
    return replace(found, shift=_shift(warehouse, asked, found))


def _seen(column: ir.Column, told: dict[str, Any]) -> str:
    kind = column.type()
    if kind.is_numeric():
        return "whole number" if not told["broken"] else "number"
    if kind.is_timestamp():
        return "date and time"
    return {"flag": "true or false", "date": "date"}.get(family_of(column), "text")


def _numbers(warehouse: Warehouse, rows: ir.Table, name: str, told: dict[str, Any]) -> Numbers:
    quantiles = counting.quantiles(warehouse, rows, name)
    whole = not told["broken"]
    low, high = quantiles[0.01], quantiles[0.99]
    bins, below, above = counting.histogram(warehouse, rows, name, low, high, whole=whole and high - low < 1e15)
    return Numbers(
        told["least"],
        told["most"],
        told["mean"],
        told["deviation"],
        int(told["zeros"]),
        int(told["negatives"]),
        whole,
        {f"{share:g}": value for share, value in quantiles.items()},
        bins,
        below,
        above,
    )


def _texts(
    warehouse: Warehouse, rows: ir.Table, column: ColumnProfile, told: dict[str, Any], sample: pa.Table
) -> Texts:
    texts = sample[column.name].combine_chunks()
    spellings: Iterable[str] = ()
    if 1 < column.distinct <= _FEW_WORDS:
        words = counting.counted(rows, column.name)
        spellings = warehouse.fetch(words.select("value").order_by("value"))["value"].to_pylist()
    return Texts(
        int(told["least"]),
        int(told["most"]),
        told["mean"],
        int(told["padded"]),
        looks.patterns(texts),
        looks.variants(spellings),
        looks.holds(texts),
    )


def _dates(warehouse: Warehouse, rows: ir.Table, name: str) -> Dates:
    days = counting.days(warehouse, rows, name)
    months: dict[str, int] = {}
    weekdays = [0] * 7
    for day, count in days:
        months[day[:7]] = months.get(day[:7], 0) + count
        weekdays[date.fromisoformat(day).weekday()] += count
    return Dates(
        days[0][0],
        days[-1][0],
        len(days),
        tuple(ValueCount(month, count) for month, count in months.items()),
        tuple(weekdays),
        counting.hours(warehouse, rows, name),
        _gaps([date.fromisoformat(day) for day, _ in days]),
    )


def _gaps(days: Sequence[date]) -> tuple[Gap, ...]:
    """The longest runs of days without a row, of those longer than is usual between two days with some."""
    if len(days) < 3:
        return ()
    steps = [(later - day).days for day, later in pairwise(days)]
    usual = sorted(steps)[len(steps) // 2]
    found = [
        Gap(day.isoformat(), later.isoformat(), (later - day).days - 1)
        for day, later in pairwise(days)
        if (later - day).days - 1 >= max(_LEAST_GAP, 4 * usual)
    ]
    return tuple(sorted(found, key=lambda gap: (-gap.days, gap.after))[:_MOST_GAPS])


def _shift(warehouse: Warehouse, asked: AskedTable, column: ColumnProfile) -> Shift | None:
    if asked.batch is None or column.family == "date":
        return None
    sizes = asked.batch.earlier_rows, asked.batch.rows
    if column.family == "number":
        return shifts.number_shift(warehouse, asked.rows, column.name, sizes)
    if column.distinct > shifts.MOST_WORDS:
        return None
    return shifts.word_shift(warehouse, asked.rows, column.name, sizes)


def _keys(
    warehouse: Warehouse, asked: AskedTable, columns: Sequence[ColumnProfile], sample: pa.Table
) -> tuple[tuple[str, ...], ...]:
    """Columns, or pairs of them, of which no two rows have the same values."""
    single = [(column.name,) for column in columns if column.is_key]
    if single:
        return tuple(single)
    rows = columns[0].rows if columns else 0
    hopeful = [column.name for column in columns if column.given == rows and column.distinct > 1]
    tried = together.possible_keys(sample, hopeful)[:_KEYS_TRIED]
    return tuple(pair for pair in tried if counting.different_rows(warehouse, asked.rows, pair) == rows)


def _is_id(column: ColumnProfile) -> bool:
    """Whether a column's whole numbers are names of things: how they rise with others says nothing."""
    whole = column.numbers is not None and column.numbers.whole
    return whole and (column.is_key or column.name.lower().endswith(_ID_ENDINGS))


def _pairs(columns: Sequence[ColumnProfile], sample: pa.Table) -> tuple[Pair, ...]:
    numbers = [c.name for c in columns if c.family == "number" and c.distinct > 1 and not _is_id(c)]
    words = [column.name for column in columns if column.family in ("text", "flag") and column.distinct > 1]
    found = [*together.number_pairs(sample, numbers), *together.word_pairs(sample, words)]
    return tuple(sorted(found, key=lambda pair: (-abs(pair.strength), pair.one, pair.other))[:_STRONGEST])
