"""What happens, or becomes known, after a cutoff changes no feature at that cutoff by one bit."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.described_world import FACTS, LINES, DescribedWorld
from features.random_world import FIRST, LAST, scrambled_facts, scrambled_lines
from features.silver_cast import exact

CUTOFFS = tuple(range(FIRST + 7, LAST, 31))
# What makes a table's late rows visible from the day they happened: a leak, made on purpose.
LEAKS = {
    "transactions": "UPDATE silver.transactions SET visible_day = occurred_day",
    "engagements": "UPDATE silver.engagements SET known_at = NULL",
    "reviews": "UPDATE silver.reviews SET known_at = NULL",
}


@pytest.fixture(scope="module")
def world() -> Iterator[DescribedWorld]:
    made = DescribedWorld(CUTOFFS)
    yield made
    made.house.close()


def at(rows: pa.Table, cutoff: int) -> str:
    return exact(rows.filter([day == cutoff for day in rows["as_of_day"].to_pylist()]))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cutoff=st.sampled_from(CUTOFFS), seed=st.integers(0, 2**32))
def test_scrambling_everything_after_the_cutoff_leaves_every_feature_bit_identical(
    world: DescribedWorld, cutoff: int, seed: int
) -> None:
    future_rewritten = world.described(scrambled_lines(LINES, cutoff, seed), scrambled_facts(FACTS, cutoff, seed))
    assert at(future_rewritten, cutoff) == at(world.truth, cutoff)


@pytest.mark.parametrize("table", list(LEAKS))
def test_the_same_scramble_is_noticed_where_features_look_at_the_future(world: DescribedWorld, table: str) -> None:
    cutoff = CUTOFFS[len(CUTOFFS) // 2]
    leaking = world.described(LINES, FACTS, LEAKS[table])
    if table == "transactions":
        scrambled = world.described(scrambled_lines(LINES, cutoff, 3), FACTS, LEAKS[table])
    else:
        scrambled = world.described(LINES, FACTS | {table: scrambled_facts(FACTS, cutoff, 3)[table]}, LEAKS[table])
    assert at(leaking, cutoff) != at(scrambled, cutoff)


def test_the_scramble_does_rewrite_the_future(world: DescribedWorld) -> None:
    scrambled = world.described(scrambled_lines(LINES, CUTOFFS[3], 3), FACTS)
    assert at(scrambled, CUTOFFS[-1]) != at(world.truth, CUTOFFS[-1])
    assert at(scrambled, CUTOFFS[3]) == at(world.truth, CUTOFFS[3])
