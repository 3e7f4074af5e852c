"""Cox's proportional hazards: covariates multiply a risk of leaving whose course over time is left free.

Cox 1972, "Regression models and life-tables"; ties as in Efron 1977; Breslow's baseline. lifelines finds the coefficients
(``pip install 'patron[survival]'``); a fitted model answers in plain arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from patron.errors import UsageError
from patron.models.arrays import Floats
from patron.models.survival.durations import Durations, enough
from patron.models.survival.fitted import FittedSurvival, lifelines_missing, weighted_columns


@dataclass(frozen=True)
class FittedCox(FittedSurvival):
    """``params``: log hazard ratio per unit of each covariate; ``log_likelihood`` is the partial one.

    The baseline (of a customer with mean covariates) is a staircase that ends with the last event: beyond it the
    model says nothing, survival stays level and late quantiles are infinite.
    """

    NAME: ClassVar[str] = "cox"
    TITLE: ClassVar[str] = "Cox proportional hazards model"

    standard_errors: Mapping[str, float]
    means: tuple[float, ...]
    times: tuple[float, ...]
    hazard: tuple[float, ...]

    def _cumulative_hazard(self, matrix: Floats, times: Floats) -> Floats:
        step = np.searchsorted(np.array(self.times), times, side="right")
        return np.r_[0.0, self.hazard][step] * np.exp(self._risk(matrix))[:, None]

    def _time_of_hazard(self, matrix: Floats, hazard: float) -> Floats:
        step = np.searchsorted(np.array(self.hazard), hazard * np.exp(-self._risk(matrix)), side="left")
        return np.r_[self.times, np.inf][step]

    def _risk(self, matrix: Floats) -> Floats:
        weights = tuple(self.params[name] for name in self.columns)
        return weighted_columns(matrix - np.array(self.means), weights)


@dataclass(frozen=True)
class Cox:
    """``penalty``: ridge penalty on the coefficients, for many or nearly collinear covariates."""

    penalty: float = 0.0

    def fit(self, durations: Durations) -> FittedCox:
        """Raises UsageError without lifelines, DataError where the data cannot tell the coefficients."""
        enough(durations, "Cox's model")
        if self.penalty < 0:
            raise UsageError(f"A penalty of {self.penalty:g} was given.", allowed="It must be 0 or more.")
        if not durations.names:
            raise UsageError("Cox's model has no covariates.", to_do="Give some, or use KaplanMeier.")
        try:
            # Here, not above: lifelines is optional and loads pandas.
            from patron.models.survival.with_lifelines import fit_cox
        except ModuleNotFoundError as error:
            raise lifelines_missing("Cox's model") from error
        return fit_cox(durations, self.penalty)
