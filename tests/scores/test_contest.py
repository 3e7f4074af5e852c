"""The contest: out of time, refusing models that look ahead, and honest about intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from models.simulated_customers import shop, window
from patron.features.cutoffs import CutoffPlan, plan_cutoffs
from patron.models.baselines import TrailingValue
from patron.models.bg_nbd_value import BGNBDValue
from patron.models.customers import Customers, FittedValueModel, History, ValueModel, Window
from patron.models.installed import BASELINES
from patron.scores.contest import Contest, champion_intervals, hold_contest, measured_coverage
from patron.scores.findings import told
from patron.settings import ModelSettings

HORIZON = 90
SETTINGS = ModelSettings(folds=2)


@pytest.fixture(scope="module")
def plan() -> CutoffPlan:
    return plan_cutoffs(0, 499, HORIZON, 2)


@pytest.fixture(scope="module")
def windows(plan: CutoffPlan) -> dict[int, Window]:
    sales = shop(1200, 500, seed=7)
    return {day: window(sales, day, HORIZON) for day in plan.all_cutoffs if day != plan.now}


def contest(windows: dict[int, Window], plan: CutoffPlan, *candidates: ValueModel) -> Contest:
    return hold_contest(windows, plan, SETTINGS, candidates, lambda _: None)


@pytest.fixture(scope="module")
def plain(windows: dict[int, Window], plan: CutoffPlan) -> Contest:
    return contest(windows, plan, BGNBDValue())


@dataclass(frozen=True)
class Spy:
    """Trailing value that remembers what it was shown."""

    seen: list[tuple[int, tuple[int, ...]]]
    name: str = "spy"
    title: str = "Spy"
    complexity: int = 5
    inputs: tuple[str, ...] = ("trailing_value",)

    def fit(self, history: History, seed: int) -> FittedValueModel:
        self.seen.append((history.now.as_of_day, tuple(w.customers.as_of_day for w in history.windows)))
        return TrailingValue().fit(history, seed)


@dataclass(frozen=True)
class Peeking(TrailingValue):
    """Reads a column that holds the future under an innocent name."""

    name: str = "peeking"
    title: str = "Peeking"
    inputs: tuple[str, ...] = ("loyalty_index",)


def with_the_future(window: Window) -> Window:
    noise = np.random.default_rng(3).normal(1, 0.001, len(window.customers))
    columns = {**window.customers.columns, "loyalty_index": window.future_value * noise}
    return replace(window, customers=Customers(window.customers.as_of_day, window.customers.customer_id, columns))


def test_no_model_sees_an_outcome_that_ends_after_the_day_it_stands_on(
    windows: dict[int, Window], plan: CutoffPlan
) -> None:
    spy = Spy([])
    contest(windows, plan, spy)
    assert [now for now, _ in spy.seen] == list(plan.tests)
    for now, learnt in spy.seen:
        assert learnt
        assert all(day + HORIZON <= now for day in learnt)


def test_the_champion_beats_every_baseline_or_is_one(plain: Contest) -> None:
    metric = SETTINGS.metric
    scores = {name: plain.board.score(name, metric) for name in plain.board.models}
    assert set(BASELINES) < set(scores)
    assert plain.verdict.passed
    assert all(scores["bg_nbd"] < scores[name] for name in BASELINES)


def test_a_disguised_look_at_the_future_is_refused_with_the_name_of_the_input(
    windows: dict[int, Window], plan: CutoffPlan
) -> None:
    leaking = {day: with_the_future(w) for day, w in windows.items()}
    found = contest(leaking, plan, Peeking(), BGNBDValue())
    assert [refused.model for refused in found.refused] == ["peeking"]
    assert "loyalty_index" in found.refused[0].reason
    assert "peeking" not in found.board.models
    assert found.verdict.champion == "bg_nbd"
    rows = told(found, "rmse", {name: name for name in (*BASELINES, "bg_nbd")})["leaderboard"]
    assert rows[-1] == {"model": "peeking", "title": "Peeking", "status": "refused"}


def test_a_model_that_cannot_learn_here_is_told_and_left_out(windows: dict[int, Window], plan: CutoffPlan) -> None:
    from patron.models.boosting import Boosting

    nobody_buys = {
        day: replace(w, future_orders=w.future_orders * 0, future_value=w.future_value * 0)
        for day, w in windows.items()
    }
    found = contest(
        {**windows, **{d: nobody_buys[d] for d in windows if d not in plan.tests}}, plan, Boosting(), BGNBDValue()
    )
    assert [refused.model for refused in found.refused] == ["boosting"]
    assert "could not learn" in found.refused[0].reason


def test_coverage_is_measured_where_the_intervals_were_not_made(plain: Contest) -> None:
    measured = measured_coverage(plain)
    assert measured is not None
    assert measured.how == "made from the older folds, measured on the newest"
    assert measured.coverage.customers == len(plain.board.folds[0].actual)
    assert 0.7 < measured.coverage.overall < 0.95
    intervals = champion_intervals(plain)
    assert intervals is not None
    low, high = intervals.bounds(plain.board.folds[0].predictions["bg_nbd"])
    assert np.all(low <= high)


def test_findings_are_plain_data_in_the_order_champion_beaten_baseline(plain: Contest) -> None:
    facts = told(plain, "rmse", {name: name for name in plain.board.models})
    assert [row["status"] for row in facts["leaderboard"]] == ["champion", "baseline", "baseline", "baseline"]
    assert [row["decile"] for row in facts["deciles"]] == list(range(1, 11))
    assert facts["deciles"][0]["predicted_mean"] > facts["deciles"][-1]["predicted_mean"]
    assert facts["coverage"][0]["label"] == "All customers"
    assert facts["folds"] == list(plain.verdict and [fold.cutoff_day for fold in plain.board.folds])
