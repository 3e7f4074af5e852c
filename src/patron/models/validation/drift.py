"""How a whole period moves all customers at once: what earlier periods missed, and how far the next may go.

A weak season hits everybody, so the errors of one period are no sample of the errors of the next. Each past period is
therefore brought to its own level first; then the next period's level is drawn from a Student's t around what the past
missed (Gelman et al., Bayesian Data Analysis, 3rd edition, section 3.2: mean and variance of a normal unknown).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import t as students_t

from patron.models.arrays import Floats

USUAL_DRIFT: Final = 0.15
"""What the total of a period is off by before anything was measured; it counts as much as one period."""
PERIODS_IT_COUNTS: Final = 1.0
NO_MISS_COUNTS: Final = 1.0
"""That predictions miss nothing on average counts as much as one period."""
LEVELS: Final = 7
"""Equally likely levels that stand for the whole distribution."""


@dataclass(frozen=True)
class Drift:
    """The next period's log(actual / predicted): Student's t around ``centre``."""

    centre: float
    spread: float
    freedom: float

    def levels(self) -> Floats:
        """Equally likely factors on the prediction, from low to high."""
        chances = (np.arange(LEVELS) + 0.5) / LEVELS
        return np.asarray(np.exp(self.centre + self.spread * students_t.ppf(chances, self.freedom)))


def log_ratios(totals: Sequence[tuple[float, float]]) -> Floats:
    """log(actual / predicted) of (predicted, actual) totals; 0, so no drift, where either is not above zero."""
    return np.array([np.log(actual / predicted) if min(predicted, actual) > 0 else 0.0 for predicted, actual in totals])


def fit_drift(ratios: Floats) -> Drift:
    """The drift of the next period from the ``log_ratios`` of earlier ones."""
    periods = len(ratios)
    centre = float(ratios.sum()) / (periods + NO_MISS_COUNTS)
    freedom = periods + PERIODS_IT_COUNTS
    squares = float(np.sum((ratios - centre) ** 2)) + PERIODS_IT_COUNTS * USUAL_DRIFT**2
    return Drift(centre, float(np.sqrt(squares / freedom * (1 + 1 / (periods + NO_MISS_COUNTS)))), freedom)
