"""Customers made up by a Pareto/NBD with time-varying covariates, purchase by purchase."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patron.models.arrays import Flags, Floats, Integers
from patron.models.buying.purchase_history import PurchaseHistory
from patron.models.buying.walks_likelihood import RatesAt, multiplier


@dataclass(frozen=True, eq=False)
class SimulatedHistory:
    """A history; who was alive at its end; how many purchases each customer made in the horizon after it."""

    history: PurchaseHistory
    alive: Flags
    purchases: Floats


@dataclass(frozen=True, eq=False)
class _Clock:
    """Time as a rate counts it: ∫ rate since period 0, with the rate constant in each period (customers or 1 × periods)."""

    rate: Floats
    passed: Floats

    @classmethod
    def of(cls, rate: Floats) -> _Clock:
        return cls(rate, np.concatenate([np.zeros((len(rate), 1)), np.cumsum(rate, axis=1)], axis=1))

    def shows(self, customer: Integers, time: Floats) -> Floats:
        """What it shows at these times."""
        row, period = self._row(customer), np.minimum(time.astype(np.int64), self.rate.shape[1] - 1)
        return np.asarray(self.passed[row, period] + self.rate[row, period] * (time - period), dtype=np.float64)

    def when(self, customer: Integers, shown: Floats) -> Floats:
        """The times at which it shows this much; beyond its last period it goes on at that period's rate."""
        row = self._row(customer)
        period = np.maximum((self.passed[row, :-1] <= shown[:, None]).sum(axis=1) - 1, 0)
        return np.asarray(period + (shown - self.passed[row, period]) / self.rate[row, period], dtype=np.float64)

    def _row(self, customer: Integers) -> Integers:
        return customer if len(self.rate) > 1 else np.zeros_like(customer)


def simulated(
    at: RatesAt, watched: PurchaseHistory, horizon: float, tables: tuple[Floats, Floats], rng: np.random.Generator
) -> SimulatedHistory:
    """Customers with the first purchases and ends of ``watched``, and what they do until the horizon after their end.

    ``tables``: the covariates of buying and of leaving by period, up to the horizon.
    """
    buys, leaves = _Clock.of(multiplier(tables[0], at.purchase)), _Clock.of(multiplier(tables[1], at.attrition))
    count, first, until = len(watched), watched.first, watched.until
    everyone = np.arange(count)
    often = rng.gamma(at.r, 1.0, count) / at.alpha
    # A rate of leaving too small for a float never leaves.
    soon = np.maximum(rng.gamma(at.s, 1.0, count) / at.beta, 1e-300)
    left = leaves.when(everyone, leaves.shows(everyone, first) + rng.exponential(1.0, count) / soon)
    here = np.clip(left, first, until + horizon)
    begins, ends = buys.shows(everyone, first), buys.shows(everyone, here)
    who = np.repeat(everyone, rng.poisson(often * (ends - begins)))
    # Given how many, purchases fall evenly on the time that the clock of buying shows.
    shown = begins[who] + (ends - begins)[who] * rng.random(len(who))
    time = np.clip(buys.when(who, shown), first[who], here[who])
    seen = time <= until[who]
    history = PurchaseHistory(
        np.concatenate([everyone, who[seen]]), np.concatenate([first, time[seen]]), until, watched.unit
    )
    return SimulatedHistory(history, left > until, np.bincount(who[~seen], minlength=count).astype(np.float64))
