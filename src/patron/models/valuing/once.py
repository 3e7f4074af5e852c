"""Fits that several models of one contest ask for are made once per feature table.

A feature table never changes, and a fit follows from it alone, so remembering one is only a matter of time saved; it
is forgotten with its table.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from patron.models.customers import Customers

Fit = TypeVar("Fit")


def once_per_table(fit: Callable[[Customers], Fit]) -> Callable[[Customers], Fit]:
    """The same function, which does its work once for each feature table."""
    made: WeakKeyDictionary[Customers, Fit] = WeakKeyDictionary()

    @wraps(fit)
    def remembered(customers: Customers) -> Fit:
        if customers not in made:
            made[customers] = fit(customers)
        return made[customers]

    return remembered
