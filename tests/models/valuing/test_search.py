from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from models.simulated_customers import history, shop
from patron.errors import UsageError
from patron.models.customers import History
from patron.models.valuing.search import Found, TunedBoosting, search
from patron.models.valuing.teaching import teaching
from patron.models.valuing.trees import Shape

SALES = shop(700)
# Windows a month apart whose outcomes take a month: each stands apart from the next.
HISTORY = history(SALES, 420, 30, windows=4)
TAUGHT = teaching(HISTORY, "A search")


class Clock:
    """A clock that moves by so many seconds each time it is read."""

    def __init__(self, step: float) -> None:
        self.step, self.now = step, 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def found(trials: int, seed: int = 4) -> Found:
    return search(TAUGHT, seed, 1e9, trials)


def test_the_same_number_of_trials_gives_the_same_answer() -> None:
    assert found(3) == found(3)
    assert found(4).trials[:3] == found(3).trials
    assert found(3, seed=5).trials[1:] != found(3).trials[1:]


def test_the_standard_shape_comes_first_and_gives_way_only_to_a_better_one() -> None:
    made = found(4)
    assert made.trials[0].shape == Shape()
    best = min(made.trials, key=lambda trial: trial.deviance)
    assert made.shape in (Shape(), best.shape)
    assert best.deviance <= made.trials[0].deviance


def test_the_budget_stops_the_search_after_the_trial_that_spends_it() -> None:
    assert len(search(TAUGHT, 4, 25.0, 50, clock=Clock(10.0)).trials) == 3
    assert len(search(TAUGHT, 4, 0.001, 50, clock=Clock(10.0)).trials) == 1


def test_a_trial_learns_only_from_outcomes_that_had_ended() -> None:
    days = np.unique(TAUGHT.as_of_day)
    # Of the two newest windows, one day apart from what it was: their outcomes now share a day.
    close = np.where(TAUGHT.as_of_day == days[-2], days[-2] + 1, TAUGHT.as_of_day)
    two = TAUGHT.as_of_day >= days[-2]
    assert len(search(TAUGHT.rows(two), 4, 1e9, 2).trials) == 2
    assert search(replace(TAUGHT, as_of_day=close).rows(two), 4, 1e9, 2).trials == ()


@pytest.mark.parametrize(("seconds", "trials"), [(0.0, 3), (10.0, 0)])
def test_a_search_without_time_or_trials_is_refused(seconds: float, trials: int) -> None:
    with pytest.raises(UsageError, match="trials in"):
        search(TAUGHT, 4, seconds, trials)


def test_tuned_boosting_keeps_the_record_of_its_search() -> None:
    fitted = TunedBoosting(most_trials=2).fit(HISTORY, 4)
    record = json.loads(fitted.artifacts()["search.json"])
    assert len(record["trials"]) == 2
    assert record["shape"]["rounds"] == fitted.found.shape.rounds
    assert (fitted.predict(HISTORY.now).expected_value >= 0).all()


def test_windows_that_all_overlap_leave_the_standard_shape() -> None:
    close = History(HISTORY.now, HISTORY.windows[:1], 30)
    assert TunedBoosting(most_trials=2).fit(close, 4).found == Found(Shape(), ())
