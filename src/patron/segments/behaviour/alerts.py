"""Alerts: who is about to bring less than half of what they brought, told early enough to act.

A logistic regression combines the chance of no purchase, how overdue the next one is in the customer's own rhythm, and
engagement. It learns on past days and is measured on a later one. A level holds a fixed share of those who have something to
lose, those in the greatest danger first, so that people can plan for it, and whoever is nearly sure to be lost beyond that;
its precision is measured, never assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from patron.models.one_thread import on_one_thread
from patron.segments.behaviour.rising import above_share

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Words = NDArray[np.str_]

LEVELS: Final = (("act now", 0.05), ("watch", 0.2))
"""The levels, the most urgent first, and the share of those with something to lose that it and those above it hold."""
SURELY: Final = (0.9, 0.7)
"""Chances from which a level holds everybody, however many they are."""
CALM: Final = "calm"
LOST_SHARE: Final = 0.5
FEWEST_TAUGHT: Final = 50
_RIDGE: Final = 1e-3


@dataclass(frozen=True, eq=False)
class Signs:
    """What alerts are told from: chance of no purchase, today's pause in usual ones, and engagement from 0 to 100."""

    no_purchase: Floats
    pauses: Floats
    engagement: Floats

    def matrix(self) -> Floats:
        chance = logit(np.clip(self.no_purchase, 0.001, 0.999))
        return np.column_stack([np.ones(len(chance)), chance, np.log1p(self.pauses), self.engagement / 100])


@dataclass(frozen=True)
class Alerts:
    """The weights of the signs; it can be pickled."""

    weights: tuple[float, ...]

    def chances(self, signs: Signs) -> Floats:
        """The chance that each customer brings less than half of what they brought."""
        return np.asarray(expit(signs.matrix() @ np.array(self.weights)), dtype=np.float64)


def levels_begin(chances: Floats) -> tuple[float, ...]:
    """The chance from which each level begins, given the chances of all who have something to lose; infinity for nobody."""
    if not len(chances):
        return (float("inf"),) * len(LEVELS)
    return tuple(min(above_share(chances, share), surely) for (_, share), surely in zip(LEVELS, SURELY, strict=True))


def alert_levels(chances: Floats, brought: Flags, begins: Sequence[float]) -> Words:
    """The level of each customer; who brought nothing lately has nothing to lose and is calm."""
    words = np.full(len(chances), CALM, dtype="<U7")
    for (name, _), begin in zip(reversed(LEVELS), reversed(begins), strict=True):
        words[brought & (chances >= begin)] = name
    return words


@dataclass(frozen=True)
class AlertPrecision:
    """How many customers carried a level on a day not learnt from, and which share of them did fall off."""

    level: str
    customers: int
    precision: float
    base_rate: float
    value: float


def fell_off(trailing_value: Floats, future_value: Floats) -> Flags:
    """Who brought less than half of what they brought over the horizon before."""
    return np.asarray(future_value < LOST_SHARE * trailing_value, dtype=np.bool_)


def learn_alerts(taught: Sequence[tuple[Signs, Floats, Floats]]) -> Alerts | None:
    """Alerts from past days, each with the signs, the value of the horizon before and of the horizon after.

    None with fewer than 50 customers who had something to lose, or where all or none of them fell off.
    """
    rows = [(signs.matrix()[before > 0], fell_off(before, after)[before > 0]) for signs, before, after in taught]
    if sum(len(fell) for _, fell in rows) < FEWEST_TAUGHT:
        return None
    matrix, fell = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    if fell.all() or not fell.any():
        return None
    weights = _logistic(matrix, fell)
    return Alerts(tuple(float(w) for w in weights))


def measure_alerts(alerts: Alerts, signs: Signs, before: Floats, after: Floats) -> tuple[AlertPrecision, ...]:
    """The precision of each level on a day that was not learnt from; the base rate is that of all who had something to lose."""
    chances, fell, brought = alerts.chances(signs), fell_off(before, after), before > 0
    levels = alert_levels(chances, brought, levels_begin(chances[brought]))
    base = float(fell[brought].mean()) if brought.any() else 0.0
    told = []
    for level in (*(name for name, _ in LEVELS), CALM):
        held = brought & (levels == level)
        if held.any():
            told.append(
                AlertPrecision(level, int(held.sum()), float(fell[held].mean()), base, float(before[held].sum()))
            )
    return tuple(told)


def _logistic(matrix: Floats, fell: Flags) -> Floats:
    """Weights of greatest likelihood, with a small ridge so that signs that part everybody do not run away."""
    target = fell.astype(np.float64)

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = matrix @ weights
        gradient = matrix.T @ (expit(score) - target) / len(target) + _RIDGE * weights
        return float(np.mean(np.logaddexp(0, score) - target * score) + _RIDGE / 2 * weights @ weights), gradient

    with on_one_thread():
        found = minimize(loss, np.zeros(matrix.shape[1]), jac=True, method="L-BFGS-B")
    return np.asarray(found.x, dtype=np.float64)
