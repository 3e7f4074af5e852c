"""Intervals of totals: of the portfolio, and of any group of customers, from what earlier periods predicted and got."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as students_t

from patron.errors import UsageError
from patron.models.arrays import Floats, same_length
from patron.models.validation.abstain import FEWEST_FOLDS, FEWEST_FOLDS_OF_A_GROUP, why_unknown

Totals = Sequence[tuple[float, float]]
"""(predicted, actual) totals of earlier periods."""
Words = NDArray[Any]  # Any: numpy text of whatever length
Noise = Callable[[Floats], float]
"""Standard deviation of the sum of customers who err independently: ``Intervals.noise``."""
WHOLE = "All customers"


@dataclass(frozen=True)
class TotalInterval:
    """Bounds of a portfolio's total, and how many rolling origins they rest on."""

    low: float
    high: float
    folds: int


@dataclass(frozen=True)
class GroupTotal:
    """What a group of customers is expected to bring together; ``low`` and ``high`` are None where ``unknown`` says why."""

    label: str
    customers: int
    expected: float
    low: float | None
    high: float | None
    folds: int
    unknown: str = ""


def total_interval(predicted_total: float, folds: Totals, noise: float = 0.0, level: float = 0.8) -> TotalInterval:
    """Bounds of a total from what rolling origins predicted and got: ``folds`` of (predicted, actual) totals.

    Customers do not err independently (a weak season hits all), so a total is far less sure than the sum of its
    customers suggests. The relative errors of earlier totals are taken as normal around 0 with their root mean square;
    with K of them Student's t with K degrees of freedom says how far the next one may go. ``noise`` (``Intervals.noise``)
    is what remains even if nothing moves all customers at once: the larger of the two counts. With few folds the
    bounds are wide, and without any they rest on noise alone: ``portfolio_total`` abstains then.
    """
    if not 0 < level < 1:
        raise UsageError(f"An interval level of {level} was asked for.", allowed="It lies between 0 and 1.")
    errors = np.array([actual / predicted - 1 for predicted, actual in folds if predicted > 0])
    reach = abs(predicted_total)
    own = noise * float(norm.ppf((1 + level) / 2))
    shared = 0.0
    if len(errors):
        shared = reach * float(np.sqrt(np.mean(errors**2)) * students_t.ppf((1 + level) / 2, len(errors)))
    half = float(max(own, shared))
    low = max(predicted_total - half, 0.0) if predicted_total >= 0 else predicted_total - half
    return TotalInterval(float(low), float(predicted_total) + half, len(errors))


def portfolio_total(predicted: Floats, folds: Totals, noise: Noise | None = None, level: float = 0.8) -> GroupTotal:
    """The total of all these customers; unknown without an earlier period, or with under 20 customers."""
    return _group(WHOLE, predicted, folds, noise, level, FEWEST_FOLDS)


def group_totals(
    predicted: Floats,
    labels: Words,
    folds: Mapping[str, Totals],
    noise: Noise | None = None,
    level: float = 0.8,
) -> tuple[GroupTotal, ...]:
    """The total of each label's customers, in order of name: tiers, branches, or any other grouping.

    ``folds`` (``totals_by_label``) holds what was predicted of the label and what it brought in earlier periods: each
    group is judged by its own past, since a branch can drift where the portfolio does not. Unknown for a group of under 20
    customers, or with fewer than two earlier periods.
    """
    same_length(predicted=predicted, labels=np.zeros(len(labels)))
    names, group = np.unique(labels, return_inverse=True)
    return totals_of_groups(predicted, group, [str(name) for name in names], folds, noise, level)


def totals_of_groups(
    predicted: Floats,
    group: NDArray[np.integer[Any]],
    names: Sequence[str],
    folds: Mapping[str, Totals],
    noise: Noise | None = None,
    level: float = 0.8,
) -> tuple[GroupTotal, ...]:
    """The same where groups are numbered: ``group`` is each customer's place in ``names``."""
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(len(names)), side="right")
    members = np.split(predicted[order], ends[:-1])
    return tuple(
        _group(name, values, folds.get(name, ()), noise, level, FEWEST_FOLDS_OF_A_GROUP)
        for name, values in zip(names, members, strict=True)
    )


def totals_by_label(
    predicted: Sequence[Floats], actual: Sequence[Floats], labels: Sequence[Words]
) -> dict[str, list[tuple[float, float]]]:
    """(predicted, actual) totals of each label in each period, the periods in the order given."""
    totals: dict[str, list[tuple[float, float]]] = {}
    for expected, came, words in zip(predicted, actual, labels, strict=True):
        for label in np.unique(words):
            rows = words == label
            totals.setdefault(str(label), []).append((float(expected[rows].sum()), float(came[rows].sum())))
    return totals


def _group(
    label: str, predicted: Floats, folds: Totals, noise: Noise | None, level: float, fewest_folds: int
) -> GroupTotal:
    usable = [(expected, came) for expected, came in folds if expected > 0]
    count, expected = len(predicted), float(predicted.sum())
    reason = why_unknown(count, len(usable), fewest_folds)
    if reason:
        return GroupTotal(label, count, expected, None, None, len(usable), reason)
    found = total_interval(expected, usable, noise(predicted) if noise else 0.0, level)
    return GroupTotal(label, count, expected, found.low, found.high, found.folds)
