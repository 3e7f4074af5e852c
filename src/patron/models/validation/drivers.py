"""What a fitted model's values depend on: how far they move when one input is shuffled among customers.

It works for any model, whatever is inside. Inputs that say much the same share their weight, so a small figure is no proof
that an input is useless; and what drives a value is not what causes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.models.arrays import Floats, Integers
from patron.models.customers import Customers, FittedValueModel

MOST_CUSTOMERS: Final = 2_000
TIED: Final = ("frequency", "recency", "T", "monetary_value")
"""Inputs that are shuffled as one: apart they would make customers that cannot be (a repeat purchase, but no second day)."""


@dataclass(frozen=True)
class Driver:
    """One input, or several that belong together; ``change`` is the mean absolute change of the expected value when it is shuffled, as a share of the mean."""

    feature: str
    change: float


def measure_drivers(
    model: FittedValueModel, customers: Customers, inputs: Sequence[str], seed: int, most: int = 10
) -> tuple[Driver, ...]:
    """The inputs whose shuffling moves the expected values most, largest first; those that move nothing are left out.

    Judged on 2,000 customers, drawn by the seed where there are more.
    """
    rng = np.random.default_rng(seed)
    if len(customers) > MOST_CUSTOMERS:
        customers = customers.rows(np.sort(rng.choice(len(customers), MOST_CUSTOMERS, replace=False)))
    values = model.predict(customers).expected_value
    usual = float(np.abs(values).mean()) if len(customers) else 0.0
    if usual == 0:
        return ()
    order = rng.permutation(len(customers))
    found = [
        Driver(", ".join(names), _moved(model, customers, names, order, values) / usual) for names in _tied(inputs)
    ]
    return tuple(sorted((d for d in found if d.change > 0), key=lambda d: (-d.change, d.feature))[:most])


def _tied(inputs: Sequence[str]) -> list[tuple[str, ...]]:
    together = tuple(name for name in TIED if name in inputs)
    return [*([together] if together else []), *((name,) for name in inputs if name not in TIED)]


def _moved(
    model: FittedValueModel, customers: Customers, names: Sequence[str], order: Integers, values: Floats
) -> float:
    shuffled = {**customers.columns, **{name: customers.column(name)[order] for name in names}}
    moved = model.predict(Customers(customers.as_of_day, customers.customer_id, shuffled)).expected_value
    return float(np.abs(moved - values).mean())
