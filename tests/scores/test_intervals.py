"""The champion's intervals: learnt from folds, measured on folds they had not seen."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from patron.models.validation.fold import Fold
from patron.scores.intervals import (
    ended_by,
    learnt_group_totals,
    learnt_intervals,
    measured_coverage,
    rolling_totals,
)

HORIZON = 90
WORLD = "bg_nbd"


def shop(days: list[int], seed: int = 0, customers: int = 400, drift: float = 0.1) -> list[Fold]:
    """Folds, newest first, of a shop whose periods are better or worse for everybody; half of it brings nothing."""
    rng = np.random.default_rng(seed)
    folds = []
    for day in days:
        predicted = rng.lognormal(2, 1, customers)
        actual = 2 * predicted * rng.lognormal(-0.18, 0.6, customers) * np.exp(rng.normal(0, drift))
        actual[rng.random(customers) < 0.5] = 0.0
        folds.append(Fold(day, np.arange(customers), actual, {WORLD: predicted}))
    return folds


def test_only_folds_whose_outcome_was_known_by_then_have_ended() -> None:
    folds = shop([400, 370, 340, 310, 280])
    assert [fold.cutoff_day for fold in ended_by(folds, 400, HORIZON)] == [310, 280]


def test_coverage_is_measured_by_folds_that_had_ended_where_there_are_any() -> None:
    measured = measured_coverage(shop([400, 370, 340, 310, 280]), WORLD, HORIZON)
    assert measured is not None
    assert measured.how.startswith("made from folds that had ended")
    assert measured.fold.cutoff_day == 400
    assert measured.inside.mean() == measured.coverage.overall


def test_overlapping_folds_are_told_as_such() -> None:
    measured = measured_coverage(shop([400, 370]), WORLD, HORIZON)
    assert measured is not None
    assert "which overlap the newest in time" in measured.how


def test_a_single_fold_is_measured_on_the_half_that_was_not_learnt_from() -> None:
    measured = measured_coverage(shop([400]), WORLD, HORIZON)
    assert measured is not None
    assert "one half of the customers" in measured.how
    assert measured.fold.customer_id.tolist() == list(range(1, 400, 2))


def test_the_future_of_the_measured_fold_is_never_learnt() -> None:
    folds = shop([400, 370, 340, 310, 280])
    overlapping = [Fold(one.cutoff_day, one.customer_id, one.actual * 1e6, one.predictions) for one in folds[1:3]]
    plain, spoilt = (measured_coverage(some, WORLD, HORIZON) for some in (folds, [folds[0], *overlapping, *folds[3:]]))
    assert plain is not None
    assert spoilt is not None
    assert spoilt.coverage == plain.coverage


def test_customers_fall_inside_as_often_as_claimed_over_many_shops() -> None:
    shares = []
    for seed in range(40):
        measured = measured_coverage(shop([400, 310, 280, 250], seed), WORLD, HORIZON)
        assert measured is not None
        shares.append(measured.coverage.overall)
    assert np.mean(shares) == pytest.approx(0.8, abs=0.03)


def test_totals_fall_inside_as_often_as_claimed_over_rolling_origins() -> None:
    rows = [row for seed in range(25) for row in rolling_totals(shop(list(range(900, 0, -90)), seed), WORLD, HORIZON)]
    assert len(rows) == 25 * 9
    assert all(row.folds <= 3 for row in rows)
    assert 0.77 <= np.mean([row.inside for row in rows]) <= 0.87


def test_rolling_totals_learn_nothing_from_later_folds() -> None:
    folds = shop(list(range(900, 0, -90)))
    later = [Fold(one.cutoff_day, one.customer_id, one.actual * 9, one.predictions) for one in folds[:4]]
    plain, spoilt = (rolling_totals(some, WORLD, HORIZON) for some in (folds, [*later, *folds[4:]]))
    assert plain[4:] == spoilt[4:]
    assert plain[:4] != spoilt[:4]


def test_labels_of_the_measured_fold_are_counted_apart() -> None:
    measured = measured_coverage(shop([400, 310]), WORLD, HORIZON)
    assert measured is not None
    rows = measured.by(np.repeat(["high", "low"], 200))
    assert [(row.label, row.customers) for row in rows] == [("high", 200), ("low", 200)]
    assert np.mean([row.share for row in rows]) == pytest.approx(measured.coverage.overall)


def test_groups_keep_the_totals_of_each_fold_newest_first() -> None:
    folds = shop([400, 310], customers=40)
    words = np.repeat(["Basel", "Zug"], 20)
    learnt = learnt_group_totals(folds, WORLD, {"branch": [words, words]})
    assert list(learnt["branch"]) == ["Basel", "Zug"]
    for fold, (predicted, actual) in zip(folds, learnt["branch"]["Zug"], strict=True):
        assert predicted == pytest.approx(fold.predictions[WORLD][20:].sum())
        assert actual == pytest.approx(fold.actual[20:].sum())


def test_too_few_customers_are_not_learnt_from() -> None:
    assert learnt_intervals(shop([400], customers=19), WORLD) is None
    assert measured_coverage(shop([400], customers=19), WORLD, HORIZON) is None
    assert rolling_totals(shop([400, 310], customers=10), WORLD, HORIZON) == ()


def test_more_drift_between_folds_makes_wider_intervals() -> None:
    widths = []
    for drift in (0.0, 0.3, 0.9):
        intervals = learnt_intervals(shop([400, 310, 220, 130], 3, 2000, drift), WORLD)
        assert intervals is not None
        widths.append(float((intervals.high - intervals.low).mean()))
    assert all(narrow < wide for narrow, wide in pairwise(widths))
