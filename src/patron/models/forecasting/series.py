"""A monthly series carried on: the top-down view, which knows no customers. statsmodels fits the models.

Which model carries on is chosen by how each did from earlier origins of the same series, the simpler one on a tie.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from statsmodels.tools.sm_exceptions import ConvergenceWarning
from statsmodels.tsa.holtwinters import ExponentialSmoothing, SimpleExpSmoothing

from patron.errors import DataError
from patron.models.arrays import Floats, floats

SEASON: Final = 12
FEWEST_FOR: Final[Mapping[str, int]] = {"mean": 1, "level": 4, "damped_trend": 8, "last_year": 13, "seasonal": 24}
TITLES: Final[Mapping[str, str]] = {
    "mean": "mean of the last months",
    "level": "exponential smoothing",
    "damped_trend": "exponential smoothing with a damped trend",
    "last_year": "the same month of last year, by this year's level",
    "seasonal": "exponential smoothing with trend and seasons",
}
_ORIGINS: Final = 6
_LEADS: Final = 3
_GAIN: Final = 0.95
"""A richer model must be five per cent better: with few origins less than that is luck."""


@dataclass(frozen=True, eq=False)
class SeriesForecast:
    """The next months of a series, the model that carried it on, and its mean absolute error from earlier origins."""

    model: str
    expected: Floats
    past_error: float


def forecast_series(monthly: Floats, leads: int) -> SeriesForecast:
    """The next ``leads`` months of a complete monthly series. Raises DataError for an empty series."""
    monthly = floats("monthly", monthly)
    if not len(monthly):
        raise DataError("There is no complete month to carry on.", allowed="At least one month must be over.")
    # The searches stop at absolute tolerances: in units of a usual month they give the same answer in any currency.
    usual = float(np.abs(monthly).mean()) or 1.0
    monthly = np.round(monthly / usual, 10)
    names = [name for name, fewest in FEWEST_FOR.items() if len(monthly) >= fewest]
    errors = {name: _past_error(monthly, name) for name in names}
    best = names[0]
    for name in names[1:]:
        if errors[name] < _GAIN * errors[best]:
            best = name
    return SeriesForecast(best, _MODELS[best](monthly, leads) * usual, errors[best] * usual)


def _past_error(monthly: Floats, name: str) -> float:
    """Mean absolute error over up to six origins and three months after each; infinite with no origin to try."""
    misses: list[float] = []
    for back in range(1, min(_ORIGINS, len(monthly) - 1) + 1):
        known = monthly[: len(monthly) - back]
        if len(known) >= FEWEST_FOR[name]:
            ahead = min(_LEADS, back)
            actual = monthly[len(known) : len(known) + ahead]
            misses.extend(np.abs(_MODELS[name](known, ahead) - actual))
    return float(np.mean(misses)) if misses else float("inf")


def _mean(monthly: Floats, leads: int) -> Floats:
    return np.full(leads, monthly[-6:].mean())


def _level(monthly: Floats, leads: int) -> Floats:
    return _smoothed(lambda: SimpleExpSmoothing(monthly, initialization_method="estimated"), leads)


def _damped_trend(monthly: Floats, leads: int) -> Floats:
    return _smoothed(
        lambda: ExponentialSmoothing(monthly, trend="add", damped_trend=True, initialization_method="estimated"), leads
    )


def _last_year(monthly: Floats, leads: int) -> Floats:
    span = min(3, len(monthly) - SEASON)
    before = monthly[-SEASON - span : len(monthly) - SEASON].sum()
    growth = monthly[-span:].sum() / before if before > 0 else 1.0
    return np.array([monthly[len(monthly) - SEASON + lead % SEASON] * growth for lead in range(leads)])


def _seasonal(monthly: Floats, leads: int) -> Floats:
    return _smoothed(
        lambda: ExponentialSmoothing(
            monthly,
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=SEASON,
            initialization_method="estimated",
        ),
        leads,
    )


# Any: statsmodels carries no types.
def _smoothed(model: Callable[[], object], leads: int) -> Floats:
    with warnings.catch_warnings():
        # A search that stops early is judged by its forecasts from earlier origins like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        ahead = model().fit().forecast(leads)  # type: ignore[attr-defined]  # statsmodels carries no types
    return np.asarray(ahead, dtype=np.float64)


_MODELS: Final[Mapping[str, Callable[[Floats, int], Floats]]] = {
    "mean": _mean,
    "level": _level,
    "damped_trend": _damped_trend,
    "last_year": _last_year,
    "seasonal": _seasonal,
}
