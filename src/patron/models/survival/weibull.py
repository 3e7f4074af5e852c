"""Weibull lifetimes: alone, and accelerated or slowed by covariates (AFT).

S(t) = exp(−(t / λ)^ρ), with log λ a weighted sum of the covariates (Kalbfleisch and Prentice 2002, section 2.3). ρ below 1:
the longer a customer stays, the safer; above 1: the risk grows. Unlike Kaplan–Meier and Cox it answers beyond the time
watched. lifelines finds the coefficients (``pip install 'patron[survival]'``); a fitted model answers in plain arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import brentq

from patron.models.arrays import Floats, dot
from patron.models.survival.durations import Durations, enough
from patron.models.survival.fitted import FittedSurvival, lifelines_missing, weighted_columns


@dataclass(frozen=True)
class FittedWeibullAFT(FittedSurvival):
    """``params``: the change of log λ per unit of each covariate, ``intercept`` log λ where all are 0."""

    NAME: ClassVar[str] = "weibull_aft"
    TITLE: ClassVar[str] = "Weibull model of accelerated lifetimes"

    intercept: float
    rho: float
    standard_errors: Mapping[str, float]

    @property
    def lambda_(self) -> float:
        """The time by which 63 % have left, where all covariates are 0."""
        return float(np.exp(self.intercept))

    def _cumulative_hazard(self, matrix: Floats, times: Floats) -> Floats:
        return (times / np.exp(-self._risk(matrix))[:, None]) ** self.rho

    def _time_of_hazard(self, matrix: Floats, hazard: float) -> Floats:
        return np.exp(-self._risk(matrix)) * hazard ** (1 / self.rho)

    def _risk(self, matrix: Floats) -> Floats:
        return -(self.intercept + weighted_columns(matrix, tuple(self.params[name] for name in self.columns)))


@dataclass(frozen=True)
class WeibullAFT:
    """``penalty``: ridge penalty on the coefficients. Without covariates it is the plain Weibull distribution."""

    penalty: float = 0.0

    def fit(self, durations: Durations) -> FittedWeibullAFT:
        """Raises UsageError without lifelines, DataError where the data cannot tell the coefficients."""
        enough(durations, "The Weibull model")
        try:
            # Here, not above: lifelines is optional and loads pandas.
            from patron.models.survival.with_lifelines import fit_weibull
        except ModuleNotFoundError as error:
            raise lifelines_missing("The Weibull model") from error
        return fit_weibull(durations.above_zero(), self.penalty)


@dataclass(frozen=True)
class WeibullDistribution:
    """S(t) = exp(−(t / scale)^shape), with the log-likelihood of what it was fitted to."""

    scale: float
    shape: float
    log_likelihood: float


def weibull_of(duration: Floats, event: Floats) -> WeibullDistribution:
    """The Weibull distribution of censored durations above 0 by maximum likelihood; ``event`` is 1 for those that ended.

    For a given shape the best scale is known, so that the shape is the root of one rising function.
    """
    unit = float(np.exp(np.log(duration).mean()))
    log_time, left = np.log(duration / unit), float(event.sum())
    ended = dot(event, log_time)

    def slope(shape: float) -> float:
        power = np.exp(shape * log_time - shape * log_time.max())
        return dot(power, log_time) / float(power.sum()) - 1 / shape - ended / left

    shape = float(brentq(slope, 1e-3, 1e3, xtol=1e-14, rtol=1e-13)) if slope(1e3) > 0 > slope(1e-3) else 1.0
    scale = float(np.exp(np.log(np.exp(shape * log_time).sum() / left) / shape)) * unit
    return WeibullDistribution(scale, shape, weibull_log_likelihood(duration, event, np.full(len(event), scale), shape))


def weibull_log_likelihood(duration: Floats, event: Floats, scale: Floats, shape: float) -> float:
    """Σ event·log h(t) − H(t), with each customer's own scale."""
    ratio = np.log(duration / scale)
    return float((event * (np.log(shape / duration) + shape * ratio) - np.exp(shape * ratio)).sum())
