"""Columns of a table of customers in the order of their ids: a few numbers of each are what a run may hold of everybody."""

from __future__ import annotations

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.models.arrays import Floats
from patron.models.validation.pooled import Labels
from patron.scores.study import UNKNOWN
from patron.warehouse import Warehouse


def numbers_of(warehouse: Warehouse, customers: ir.Table, *names: str) -> dict[str, Floats]:
    """These columns as 64-bit floats, NaN where a value is missing."""
    rows = _in_order(warehouse, customers, names)
    return {name: rows[name].cast(pa.float64()).to_numpy().astype(np.float64) for name in names}


def labels_of(warehouse: Warehouse, customers: ir.Table, name: str) -> Labels:
    """A column of words as numbered groups in the order of their names; no word is 'unknown'."""
    words = _in_order(warehouse, customers, (name,))[name].cast(pa.string())
    coded = pc.fill_null(words, UNKNOWN).combine_chunks().dictionary_encode()
    found = coded.dictionary.to_numpy(zero_copy_only=False).astype(np.str_)
    names, place = np.unique(found, return_inverse=True)
    return Labels(place[coded.indices.to_numpy()], tuple(str(one) for one in names))


def _in_order(warehouse: Warehouse, customers: ir.Table, names: tuple[str, ...]) -> pa.Table:
    return warehouse.fetch(customers.select("customer_id", *names).order_by("customer_id"))
