"""How busy each period was, once the customers' own coming and ageing is taken out of it.

Purchases rise and fall because customers join, age and leave, and because of what the calendar brings. The repeat
purchases of cohort c in period p are fitted as (customers of c) × (eagerness of c) × (rate at age p − c) × (busyness
of p), by iterative proportional fitting (Deming and Stephan 1940), so that the calendar can be read by itself. A
straight trend can be told as any of the three (the age-period-cohort problem); what rises and falls cannot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patron.quality.doctor.portrait import Floats, Integers, Purchases

ROUNDS = 60


@dataclass(frozen=True, eq=False)
class Busyness:
    """Repeat purchases of each period, and how many its customers' cohorts and ages let expect."""

    observed: Floats
    expected: Floats

    @property
    def ratio(self) -> Floats:
        """1 where a period was as busy as its customers let expect; half a purchase steadies empty ones."""
        return (self.observed + 0.5) / (self.expected + 0.5)


def busyness(days: Purchases, edges: Integers) -> Busyness:
    """The busyness of the periods between these edges; each period holds its first day and not the next one's."""
    periods = len(edges) - 1
    lengths = np.diff(edges).astype(np.float64)
    cohort = np.clip(np.searchsorted(edges, days.first, side="right") - 1, 0, periods - 1)
    repeat = days.place > 0
    period = np.clip(np.searchsorted(edges, days.day[repeat], side="right") - 1, 0, periods - 1)
    bought = np.zeros((periods, periods))
    np.add.at(bought, (cohort[days.customer[repeat]], period), 1.0)
    exposure = np.bincount(cohort, minlength=periods)[:, None] * lengths
    age = np.arange(periods) - np.arange(periods)[:, None]
    exposure = np.where(age >= 0, exposure, 0.0)
    return Busyness(bought.sum(axis=0), _expected(bought, exposure, np.maximum(age, 0)))


def _expected(bought: Floats, exposure: Floats, age: Integers) -> Floats:
    """What cohorts and ages alone let expect of each period, with busyness held apart from them."""
    busy, eager = np.ones(bought.shape[1]), np.ones(bought.shape[0])
    by_age = np.bincount(age.ravel(), bought.ravel()).astype(np.float64)
    expected = exposure
    for _ in range(ROUNDS):
        rate = _over(by_age, np.bincount(age.ravel(), (exposure * eager[:, None] * busy).ravel()).astype(np.float64))
        eager = _over(bought.sum(axis=1), (exposure * rate[age] * busy).sum(axis=1))
        expected = exposure * rate[age] * eager[:, None]
        busy = _over(bought.sum(axis=0), expected.sum(axis=0))
    level = bought.sum() / max(float(expected.sum()), 1e-12)
    return np.asarray(expected.sum(axis=0) * level)


def _over(found: Floats, expected: Floats) -> Floats:
    """The ratio, 1 where nothing is expected."""
    return np.where(expected > 1e-12, found / np.maximum(expected, 1e-12), 1.0)
