"""What happens, or becomes known, after a cutoff changes no feature at that cutoff by one bit."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.random_world import FIRST, LAST, Facts, random_facts, random_lines, scrambled_facts, scrambled_lines
from features.silver_cast import EVERYTHING, HORIZON, Line, exact, prepare, silver, warehouse
from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.prepared import needed_tables

CUTOFFS = tuple(range(FIRST + 7, LAST, 31))
LINES, FACTS = random_lines(1), random_facts(2)
# What makes a table's late rows visible from the day they happened: a leak, made on purpose.
LEAKS = {
    "transactions": "UPDATE silver.transactions SET visible_day = occurred_day",
    "engagements": "UPDATE silver.engagements SET known_at = NULL",
    "reviews": "UPDATE silver.reviews SET known_at = NULL",
}


class Describer:
    """Features of any world at all cutoffs; the queries are worded once, since only the rows differ."""

    def __init__(self) -> None:
        self.house = warehouse()
        tables = silver(self.house, LINES, FACTS)
        prepared = prepare(self.house, tables)
        known = tables | prepared
        self._steps = [(t.name, self.house.sql(t.build(known, EVERYTHING))) for t in needed_tables(EVERYTHING)]
        features = customer_features(prepared, CUTOFFS, HORIZON, available_features(EVERYTHING))
        self._features = self.house.sql(features)
        self.truth = self._described()

    def of(self, lines: list[Line], facts: Facts, leak: str = "") -> pa.Table:
        silver(self.house, lines, facts)
        if leak:
            self.house.execute(LEAKS[leak])
        return self._described()

    def _described(self) -> pa.Table:
        for name, sql in self._steps:
            self.house.execute(f'CREATE OR REPLACE TABLE work."{name}" AS {sql}')
        self.house.execute(f"CREATE OR REPLACE TABLE gold.described AS {self._features}")
        return self.house.fetch(self.house.table("gold", "described"))


@pytest.fixture(scope="module")
def describer() -> Iterator[Describer]:
    made = Describer()
    yield made
    made.house.close()


def at(rows: pa.Table, cutoff: int) -> str:
    return exact(rows.filter([day == cutoff for day in rows["as_of_day"].to_pylist()]))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cutoff=st.sampled_from(CUTOFFS), seed=st.integers(0, 2**32))
def test_scrambling_everything_after_the_cutoff_leaves_every_feature_bit_identical(
    describer: Describer, cutoff: int, seed: int
) -> None:
    future_rewritten = describer.of(scrambled_lines(LINES, cutoff, seed), scrambled_facts(FACTS, cutoff, seed))
    assert at(future_rewritten, cutoff) == at(describer.truth, cutoff)


@pytest.mark.parametrize("table", list(LEAKS))
def test_the_same_scramble_is_noticed_where_features_look_at_the_future(describer: Describer, table: str) -> None:
    cutoff = CUTOFFS[len(CUTOFFS) // 2]
    leaking = describer.of(LINES, FACTS, leak=table)
    if table == "transactions":
        scrambled = describer.of(scrambled_lines(LINES, cutoff, 3), FACTS, leak=table)
    else:
        scrambled = describer.of(LINES, FACTS | {table: scrambled_facts(FACTS, cutoff, 3)[table]}, leak=table)
    assert at(leaking, cutoff) != at(scrambled, cutoff)


def test_the_scramble_does_rewrite_the_future(describer: Describer) -> None:
    scrambled = describer.of(scrambled_lines(LINES, CUTOFFS[3], 3), FACTS)
    assert at(scrambled, CUTOFFS[-1]) != at(describer.truth, CUTOFFS[-1])
    assert at(scrambled, CUTOFFS[3]) == at(describer.truth, CUTOFFS[3])
