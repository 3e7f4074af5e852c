"""Calibration on days that a model had not seen: how far its answers should stand apart, of chances and of values.

The newest window stands aside; a model taught on those whose outcomes had ended by its cutoff answers for it. If its
answers stood too far apart (a model that learnt noise), those of the model taught on all are drawn together: log-odds
of chances by Platt's logistic, values towards what the process expected. Only the spread is corrected. By how much the
newest window as a whole brought more or less than its past is not carried over: out of time that did not repeat.
Both corrections are held back by a penalty as strong as ``PRIOR_BUYERS`` buyers, and without a window to stand aside
nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from scipy.special import expit, logit

from patron.models.arrays import Floats
from patron.models.valuing.regression import logistic_regression, tweedie_regression
from patron.models.valuing.teaching import FEWEST_BUYERS, Teaching

PRIOR_BUYERS: Final = 200.0


@dataclass(frozen=True)
class Spread:
    """Distances from ``middle`` count 1 + ``bend`` times as much; a bend below 0 draws answers together."""

    middle: float = 0.0
    bend: float = 0.0

    def shift(self, told: Floats) -> Floats:
        """What to add to each answer."""
        return self.bend * (told - self.middle)


@dataclass(frozen=True)
class Calibration:
    """The spread of the log-odds of buying, and of the logarithm of value / expected value."""

    odds: Spread = Spread()
    distance: Spread = Spread()

    def chance(self, told: Floats) -> Floats:
        odds = _log_odds(told)
        return np.asarray(expit(odds + self.odds.shift(odds)), dtype=np.float64)

    def value(self, told: Floats, expected: Floats) -> Floats:
        return told * np.exp(self.distance.shift(_distance(told, expected)))

    def to_dict(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Calibration:  # Any: plain data
        """The calibration that ``to_dict`` wrote."""
        return cls(Spread(**content["odds"]), Spread(**content["distance"]))


def calibrate(taught: Teaching, answer: Callable[[Teaching, Teaching], tuple[Floats, Floats]]) -> Calibration:
    """The calibration of a model; ``answer`` teaches it on the first and gives chances and values for the second."""
    newest = float(taught.as_of_day.max())
    older = taught.rows(taught.as_of_day + taught.reach.taught.days <= newest)
    aside = taught.rows(taught.as_of_day == newest)
    if min(older.buyers, aside.buyers) < FEWEST_BUYERS:
        return Calibration()
    chance, value = answer(older, aside)
    return Calibration(_odds_spread(chance, aside), _distance_spread(value, aside))


def _odds_spread(chance: Floats, aside: Teaching) -> Spread:
    odds = _log_odds(chance)
    middle = float(odds.mean())
    bend = logistic_regression((odds - middle)[:, None], aside.bought.astype(np.float64), odds, _penalty(aside))
    return Spread(middle, _at_most_together(bend.weights))


def _distance_spread(value: Floats, aside: Teaching) -> Spread:
    outcome = np.maximum(aside.value, 0.0)
    usual = max(float(outcome.mean()), 1e-12)
    distance = _distance(value, aside.table.value)
    middle = float(np.median(distance))
    offset = np.log(np.maximum(value, 1e-3 * usual) / usual)
    bend = tweedie_regression((distance - middle)[:, None], outcome / usual, offset, _penalty(aside))
    return Spread(middle, _at_most_together(bend.weights))


def _penalty(aside: Teaching) -> float:
    return PRIOR_BUYERS / len(aside.value)


def _at_most_together(weights: Floats) -> float:
    return float(np.clip(weights[0], -1.0, 0.0))


def _log_odds(chance: Floats) -> Floats:
    return np.asarray(logit(np.clip(chance, 1e-6, 1 - 1e-6)), dtype=np.float64)


def _distance(value: Floats, expected: Floats) -> Floats:
    """Logarithm of value / expected: how far the model moved a customer from the process."""
    return np.log(np.maximum(value, 1e-3 * expected) / expected)
