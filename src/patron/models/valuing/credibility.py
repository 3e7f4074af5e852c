"""How far a group's own average can be believed: factors of groups, each shrunk to 1 as far as chance could explain it.

Bühlmann and Straub 1970, "Glaubwürdigkeit für Schadensätze"; as factors beside a regression: Ohlsson 2008, "Combining
generalized linear models and credibility models in practice", section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patron.models.arrays import Floats, dot, weight_by

Words = NDArray[np.str_]


@dataclass(frozen=True)
class GroupFactors:
    """What each group brings as a multiple of what is expected without knowing the group; unknown groups bring 1."""

    factors: Mapping[str, float]

    def of(self, words: Words) -> Floats:
        """The factor of each row's group."""
        names, place = np.unique(words, return_inverse=True)
        known = np.array([self.factors.get(str(name), 1.0) for name in names], dtype=np.float64)
        return known[place] if len(names) else np.ones(len(words))


def group_factors(words: Words, actual: Floats, expected: Floats) -> GroupFactors:
    """Each group's actual / expected total, drawn towards 1 the more, the less the group's rows weigh.

    A group with expected total w believes its own ratio by w / (w + σ²/τ²): σ² is how rows of one group scatter, τ² how
    groups truly differ, both estimated here without bias. Where groups differ no more than chance makes them, all are 1.
    """
    names, place = np.unique(words, return_inverse=True)
    if len(names) < 2 or not float(expected.sum()) > 0:
        return GroupFactors({})
    # In multiples of the mean, so that nothing depends on a currency.
    weight, ratio = expected / expected.mean(), actual / np.maximum(expected, 1e-300)
    overall = dot(weight, ratio) / float(weight.sum())
    own = weight_by(place, weight)
    mean = weight_by(place, weight * ratio) / np.maximum(own, 1e-300)
    between = _between(own, mean, overall, within := _within(weight, ratio, place, mean))
    belief = own * between / (own * between + within) if between > 0 else np.zeros(len(names))
    factor = 1 + belief * (mean / overall - 1) if overall > 0 else np.ones(len(names))
    return GroupFactors({str(name): float(value) for name, value in zip(names, factor, strict=True)})


def _within(weight: Floats, ratio: Floats, place: NDArray[np.intp], mean: Floats) -> float:
    freedom = len(weight) - len(mean)
    return dot(weight, (ratio - mean[place]) ** 2) / freedom if freedom > 0 else 0.0


def _between(own: Floats, mean: Floats, overall: float, within: float) -> float:
    total = float(own.sum())
    spread = dot(own, (mean - overall) ** 2) - (len(own) - 1) * within
    return max(spread / (total - dot(own, own) / total), 0.0)
