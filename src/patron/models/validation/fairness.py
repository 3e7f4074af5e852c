"""Whether a model serves declared groups alike: its level and its buyers in each group, against all other customers.

Groups may differ in what they bring; a model may not be further off for one than for the rest. So each measure is a ratio
of what was predicted to what came, divided by the same ratio of all other customers, minus 1: 0 means alike.

Error and places in the high tier are told, not judged. Small spenders are harder to predict for any model; and values that
are expected scatter less than those that come, so that even a perfect model puts more of the group with the higher mean
into the high tier than luck later does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.stats import norm

from patron.models.arrays import Flags, Floats
from patron.models.validation.pooled import SMALLEST_GROUP, Labels, Pooled, readable
from patron.models.validation.resampling import Estimate

CERTAINTY: Final = 0.95
Standing = Literal["within", "beyond", "unsure"]


@dataclass(frozen=True)
class Gap:
    """How much higher a group is placed than the rest, for what it turned out to be; with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class GroupFairness:
    """One group. ``value`` and ``buyers`` are gaps to the rest, the tier rates shares of the group."""

    by: str
    name: str
    customers: int
    wape: Estimate
    value: Gap
    buyers: Gap | None
    high_tier_predicted: Estimate
    high_tier_actual: Estimate
    standing: Standing


@dataclass(frozen=True)
class Fairness:
    """Every declared group, the limit they were held to, and the verdict on all of them."""

    limit: float
    groups: tuple[GroupFairness, ...]
    standing: Standing


def measure_fairness(
    pooled: Pooled, groupings: Mapping[str, Labels], high_tier: tuple[Flags, Flags], limit: float
) -> Fairness:
    """The gaps of every group of every grouping; ``high_tier`` says who was predicted to be, and who was, of high value.

    A group is beyond the limit when a gap exceeds it and noise cannot explain the gap; within it when the whole interval
    of every gap is; else nobody can tell. Groups of under 50 customers do not decide the verdict on all. Intervals hold for
    all groups of all groupings, and for both measures, at once (Bonferroni).
    """
    read = {by: readable(pooled, labels) for by, labels in groupings.items()}
    parting = {by: labels for by, labels in read.items() if len(labels.names) > 1}
    measures = 1 if pooled.no_purchase is None else 2
    looks = max(1, measures * sum(len(labels.names) for labels in parting.values()))
    reach = float(norm.ppf(1 - (1 - CERTAINTY) / (2 * looks)))
    groups = [row for by, labels in parting.items() for row in _grouping(pooled, by, labels, high_tier, limit, reach)]
    standings = {row.standing for row in groups if row.customers >= SMALLEST_GROUP}
    overall: Standing = "beyond" if "beyond" in standings else "unsure" if "unsure" in standings else "within"
    return Fairness(limit, tuple(groups), overall)


def _grouping(
    pooled: Pooled, by: str, labels: Labels, high_tier: tuple[Flags, Flags], limit: float, reach: float
) -> list[GroupFairness]:
    sums = pooled.sums(labels, _columns(pooled, high_tier))
    gaps = {"value": _gaps(pooled, sums["predicted"], sums["actual"], reach)}
    if "chance" in sums:
        gaps["buyers"] = _gaps(pooled, sums["chance"], sums["bought"], reach)
    shares = {
        name: _estimates(pooled, _ratio(sums[above], sums[below]))
        for name, above, below in (
            ("wape", "absolute", "size"),
            ("high_tier_predicted", "placed", "rows"),
            ("high_tier_actual", "belongs", "rows"),
        )
    }
    customers = pooled.customers(labels)
    return [
        GroupFairness(
            by=by,
            name=name,
            customers=int(customers[k]),
            value=gaps["value"][k],
            buyers=gaps["buyers"][k] if "buyers" in gaps else None,
            standing=_standing([rows[k] for rows in gaps.values()], limit),
            **{share: found[k] for share, found in shares.items()},
        )
        for k, name in enumerate(labels.names)
    ]


def _columns(pooled: Pooled, high_tier: tuple[Flags, Flags]) -> dict[str, Floats]:
    columns = {
        "predicted": pooled.predicted,
        "actual": pooled.actual,
        "absolute": np.abs(pooled.predicted - pooled.actual),
        "size": np.abs(pooled.actual),
        "placed": high_tier[0].astype(np.float64),
        "belongs": high_tier[1].astype(np.float64),
    }
    if pooled.no_purchase is not None and pooled.bought is not None:
        columns |= {"chance": 1 - pooled.no_purchase, "bought": pooled.bought.astype(np.float64)}
    return columns


def _gaps(pooled: Pooled, predicted: Floats, came: Floats, reach: float) -> list[Gap]:
    own = _ratio(predicted, came)
    rest = _ratio(predicted.sum(axis=1, keepdims=True) - predicted, came.sum(axis=1, keepdims=True) - came)
    value, error = pooled.resamples.estimates(_ratio(own, rest) - 1)
    return [Gap(float(v), float(v - reach * e), float(v + reach * e)) for v, e in zip(value, error, strict=True)]


def _estimates(pooled: Pooled, values: Floats) -> list[Estimate]:
    return [Estimate(float(v), float(e)) for v, e in zip(*pooled.resamples.estimates(values), strict=True)]


def _standing(gaps: list[Gap], limit: float) -> Standing:
    if any(abs(gap.value) > limit and (gap.low > 0 or gap.high < 0) for gap in gaps):
        return "beyond"
    return "within" if all(-limit <= gap.low and gap.high <= limit for gap in gaps) else "unsure"


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
