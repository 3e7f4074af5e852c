"""How good a survival model was on customers it never saw: order, error, and whether chances come true.

Censored customers are neither dropped nor taken to have stayed: the Brier score weighs the others up by the chance of
being watched so long (inverse probability of censoring; Graf, Schmoor, Sauerbrei and Schumacher 1999), calibration compares
with Kaplan–Meier, and D-calibration spreads them over the time they may still have (Haider, Hoehn, Davis and Greiner 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import chi2

from patron.errors import DataError
from patron.models.arrays import Floats, floats, same_length
from patron.models.survival.concordance import harrell_c
from patron.models.survival.durations import Durations
from patron.models.survival.fitted import FittedSurvival
from patron.models.survival.kaplan_meier import FittedKaplanMeier, KaplanMeier

BINS: Final = 10


@dataclass(frozen=True)
class CalibrationRow:
    """Customers of like predicted chance to leave within the horizon, and the share that did, by Kaplan–Meier.

    ``low`` and ``high`` bound the observed share with 95 % confidence.
    """

    customers: int
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True)
class DCalibration:
    """Whether customers left evenly over their predicted survival: each tenth of ``shares`` should hold 0.1.

    ``p_value`` is the chance of a spread as uneven as this if the model were right: below 0.05 speaks against it.
    """

    shares: tuple[float, ...]
    p_value: float


@dataclass(frozen=True)
class SurvivalHoldout:
    """What a model scored on unseen customers; ``reference`` is a curve that knows no covariates, drawn at fit.

    ``concordance``: Harrell's c. ``brier``: mean squared error of the survival at ``horizon``; ``integrated_brier``: its mean up to
    there; lower is better.
    """

    customers: int
    events: int
    horizon: float
    concordance: float
    brier: float
    reference_brier: float
    integrated_brier: float
    reference_integrated_brier: float
    calibration: tuple[CalibrationRow, ...]
    d_calibration: DCalibration

    @property
    def worst_gap(self) -> float:
        """The largest difference between predicted and observed in the calibration table."""
        return max(abs(row.predicted - row.observed) for row in self.calibration)


def measure_holdout(
    fitted: FittedSurvival, reference: FittedKaplanMeier, unseen: Durations, horizon: float
) -> SurvivalHoldout:
    """Every measure of a fitted model on customers it did not learn from. Raises DataError with none who left."""
    if not unseen.events:
        raise DataError(
            f"None of the {len(unseen)} unseen customers left.", to_do="Hold out more of them, or for longer."
        )
    _check_horizon(unseen, horizon)
    times = np.unique(unseen.duration[unseen.event & (unseen.duration <= horizon)])
    times = _at_most(np.unique(np.r_[times, horizon]), 100)
    own = fitted.survival(unseen.covariates, times)
    everybody = np.broadcast_to(reference.survival(times), own.shape)
    churn = 1 - own[:, -1]
    return SurvivalHoldout(
        customers=len(unseen),
        events=unseen.events,
        horizon=horizon,
        concordance=harrell_c(unseen, fitted.risk(unseen.covariates)),
        brier=brier(unseen, own[:, -1], horizon),
        reference_brier=brier(unseen, everybody[:, -1], horizon),
        integrated_brier=integrated_brier(unseen, own, times),
        reference_integrated_brier=integrated_brier(unseen, everybody, times),
        calibration=calibration(unseen, churn, horizon),
        d_calibration=d_calibration(unseen, fitted.survival_at(unseen.covariates, unseen.duration)),
    )


def brier(durations: Durations, survival: Floats, time: float) -> float:
    """The mean squared error of each customer's chance to be still there at ``time``, free of censoring (0 is best)."""
    survival = floats("survival", survival)
    same_length(duration=durations.duration, survival=survival)
    watched = _watched(durations)
    gone = durations.event & (durations.duration <= time)
    there = durations.duration > time
    until_gone = np.maximum(watched.survival(durations.duration), 1e-12)
    past_time = max(float(watched.survival(np.nextafter(time, np.inf))[0]), 1e-12)
    error = np.where(gone, survival**2 / until_gone, 0.0) + np.where(there, (1 - survival) ** 2 / past_time, 0.0)
    return float(error.mean())


def integrated_brier(durations: Durations, survival: Floats, times: Floats) -> float:
    """The Brier score's mean over these times (trapezoids); ``survival`` has a column per time."""
    scores = np.array([brier(durations, survival[:, place], float(time)) for place, time in enumerate(times)])
    if len(times) == 1:
        return float(scores[0])
    return float(np.trapezoid(scores, times) / (times[-1] - times[0]))


def calibration(durations: Durations, churn: Floats, horizon: float, groups: int = BINS) -> tuple[CalibrationRow, ...]:
    """Predicted and observed shares that left within the horizon, by tenths of the prediction, lowest first."""
    churn = floats("churn", churn)
    same_length(duration=durations.duration, churn=churn)
    parts = np.array_split(np.argsort(churn, kind="stable"), groups)
    return tuple(_row(durations.rows(rows), churn[rows], horizon) for rows in parts if len(rows))


def _row(durations: Durations, churn: Floats, horizon: float) -> CalibrationRow:
    curve = KaplanMeier().fit(durations)
    low, high = curve.band([horizon])
    observed = 1 - float(curve.survival([horizon])[0])
    return CalibrationRow(len(durations), float(churn.mean()), observed, 1 - float(high[0]), 1 - float(low[0]))


def d_calibration(durations: Durations, survival: Floats) -> DCalibration:
    """How evenly customers left over their own predicted survival; ``survival`` is each one's at its own duration."""
    survival = np.clip(floats("survival", survival), 0.0, 1.0)
    same_length(duration=durations.duration, survival=survival)
    counts = np.zeros(BINS)
    place = np.minimum((survival * BINS).astype(np.int64), BINS - 1)
    np.add.at(counts, place[durations.event], 1.0)
    # Who is still there at survival s will leave somewhere between s and 0, evenly if the model is right.
    open_yet, at = np.maximum(survival[~durations.event], 1e-12), place[~durations.event]
    np.add.at(counts, at, (open_yet - at / BINS) / open_yet)
    share_of_lower = 1 / (BINS * open_yet)
    for lower in range(BINS):
        counts[lower] += float(share_of_lower[at > lower].sum())
    expected = counts.sum() / BINS
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return DCalibration(tuple((counts / counts.sum()).tolist()), float(chi2.sf(statistic, BINS - 1)))


def _watched(durations: Durations) -> FittedKaplanMeier:
    """The chance of being watched for longer than any time: Kaplan–Meier with the end of watching as the event.

    Who left and who was last seen at one time: the first left before the watching ended, which falls just after that time.
    """
    ends = np.where(durations.event, durations.duration, np.nextafter(durations.duration, np.inf))
    return KaplanMeier().fit(Durations(ends, ~durations.event, unit=durations.unit))


def _check_horizon(durations: Durations, horizon: float) -> None:
    longest = float(durations.duration.max())
    if not 0 < horizon <= longest:
        raise DataError(
            f"A horizon of {horizon:g} {durations.unit}s cannot be measured on customers watched for up to {longest:g}.",
            allowed=f"Any up to {longest:g}.",
        )


def _at_most(times: Floats, most: int) -> Floats:
    if len(times) <= most:
        return times
    return times[np.unique(np.linspace(0, len(times) - 1, most).astype(np.int64))]
