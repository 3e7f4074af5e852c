"""Three regressions on a weighted sum of inputs, each held back by a ridge penalty: Tweedie, logistic, least squares.

All take an offset, which is added to the sum as it is: what is already known, of which the weights learn the
correction only. The penalty spares the intercept and counts against the mean loss, so that it means the same for any
number of rows; the stronger it is, the closer the answer stays to the offset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from patron.models.arrays import Floats
from patron.models.one_thread import on_one_thread

TWEEDIE_POWER: Final = 1.5
_MOST_STEPS: Final = 300
_WIDEST: Final = 30.0
_Loss = Callable[[Floats], tuple[Floats, Floats]]


@dataclass(frozen=True, eq=False)
class WeightedInputs:
    """An intercept and a weight for each input."""

    intercept: float
    weights: Floats

    def sums(self, inputs: Floats) -> Floats:
        """The weighted sum of each row."""
        # Row by row, not by a matrix product, whose order of summing depends on the number of rows.
        return np.asarray(self.intercept + np.einsum("ij,j->i", inputs, self.weights), dtype=np.float64)

    def to_dict(self) -> dict[str, object]:
        return {"intercept": self.intercept, "weights": self.weights.tolist()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> WeightedInputs:  # Any: plain data
        """The weights that ``to_dict`` wrote."""
        return cls(content["intercept"], np.array(content["weights"], dtype=np.float64))


def tweedie_regression(inputs: Floats, outcome: Floats, offset: Floats, penalty: float) -> WeightedInputs:
    """Mean outcome = exp(offset + weighted sum), by the Tweedie deviance of power 1.5: zeros and a long tail alike.

    ``outcome`` must be 0 or more. (Jørgensen 1987, "Exponential dispersion models", JRSS B 49(2).)
    """

    def loss(sums: Floats) -> tuple[Floats, Floats]:
        log_mean = np.clip(sums + offset, -_WIDEST, _WIDEST)
        first, second = outcome * np.exp((1 - TWEEDIE_POWER) * log_mean), np.exp((2 - TWEEDIE_POWER) * log_mean)
        return first / (TWEEDIE_POWER - 1) + second / (2 - TWEEDIE_POWER), second - first

    start = float(np.log(max(outcome.sum(), 1e-12) / np.exp(offset).sum()))
    return _smallest(loss, inputs, penalty, start)


def logistic_regression(inputs: Floats, outcome: Floats, offset: Floats, penalty: float) -> WeightedInputs:
    """Chance of the outcome (0 or 1) = logistic(offset + weighted sum)."""

    def loss(sums: Floats) -> tuple[Floats, Floats]:
        total = sums + offset
        return np.logaddexp(0.0, total) - outcome * total, expit(total) - outcome

    return _smallest(loss, inputs, penalty, 0.0)


def least_squares(inputs: Floats, outcome: Floats, penalty: float) -> WeightedInputs:
    """Mean outcome = weighted sum."""

    def loss(sums: Floats) -> tuple[Floats, Floats]:
        gap = sums - outcome
        return 0.5 * gap * gap, gap

    return _smallest(loss, inputs, penalty, float(outcome.mean()))


def _smallest(loss: _Loss, inputs: Floats, penalty: float, start: float) -> WeightedInputs:
    rows = len(inputs)

    def penalised(at: Floats) -> tuple[float, Floats]:
        losses, slopes = loss(at[0] + inputs @ at[1:])
        slope = np.concatenate([[slopes.sum()], inputs.T @ slopes]) / rows
        slope[1:] += penalty * at[1:]
        return float(losses.sum()) / rows + 0.5 * penalty * float((at[1:] ** 2).sum()), slope

    begin = np.zeros(inputs.shape[1] + 1)
    begin[0] = start
    with on_one_thread():
        found = minimize(penalised, begin, jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS})
    return WeightedInputs(float(found.x[0]), np.asarray(found.x[1:], dtype=np.float64))
