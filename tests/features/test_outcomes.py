from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from features.random_world import FIRST, LAST, prompt_lines, random_facts, random_lines
from features.silver_cast import CAST, CUTOFF, FACTS, HORIZON, Line, described, future, on, prepare, silver, warehouse
from features.slow_features import slow_features, slow_outcome
from patron.features.outcomes import EARLY, outcomes
from patron.warehouse.duckdb import DuckDBWarehouse

Answers = dict[tuple[int, str], tuple[object, ...]]
CUTOFFS = (FIRST + 60, FIRST + 200, FIRST + 333, LAST - 40)


@pytest.fixture(scope="module")
def house() -> Iterator[DuckDBWarehouse]:
    with warehouse() as opened:
        yield opened


@pytest.fixture(scope="module")
def cast_outcomes(house: DuckDBWarehouse) -> Answers:
    return future(house, prepare(house, silver(house, CAST, FACTS)), [CUTOFF, on(2024, 5, 1)])


def test_outcomes_count_what_happened_within_the_horizon_and_nothing_else(cast_outcomes: Answers) -> None:
    assert cast_outcomes[CUTOFF, "Ada"] == (Decimal(60), 3, 2)


def test_customers_without_a_future_have_zeros(cast_outcomes: Answers) -> None:
    assert cast_outcomes[CUTOFF, "Bruno"] == (Decimal(0), 0, 0)
    assert cast_outcomes[CUTOFF, "Fay"] == (Decimal(0), 0, 0)


def test_only_customers_known_by_the_cutoff_have_outcomes(cast_outcomes: Answers) -> None:
    assert {who for day, who in cast_outcomes if day == CUTOFF} == {"Ada", "Bruno", "Chen", "Dora", "Fay"}
    assert {who for day, who in cast_outcomes if day == on(2024, 5, 1)} == {"Ada", "Chen", "Dora"}


def test_a_late_known_past_is_not_future(cast_outcomes: Answers) -> None:
    assert cast_outcomes[CUTOFF, "Chen"] == (Decimal(0), 0, 0)
    assert cast_outcomes[on(2024, 5, 1), "Dora"] == (Decimal(0), 0, 0)


@pytest.mark.parametrize(("world", "seed"), [(random_lines, 11), (random_lines, 12), (prompt_lines, 13)])
def test_features_and_outcomes_agree_with_the_slow_and_obvious_way(
    house: DuckDBWarehouse, world: Callable[[int], list[Line]], seed: int
) -> None:
    lines = world(seed)
    prepared = prepare(house, silver(house, lines, random_facts(seed)))
    views, answers = described(house, prepared, CUTOFFS), future(house, prepared, CUTOFFS)
    expected = {
        (cutoff, who): slow_features(lines, who, cutoff, HORIZON)
        for cutoff in CUTOFFS
        for who in {line.who for line in lines if line.who}
    }
    expected = {key: values for key, values in expected.items() if values}
    assert views.keys() == expected.keys() == answers.keys()
    for (cutoff, who), values in expected.items():
        view = views[cutoff, who]
        assert {name for name in values if view[name] is None} == {name for name in values if values[name] is None}
        for name in (name for name in values if values[name] is not None):
            assert view[name] == pytest.approx(values[name], rel=1e-12), (cutoff, who, name)
        assert answers[cutoff, who] == slow_outcome(lines, who, cutoff, HORIZON)


@pytest.mark.parametrize("days", [7, HORIZON // 2, HORIZON, HORIZON + 30])
def test_the_early_part_is_what_a_shorter_horizon_would_give(house: DuckDBWarehouse, days: int) -> None:
    prepared = prepare(house, silver(house, random_lines(11), random_facts(11)))
    rows = house.fetch(outcomes(prepared, CUTOFFS, HORIZON, early_days=days)).to_pylist()
    shorter = future(house, prepared, CUTOFFS, min(days, HORIZON))
    assert {(row["as_of_day"], row["customer_id"]): row[EARLY] for row in rows} == {
        key: value for key, (value, _, _) in shorter.items()
    }
    assert any(row[EARLY] for row in rows)
