"""Customers described by what was sent of them: the features of the batch, in the queries of the batch, kept planned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.feature import Feature
from patron.features.prepared import Prepared, needed_tables
from patron.quality.value import with_value
from patron.scores.by_data.contract import DataContract
from patron.scores.by_data.rows import sent_schema
from patron.tables import TRANSACTIONS
from patron.warehouse.kept_queries import KeptQueries, Made

_CUTOFFS: Final = "cutoffs"
_TANGLED: Final = (
    "tangled_customers"  # only spares looking, which of a few customers costs less than to tell who they are
)
_DESCRIBED: Final = "described"
_MOST_TOLD: Final = 100  # programs send the same columns again and again


class Describing:
    """Gives the features of those sent, one row each in the order of their numbers; several threads may ask at once."""

    def __init__(self, contract: DataContract, horizon_days: int) -> None:
        self.features = available_features(contract.present)
        sent = {name: sent_schema(name) for name in sorted(contract.present)}
        sent[_CUTOFFS] = pa.schema([("as_of_day", pa.int32())])
        prepared = [
            (table.name, _built(table, contract)) for table in needed_tables(contract.present) if table.name != _TANGLED
        ]

        def described(tables: Mapping[str, ir.Table]) -> ir.Table:
            return customer_features(tables, tables[_CUTOFFS], horizon_days, self.features)

        self._queries = KeptQueries(sent, [*prepared, (_DESCRIBED, described)])
        self.unknown = lru_cache(_MOST_TOLD)(self._unknown)

    def describe(self, tables: Mapping[str, pa.Table], as_of_day: int) -> pa.Table:
        """The features of everybody who has a transaction; ``customer_id`` is the number of the customer."""
        day = pa.table({"as_of_day": pa.array([as_of_day], pa.int32())})
        found = self._queries.answer({**tables, _CUTOFFS: day})
        numbers = found["customer_id"].cast(pa.int64())
        return found.take(pc.sort_indices(numbers)).combine_chunks()

    def _unknown(self, told: frozenset[str]) -> tuple[str, ...]:
        """The features that take columns that were not told of a customer."""
        return tuple(feature.name for feature in self.features if not _is_known(feature, told))


def without_unknown(features: pa.Table, unknown: Mapping[int, tuple[str, ...]]) -> pa.RecordBatch:
    """The features with nothing in place of those that are not known of a customer, by number."""
    numbers = features["customer_id"].to_pylist()
    columns = {name: features[name].combine_chunks() for name in features.column_names}
    names = {name for given in unknown.values() for name in given}
    for name in names & columns.keys():
        lacking = np.array([name in unknown.get(int(number), ()) for number in numbers], dtype=np.bool_)
        column = columns[name]
        columns[name] = pc.if_else(pa.array(lacking), pa.scalar(None, column.type), column)
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _built(table: Prepared, contract: DataContract) -> Made:
    def made(tables: Mapping[str, ir.Table]) -> ir.Table:
        valued = with_value(tables[TRANSACTIONS.name], contract.value)
        return table.build({**tables, TRANSACTIONS.name: valued}, contract.present)

    return made


def _is_known(feature: Feature, told: frozenset[str]) -> bool:
    return not feature.needs or any(told.issuperset(group) for group in feature.needs)
