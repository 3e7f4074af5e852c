"""Kaplan–Meier: the share of customers still there after any time, without a formula for how they leave.

Kaplan and Meier 1958, "Nonparametric estimation from incomplete observations"; Greenwood's variance; bands on the scale of
log(−log S), which keep within 0 and 1 (Kalbfleisch and Prentice 2002, section 1.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats, floats
from patron.models.survival.durations import Durations


@dataclass(frozen=True, eq=False)
class FittedKaplanMeier:
    """A falling staircase: from ``times[i]`` on, ``share[i]`` are still there; before the first step everybody is.

    ``greenwood`` is the variance of log S at each step; ``last_seen`` the longest time anybody was watched, beyond which
    the curve says nothing and stays where it is.
    """

    times: Floats
    share: Floats
    greenwood: Floats
    last_seen: float
    customers: int
    events: int
    unit: str

    def survival(self, times: ArrayLike) -> Floats:
        """The share still there after each of these times."""
        return np.r_[1.0, self.share][self._step(times)]

    def band(self, times: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper bound of the survival at each time, pointwise."""
        if not 0 < level < 1:
            raise UsageError(f"A confidence level of {level} was asked for.", allowed="It lies between 0 and 1.")
        step = self._step(times)
        share, variance = np.r_[1.0, self.share][step], np.r_[0.0, self.greenwood][step]
        inside = (share > 0) & (share < 1)
        log_share = np.log(np.where(inside, share, 0.5))
        reach = norm.ppf((1 + level) / 2) * np.sqrt(np.where(inside, variance, 0.0)) / -log_share
        low, high = np.exp(log_share * np.exp(reach)), np.exp(log_share * np.exp(-reach))
        return np.where(inside, low, share), np.where(inside, high, share)

    def quantile(self, share_gone: float) -> float:
        """The time by which this share has left; infinite when the curve does not fall so far."""
        if not 0 < share_gone < 1:
            raise UsageError(f"A quantile of {share_gone} was asked for.", allowed="It lies between 0 and 1.")
        # A share such as 1 − 0.9 is not exact: a step that reaches the quantile but for the last bit does reach it.
        reached = np.flatnonzero(self.share <= 1 - share_gone + 1e-12)
        return float(self.times[reached[0]]) if reached.size else float("inf")

    @property
    def median(self) -> float:
        """The time by which half have left."""
        return self.quantile(0.5)

    def churn_probability(self, horizon: float, survived: ArrayLike = 0.0) -> Floats:
        """The chance to leave within the horizon, for customers still there after ``survived``."""
        survived = floats("survived", np.atleast_1d(survived))
        now = self.survival(survived)
        return np.where(now > 0, 1 - self.survival(survived + horizon) / np.maximum(now, 1e-300), 1.0)

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        arrays = {name: getattr(self, name).tolist() for name in _ARRAYS}
        facts = {name: getattr(self, name) for name in ("last_seen", "customers", "events", "unit")}
        return {"model": "kaplan_meier", **arrays, **facts}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> FittedKaplanMeier:  # Any: plain data, checked here
        """The curve that ``to_dict`` wrote; DataError when it is not one."""
        if content.get("model") != "kaplan_meier":
            raise DataError(
                f"This is no Kaplan–Meier curve: model is {content.get('model')!r}.", allowed="Expected 'kaplan_meier'."
            )
        arrays = {name: np.array(content[name], dtype=np.float64) for name in _ARRAYS}
        last, unit = float(content["last_seen"]), str(content["unit"])
        return cls(
            **arrays, last_seen=last, customers=int(content["customers"]), events=int(content["events"]), unit=unit
        )

    def _step(self, times: ArrayLike) -> np.ndarray[Any, np.dtype[np.intp]]:
        return np.searchsorted(self.times, floats("times", np.atleast_1d(times)), side="right")


_ARRAYS = ("times", "share", "greenwood")


@dataclass(frozen=True)
class KaplanMeier:
    """Learns from durations alone; covariates are not looked at."""

    def fit(self, durations: Durations) -> FittedKaplanMeier:
        """Raises DataError without a customer."""
        if not len(durations):
            raise DataError("There are no customers to draw a survival curve of.", allowed="At least one is needed.")
        times = np.unique(durations.duration[durations.event])
        left = _counted(times, durations.duration[durations.event])
        ordered = np.sort(durations.duration)
        # Who is censored at a step was still there just before it, and counts.
        at_risk = (len(ordered) - np.searchsorted(ordered, times, side="left")).astype(np.float64)
        with np.errstate(divide="ignore"):
            greenwood = np.cumsum(left / (at_risk * (at_risk - left)))
        share = np.cumprod(1 - left / at_risk).astype(np.float64)
        return FittedKaplanMeier(
            times=times,
            share=share,
            # Once nobody is left the variance has no meaning, and the band is the curve.
            greenwood=np.where(np.isfinite(greenwood), greenwood, 0.0),
            last_seen=float(ordered[-1]),
            customers=len(durations),
            events=durations.events,
            unit=durations.unit,
        )


def _counted(times: Floats, values: Floats) -> Floats:
    return np.bincount(np.searchsorted(times, values), minlength=len(times)).astype(np.float64)
