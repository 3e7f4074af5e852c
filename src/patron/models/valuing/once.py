"""Work that several models of one contest ask for is done once per feature table, or once per history.

Neither ever changes, and the work's result follows from it alone, so remembering it is only a matter of time saved; it
is forgotten with what it was made from.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from patron.models.customers import Customers, History

Given = TypeVar("Given", Customers, History)
Fit = TypeVar("Fit")


def once_per_table(fit: Callable[[Given], Fit]) -> Callable[[Given], Fit]:
    """The same function, which does its work once for each feature table (or each history of them)."""
    made: WeakKeyDictionary[Given, Fit] = WeakKeyDictionary()

    @wraps(fit)
    def remembered(given: Given) -> Fit:
        if given not in made:
            made[given] = fit(given)
        return made[given]

    return remembered


def once_per_seed(fit: Callable[[History, int], Fit]) -> Callable[[History, int], Fit]:
    """The same function, which does its work once for each history and seed."""
    made: WeakKeyDictionary[History, dict[int, Fit]] = WeakKeyDictionary()

    @wraps(fit)
    def remembered(history: History, seed: int) -> Fit:
        fits = made.setdefault(history, {})
        if seed not in fits:
            fits[seed] = fit(history, seed)
        return fits[seed]

    return remembered
