"""Customers made up by a model: what was observed of them, and what is hidden from an observer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patron.models.arrays import Flags, Floats, Integers
from patron.models.buying.summary import Summary


@dataclass(frozen=True, eq=False)
class Simulated:
    """A summary until T; who was alive then; how many purchases each made in the horizon after it."""

    summary: Summary
    alive: Flags
    purchases: Floats


def leaving_after_purchases(
    rates: Floats,
    leaves: Floats,
    T: Floats,
    horizon: float,
    rng: np.random.Generator,
    unit: str,
    first_can_leave: bool,
) -> Simulated:
    """Customers who buy at their own rates and leave after a purchase with their own chances.

    ``first_can_leave``: whether the first purchase, at time 0, is such a chance.
    """
    x, t_x, later, alive = np.zeros(len(T)), np.zeros(len(T)), np.zeros(len(T)), np.ones(len(T), dtype=np.bool_)
    here = np.arange(len(T))
    if first_can_leave:
        stays = rng.random(len(T)) >= leaves
        alive[~stays] = False
        here = here[stays]
    when = np.zeros(len(here))
    while here.size:
        here, when = _next_purchases(here, when, rates, T + horizon, rng)
        observed = when <= T[here]
        x[here[observed]] += 1
        t_x[here[observed]] = when[observed]
        later[here[~observed]] += 1
        stays = rng.random(here.size) >= leaves[here]
        alive[here[observed & ~stays]] = False
        here, when = here[stays], when[stays]
    return Simulated(Summary(x, t_x, T, unit=unit), alive, later)


def _next_purchases(
    who: Integers, when: Floats, rates: Floats, until: Floats, rng: np.random.Generator
) -> tuple[Integers, Floats]:
    """Those who buy again in time, and when; a rate of 0 (too small for a float) never does."""
    with np.errstate(divide="ignore", over="ignore"):
        then = when + rng.exponential(1.0, who.size) / rates[who]
    in_time = then <= until[who]
    return who[in_time], then[in_time]
