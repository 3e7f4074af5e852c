"""Which segments and which branch the customers of a bridge belonged to, before and now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from patron.features.customer_groups import available_groups, customer_groups
from patron.features.order_parts import Present
from patron.scores.study import UNKNOWN
from patron.segments.grouping import VIEWS
from patron.warehouse import Warehouse

BRANCH: Final = "branch"
Labelled = tuple[pa.Array, pa.Array]
"""Each customer's label before and now; 'unknown' where there is none."""


def segment_labels(before: pa.Table, now: pa.Table, customer_id: pa.Array) -> dict[str, Labelled]:
    """By name of a view, the segments of these customers in both tables; a view that one of them lacks is left out."""
    views = [name for name in VIEWS if all(name in rows.column_names and _says(rows[name]) for rows in (before, now))]
    return {name: (_words(before, name, customer_id), _words(now, name, customer_id)) for name in views}


def branch_labels(
    warehouse: Warehouse, tables: Mapping[str, ir.Table], present: Present, days: tuple[int, int], customer_id: pa.Array
) -> dict[str, Labelled]:
    """The branches of these customers as known on both days, from the rows that hold now; nothing where none is mapped.

    ``tables`` holds the silver tables and ``customer_keys``.
    """
    only = {name: columns & {"branch_id"} for name, columns in present.items()}
    if BRANCH not in available_groups(only):
        return {}
    found = warehouse.fetch(customer_groups(tables, only, days))
    at_day = [found.filter(pc.equal(found["as_of_day"], day)) for day in days]
    return {BRANCH: (_words(at_day[0], BRANCH, customer_id), _words(at_day[1], BRANCH, customer_id))}


def _says(words: pa.ChunkedArray) -> bool:
    """Whether there is any word at all: without clusters, nobody has one."""
    return bool(words.null_count < len(words))


def _words(rows: pa.Table, name: str, customer_id: pa.Array) -> pa.Array:
    """A word for each of these customers, in their order."""
    ids = rows["customer_id"].cast(pa.string()).combine_chunks()
    place = pc.index_in(customer_id, ids)
    words = rows[name].cast(pa.string()).combine_chunks()
    return pc.fill_null(words.take(place), UNKNOWN)
