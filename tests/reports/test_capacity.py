"""The arithmetic of the capacity planner, on runs whose costs are made up so that the answer is known."""

from __future__ import annotations

import pytest

from patron.errors import DataError
from patron.reports.capacity import (
    HELD_PER_CUSTOMER,
    MEMORY_POWER,
    MOST_TAUGHT,
    SPILLED_SHARE,
    Job,
    MeasuredRun,
    forecast,
    log_log_slope,
    unsureness,
)
from patron.reports.deployment import TIERS, tier_of

ENGINE = 3e9


def made_up(customers: int, learners: int, rows_each: int = 10) -> MeasuredRun:
    """Check: 1 s and 10 µs a row. Backtest: 2 s and 0.1 ms a learner. Score: 3 s, 5 µs a customer, 20 µs each of the first
    60,000 learners.

    Checking takes 300 MB and 500 bytes a row, the backtest 400 MB and 9,000 bytes a learner.
    """
    rows = customers * rows_each
    seconds = {
        "check": 1 + 1e-5 * rows,
        "backtest": 2 + 1e-4 * learners,
        "score": 3 + 5e-6 * customers + 2e-5 * min(learners, MOST_TAUGHT["score"]),
    }
    peaks = {"check": int(3e8 + 500 * rows), "backtest": int(4e8 + 9000 * learners)}
    return MeasuredRun(customers, learners, rows, seconds, sum(seconds.values()) + 4, peaks["check"], 150 * rows, peaks)


RUNS = (made_up(20_000, 20_000), made_up(60_000, 20_000), made_up(60_000, 60_000))


def job(customers: int, rows_each: int = 10) -> Job:
    return Job(customers, customers * rows_each, 200_000, ENGINE)


@pytest.mark.parametrize("customers", [20_000, 100_000, 200_000, 5_000_000])
def test_time_is_what_rows_customers_and_learners_cost(customers: int) -> None:
    truth = made_up(customers, min(customers, 200_000))
    found = forecast(RUNS, job(customers))
    assert found.seconds.expected == pytest.approx(truth.total_seconds, rel=1e-6)
    assert found.by_step["score"] == pytest.approx(truth.seconds["score"], rel=1e-6)
    assert found.seconds.low < found.seconds.expected < found.seconds.high


def test_more_orders_of_each_customer_cost_rows_and_nothing_else() -> None:
    few, many = forecast(RUNS, job(100_000)), forecast(RUNS, job(100_000, rows_each=30))
    assert many.by_step["check"] - few.by_step["check"] == pytest.approx(20.0, rel=1e-6)
    assert many.by_step["score"] == pytest.approx(few.by_step["score"], rel=1e-6)


def test_memory_grows_with_rows_until_the_engine_spills_and_then_with_customers_alone() -> None:
    one, two = (forecast(RUNS, job(millions * 1_000_000)) for millions in (4, 5))
    assert one.peak_bytes is not None
    assert two.peak_bytes is not None
    assert two.peak_bytes.expected - one.peak_bytes.expected == pytest.approx(1e6 * HELD_PER_CUSTOMER)
    assert two.peak_bytes.expected == pytest.approx(3e8 + ENGINE + 5e6 * HELD_PER_CUSTOMER, rel=1e-6)


@pytest.mark.parametrize(
    ("customers", "step"), [(60_000, 4e8 + 9000 * 60_000), (900_000, 3e8 + 500 * 6e5 * 15**MEMORY_POWER)]
)
def test_memory_is_that_of_the_step_that_takes_most_at_that_size(customers: int, step: float) -> None:
    found = forecast(RUNS, Job(customers, 10 * customers, 60_000, 1e12))
    assert found.peak_bytes is not None
    assert found.peak_bytes.expected == pytest.approx(step + customers * HELD_PER_CUSTOMER, rel=1e-6)


def test_what_the_engine_cannot_hold_goes_to_the_disk() -> None:
    kept = 150 * 50_000_000
    spilled = SPILLED_SHARE * (500 * 6e5 * (5e7 / 6e5) ** MEMORY_POWER - ENGINE)
    assert forecast(RUNS, job(5_000_000)).disk_bytes.expected == pytest.approx(kept + spilled, rel=1e-6)
    assert forecast(RUNS, job(100_000)).disk_bytes.expected == pytest.approx(150 * 1e6, rel=1e-6)


def test_a_run_of_ones_own_sets_the_level() -> None:
    own = made_up(40_000, 40_000)
    slow = MeasuredRun(
        own.customers,
        own.learners,
        own.rows,
        {step: 2 * cost for step, cost in own.seconds.items()},
        2 * own.total_seconds,
        None,
        0,
    )
    plain, told = forecast(RUNS, job(500_000)), forecast(RUNS, job(500_000), slow)
    assert told.seconds.expected == pytest.approx(2 * plain.seconds.expected, rel=1e-6)


def test_a_forecast_is_less_sure_the_further_it_goes() -> None:
    assert unsureness(0.5) == unsureness(1.0) == 0.15
    assert unsureness(16) == pytest.approx(0.35)
    assert unsureness(1e9) == 0.6
    assert not forecast(RUNS, job(60_000)).is_extrapolated
    assert forecast(RUNS, job(600_000)).reach == pytest.approx(10)


def test_noise_never_makes_more_customers_cost_less() -> None:
    odd = MeasuredRun(60_000, 60_000, 600_000, dict(RUNS[0].seconds), RUNS[0].total_seconds, 1, 1)
    found = forecast((RUNS[0], RUNS[1], odd), job(1_000_000))
    assert found.by_step["backtest"] >= forecast((RUNS[0], RUNS[1], odd), job(20_000)).by_step["backtest"] > 0


def test_where_the_system_tells_no_memory_none_is_foretold() -> None:
    blind = tuple(
        MeasuredRun(run.customers, run.learners, run.rows, run.seconds, run.total_seconds, None, run.disk_bytes)
        for run in RUNS
    )
    assert forecast(blind, job(1_000_000)).peak_bytes is None


@pytest.mark.parametrize("runs", [RUNS[:2], (RUNS[0],) * 3, (RUNS[1], RUNS[1], RUNS[2])])
def test_runs_that_tell_too_little_are_refused(runs: tuple[MeasuredRun, ...]) -> None:
    with pytest.raises(DataError, match="two sizes"):
        forecast(runs, job(1_000_000))


def test_the_slope_is_the_power_by_which_costs_grow() -> None:
    assert log_log_slope([1, 10, 100], [3, 30, 300]) == pytest.approx(1.0)
    assert log_log_slope([1, 10, 100], [5, 50 * 10, 500 * 100]) == pytest.approx(2.0)


def test_the_eight_tiers_leave_no_number_of_customers_out_and_none_in_two() -> None:
    assert len(TIERS) == 8
    edges = [1, 49_999, 50_000, 50_001, 100_000, 250_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 5_000_001, 10**9]
    for customers in edges:
        assert [tier.holds(customers) for tier in TIERS].count(True) == 1
    assert (tier_of(50_000).name, tier_of(5_000_001).name) == ("under 50 k", "over 5 M")


def test_the_planned_costs_are_those_of_the_seed() -> None:
    assert [tier.planned for tier in TIERS] == [
        (130, 4, 45),
        (140, 5, 50),
        (150, 6, 55),
        (165, 7, 60),
        (180, 8, 70),
        (200, 10, 80),
        (220, 12, 90),
        (250, 15, 100),
    ]
