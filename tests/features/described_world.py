"""Features of any world's rows; the queries are worded once, since only the rows differ."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir
import pyarrow as pa

from features.random_world import Facts, random_facts, random_lines
from features.silver_cast import EVERYTHING, HORIZON, Line, prepare, silver, warehouse
from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.prepared import needed_tables

LINES, FACTS = random_lines(1), random_facts(2)


class DescribedWorld:
    """One random world, described as of these cutoffs: ``truth``; and what others in its place would look like."""

    def __init__(self, cutoffs: Sequence[int]) -> None:
        self.house = warehouse()
        tables = silver(self.house, LINES, FACTS)
        self.prepared = prepare(self.house, tables)
        known = tables | self.prepared
        self._steps = [(t.name, self.house.sql(t.build(known, EVERYTHING))) for t in needed_tables(EVERYTHING)]
        features = customer_features(self.prepared, cutoffs, HORIZON, available_features(EVERYTHING))
        self._features = self.house.sql(features)
        self.truth = self._described()

    def described(self, lines: list[Line], facts: Facts, change: str = "") -> pa.Table:
        """Features in a world of these rows, changed by this SQL; that world is then over."""
        silver(self.house, lines, facts)
        if change:
            self.house.execute(change)
        found = self._described()
        silver(self.house, LINES, FACTS)
        self._prepare()
        return found

    def fetch(self, rows: ir.Table) -> pa.Table:
        return self.house.fetch(rows)

    def _described(self) -> pa.Table:
        self._prepare()
        self.house.execute(f"CREATE OR REPLACE TABLE gold.described AS {self._features}")
        return self.house.fetch(self.house.table("gold", "described"))

    def _prepare(self) -> None:
        for name, sql in self._steps:
            self.house.execute(f'CREATE OR REPLACE TABLE work."{name}" AS {sql}')
