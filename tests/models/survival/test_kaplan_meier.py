from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.survival.rossi import rossi
from patron.errors import DataError, UsageError
from patron.models.survival.durations import Durations
from patron.models.survival.kaplan_meier import FittedKaplanMeier, KaplanMeier

PEOPLE = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=40)


def test_rossi_survival_is_as_published() -> None:
    curve = KaplanMeier().fit(rossi())
    np.testing.assert_allclose(curve.survival([26, 52]), [0.875, 0.736111], atol=1e-6)
    assert curve.median == np.inf


def test_curve_band_and_quantiles_equal_those_of_lifelines() -> None:
    lifelines = pytest.importorskip("lifelines")
    rng = np.random.default_rng(4)
    duration, event = np.ceil(rng.exponential(20, 300)), rng.random(300) < 0.7
    ours, theirs = KaplanMeier().fit(Durations(duration, event)), lifelines.KaplanMeierFitter().fit(duration, event)
    times = np.arange(1.0, float(ours.times[-2]))
    np.testing.assert_allclose(ours.survival(times), theirs.survival_function_at_times(times), rtol=1e-10)
    low, high = ours.band(times)
    band = theirs.confidence_interval_.reindex(times, method="ffill").to_numpy()
    np.testing.assert_allclose(np.column_stack([low, high]), band, rtol=1e-8)
    assert ours.median == theirs.median_survival_time_
    assert ours.quantile(0.9) == lifelines.utils.qth_survival_time(0.1, theirs.survival_function_)


def test_it_works_without_lifelines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lifelines", None)
    np.testing.assert_allclose(KaplanMeier().fit(Durations([1, 2, 3], [1, 0, 1])).survival([1, 3]), [2 / 3, 0])


@given(PEOPLE)
def test_survival_never_rises_and_stays_within_its_band(people: list[tuple[int, bool]]) -> None:
    curve = KaplanMeier().fit(Durations([time for time, _ in people], [left for _, left in people]))
    times = np.arange(25.0)
    share, (low, high) = curve.survival(times), curve.band(times)
    assert (np.diff(share) <= 0).all()
    assert ((low <= share) & (share <= high) & (low >= 0) & (high <= 1)).all()


@given(PEOPLE)
def test_without_censoring_survival_is_the_share_still_there(people: list[tuple[int, bool]]) -> None:
    duration = np.array([time for time, _ in people], dtype=float)
    curve = KaplanMeier().fit(Durations(duration, np.ones(len(duration))))
    for time in (0, 5, 20):
        assert curve.survival([time])[0] == pytest.approx((duration > time).mean(), abs=1e-12)


def test_churn_within_a_horizon_is_conditional_on_having_stayed() -> None:
    curve = KaplanMeier().fit(Durations([1, 2, 3, 4], [1, 1, 1, 1]))
    np.testing.assert_allclose(curve.churn_probability(1, [0, 1, 2, 3, 9]), [1 / 4, 1 / 3, 1 / 2, 1, 1])


def test_a_curve_comes_back_whole_from_json() -> None:
    curve = KaplanMeier().fit(rossi())
    again = FittedKaplanMeier.from_dict(json.loads(json.dumps(curve.to_dict())))
    np.testing.assert_array_equal(again.survival(np.arange(60.0)), curve.survival(np.arange(60.0)))
    np.testing.assert_array_equal(again.band([20.0]), curve.band([20.0]))
    with pytest.raises(DataError, match="no Kaplan–Meier curve: model is 'cox'"):
        FittedKaplanMeier.from_dict({"model": "cox"})


def test_nobody_and_impossible_questions_are_refused() -> None:
    with pytest.raises(DataError, match="no customers"):
        KaplanMeier().fit(Durations([], []))
    curve = KaplanMeier().fit(Durations([1, 2], [1, 0]))
    with pytest.raises(UsageError, match="quantile of 1"):
        curve.quantile(1)
    with pytest.raises(UsageError, match="level of 2"):
        curve.band([1.0], 2)
