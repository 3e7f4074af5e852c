"""The contest: out of time, refusing models that look ahead, and honest about intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest

from models.simulated_customers import shop, window
from patron.features.cutoffs import CutoffPlan, plan_cutoffs
from patron.models.customers import Customers, FittedValueModel, History, ValueModel, Window
from patron.models.valuing.baselines import TrailingValue
from patron.models.valuing.boosting import Boosting
from patron.models.valuing.installed import BASELINES
from patron.models.valuing.process_value import BGNBDValue
from patron.scores.contest import Contest, hold_contest
from patron.scores.findings import told
from patron.scores.intervals import measured_coverage
from patron.scores.views import Past
from patron.segments.tiers import value_tiers
from patron.settings import ModelSettings, SegmentSettings

HORIZON = 90
tier_of = partial(value_tiers, settings=SegmentSettings())
SETTINGS = ModelSettings(folds=2)


@pytest.fixture(scope="module")
def plan() -> CutoffPlan:
    return plan_cutoffs(0, 499, HORIZON, 2)


@pytest.fixture(scope="module")
def past(plan: CutoffPlan) -> Past:
    sales = shop(1200, 500, seed=7)
    return past_with(plan, {day: window(sales, day, HORIZON) for day in plan.all_cutoffs if day != plan.now})


def past_with(plan: CutoffPlan, windows: dict[int, Window]) -> Past:
    """Windows whose outcomes were known as soon as they had ended."""
    outcomes = {
        (day, known): (w.future_value, w.future_orders)
        for day, w in windows.items()
        for known in (plan.now, *plan.tests)
    }
    return Past({day: w.customers for day, w in windows.items()}, outcomes)


def changed(past: Past, plan: CutoffPlan, change: Callable[[Window], Window], but: tuple[int, ...] = ()) -> Past:
    windows = {day: past.window(day, plan.now) for day in past.features}
    return past_with(plan, {day: w if day in but else change(w) for day, w in windows.items()})


def contest(past: Past, plan: CutoffPlan, *candidates: ValueModel) -> Contest:
    return hold_contest(past, plan, SETTINGS, candidates, lambda _: None)


@pytest.fixture(scope="module")
def plain(past: Past, plan: CutoffPlan) -> Contest:
    return contest(past, plan, BGNBDValue())


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


def test_no_model_sees_an_outcome_that_ends_after_the_day_it_stands_on(past: Past, plan: CutoffPlan) -> None:
    spy = Spy([])
    contest(past, plan, spy)
    assert [now for now, _ in spy.seen] == list(plan.tests)
    for now, learnt in spy.seen:
        assert learnt
        assert all(day + HORIZON <= now for day in learnt)


def test_a_fold_learns_outcomes_as_they_were_known_on_its_own_day_and_is_tested_on_todays(
    past: Past, plan: CutoffPlan
) -> None:
    late = {
        (day, known): (value + (1000.0 if known == plan.now else 0.0), orders)
        for (day, known), (value, orders) in past.outcomes.items()
    }
    learnt: list[tuple[int, float]] = []

    class Reader(Spy):
        def fit(self, history: History, seed: int) -> FittedValueModel:
            learnt.extend((history.now.as_of_day, float(w.future_value.mean())) for w in history.windows)
            return super().fit(history, seed)

    found = contest(Past(past.features, late), plan, Reader([]))
    assert {now for now, _ in learnt} == set(plan.tests)
    assert max(mean for _, mean in learnt) < 1000
    assert all(fold.actual.min() >= 900 for fold in found.board.folds)


def test_the_champion_beats_every_baseline_or_is_one(plain: Contest) -> None:
    metric = SETTINGS.metric
    scores = {name: plain.board.score(name, metric) for name in plain.board.models}
    assert set(BASELINES) < set(scores)
    assert plain.verdict.passed
    assert all(scores["bg_nbd"] < scores[name] for name in BASELINES)


def test_a_disguised_look_at_the_future_is_refused_with_the_name_of_the_input(past: Past, plan: CutoffPlan) -> None:
    found = contest(changed(past, plan, with_the_future), plan, Peeking(), BGNBDValue())
    assert [refused.model for refused in found.refused] == ["peeking"]
    assert "loyalty_index" in found.refused[0].reason
    assert "peeking" not in found.board.models
    assert found.verdict.champion == "bg_nbd"
    rows = told(found, {name: name for name in (*BASELINES, "bg_nbd")}, tier_of, seed=1)["leaderboard"]
    assert rows[-1] == {"model": "peeking", "title": "Peeking", "status": "refused"}


def test_a_model_that_cannot_learn_here_is_told_and_left_out(past: Past, plan: CutoffPlan) -> None:
    def nobody_buys(w: Window) -> Window:
        return replace(w, future_orders=w.future_orders * 0, future_value=w.future_value * 0)

    found = contest(changed(past, plan, nobody_buys, but=plan.tests), plan, Boosting(), BGNBDValue())
    assert [refused.model for refused in found.refused] == ["boosting"]
    assert "could not learn" in found.refused[0].reason


def test_findings_are_plain_data_in_the_order_champion_beaten_baseline(plain: Contest) -> None:
    facts = told(plain, {name: name for name in plain.board.models}, tier_of, seed=1)
    assert [row["status"] for row in facts["leaderboard"]] == ["champion", "baseline", "baseline", "baseline"]
    assert [row["decile"] for row in facts["deciles"]] == list(range(1, 11))
    assert facts["deciles"][0]["predicted_mean"] > facts["deciles"][-1]["predicted_mean"]
    assert [row["label"] for row in facts["coverage"]][:5] == [
        "All customers",
        "High tier",
        "Medium tier",
        "Low tier",
        "Top tenth",
    ]
    assert facts["folds"] == list(plain.verdict and [fold.cutoff_day for fold in plain.board.folds])


def test_coverage_of_tiers_and_of_tenths_adds_up_to_that_of_all(plain: Contest) -> None:
    overall, *rows = told(plain, {name: name for name in plain.board.models}, tier_of, seed=1)["coverage"]
    measured = measured_coverage(plain.board.folds, "bg_nbd", HORIZON)
    assert measured is not None
    assert overall["measured"] == pytest.approx(measured.coverage.overall)
    for part in (rows[:3], rows[3:]):
        assert sum(row["customers"] for row in part) == overall["customers"]
        held = sum(row["measured"] * row["customers"] for row in part)
        assert held == pytest.approx(overall["measured"] * overall["customers"])
    for row in (overall, *rows):
        binomial = np.sqrt(row["measured"] * (1 - row["measured"]) / row["customers"])
        assert row["error"] == pytest.approx(binomial, rel=0.4), row["label"]


def test_chances_of_no_purchase_are_kept_beside_the_values(plain: Contest) -> None:
    for fold in plain.board.folds:
        assert set(fold.no_purchase) == set(fold.predictions)
        assert fold.bought is not None
        assert np.array_equal(fold.bought, fold.actual > 0)


def test_the_contest_tells_what_was_searched_and_what_values_depend_on(plain: Contest) -> None:
    assert plain.leak_check.models == ("bg_nbd",)
    assert plain.leak_check.by_content
    assert plain.leak_check.inputs == len(BGNBDValue().inputs)
    assert plain.leak_check.views == sum(len(fold) for fold in plain.board.folds)
    assert plain.drivers[0].feature.startswith("frequency, recency, T")
