"""How the newest batch differs from those before it, column by column, with limits that know how few rows there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import ibis
import ibis.expr.types as ir
import numpy as np
from scipy import stats

from patron.quality.history import stability_index
from patron.quality.profile.findings import Shift, ValueCount
from patron.warehouse import Warehouse

MOST_WORDS: Final = 200  # a column of more words has no share of each to compare
_BINS: Final = 10
_CHANCE: Final = 0.001  # of a shift without any
_LEAST_INDEX: Final = 0.1  # by convention, an index below it is no shift to speak of
_LEAST_DISTANCE: Final = 0.1
_MOST_TOLD: Final = 10


def number_shift(warehouse: Warehouse, rows: ir.Table, name: str, sizes: tuple[int, int]) -> Shift | None:
    """Of a column of numbers. ``rows`` have ``is_newest``; ``sizes`` are the rows of earlier batches and of the newest."""
    given = rows.filter(rows[name].notnull()).select("is_newest", value=rows[name])
    copies = given.group_by("value").aggregate(before=(~given.is_newest).sum(), now=given.is_newest.sum())
    up_to = ibis.window(order_by=copies.value, rows=(None, 0))
    placed = copies.mutate(
        before_up_to=copies.before.sum().over(up_to).cast("float64"),
        now_up_to=copies.now.sum().over(up_to).cast("float64"),
        whole_before=copies.before.sum().over(ibis.window()).cast("float64"),
        whole_now=copies.now.sum().over(ibis.window()).cast("float64"),
    )
    # A value belongs to the tenth of the earlier values in which it begins.
    whole_before, whole_now = placed.whole_before.nullif(0), placed.whole_now.nullif(0)
    tenth = ((placed.before_up_to - placed.before.cast("float64")) / whole_before * _BINS).floor().cast("int32")
    tenth = (tenth >= _BINS).ifelse(_BINS - 1, tenth)
    gap = (placed.before_up_to / whole_before - placed.now_up_to / whole_now).abs()
    told = placed.mutate(bin=tenth, gap=gap).group_by("bin")
    found = warehouse.fetch(
        told.aggregate(before=lambda t: t.before.sum(), now=lambda t: t.now.sum(), gap=lambda t: t.gap.max())
    ).to_pylist()
    before, now = ({str(row["bin"]): int(row[key]) for row in found} for key in ("before", "now"))
    n, m = sum(before.values()), sum(now.values())
    if not (n and m):
        return _only_missing(sizes, n, m)
    limit = max(_LEAST_DISTANCE, float(stats.kstwobign.isf(_CHANCE)) * float(np.sqrt((n + m) / (n * m))))
    return Shift(
        stability_index(now, before),
        _index_limit(before, now),
        round(max(float(row["gap"]) for row in found), 6),
        limit,
        *_missing(sizes, n, m),
        (),
        (),
    )


def word_shift(warehouse: Warehouse, rows: ir.Table, name: str, sizes: tuple[int, int]) -> Shift | None:
    """Of a column of few words: also which are new, and which should have come and did not."""
    given = rows.filter(rows[name].notnull()).select("is_newest", value=rows[name].cast("string"))
    copies = given.group_by("value").aggregate(before=(~given.is_newest).sum(), now=given.is_newest.sum())
    found = warehouse.fetch(copies.order_by("value")).to_pylist()
    before = {row["value"]: int(row["before"]) for row in found if row["before"]}
    now = {row["value"]: int(row["now"]) for row in found if row["now"]}
    n, m = sum(before.values()), sum(now.values())
    if not (n and m):
        return _only_missing(sizes, n, m)
    # Of a value that had this share, none in m rows is chance with probability e^(−share·m).
    missed = -np.log(_CHANCE)
    gone = {value: count for value, count in before.items() if value not in now and count / n * m >= missed}
    new = {value: count for value, count in now.items() if value not in before and count / m * n >= missed}
    return Shift(
        stability_index(now, before),
        _index_limit(before, now),
        None,
        None,
        *_missing(sizes, n, m),
        _ranked(new),
        _ranked(gone),
    )


def _only_missing(sizes: tuple[int, int], given_before: int, given_now: int) -> Shift | None:
    """Where one side has no value at all: that, and nothing about how values are spread."""
    if not (given_before or given_now):
        return None
    return Shift(0.0, _LEAST_INDEX, None, None, *_missing(sizes, given_before, given_now), (), ())


def _index_limit(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """Without a shift, n·m/(n+m) times the index follows χ² with one degree less than there are bins."""
    n, m = sum(before.values()), sum(now.values())
    freedom = max(1, len(before.keys() | now.keys()) - 1)
    return _LEAST_INDEX + float(stats.chi2.isf(_CHANCE, freedom)) * (1 / n + 1 / m)


def _missing(sizes: tuple[int, int], given_before: int, given_now: int) -> tuple[float, float]:
    before, now = sizes
    return (before - given_before) / before if before else 0.0, (now - given_now) / now if now else 0.0


def _ranked(counts: Mapping[str, int]) -> tuple[ValueCount, ...]:
    first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_TOLD]
    return tuple(ValueCount(value, count) for value, count in first)
