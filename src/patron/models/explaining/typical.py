"""The typical customer, whom others are explained against, and customers who share some of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from patron.errors import DataError
from patron.models.arrays import Floats
from patron.models.customers import Customers

Players = Sequence[tuple[str, tuple[str, ...]]]
BEHAVIOUR: Final[Players] = (
    ("frequency", ("frequency",)),
    ("recency", ("recency",)),
    ("T", ("T",)),
    ("monetary_value", ("monetary_value",)),
    # What is kept after refunds: value so far against value before refunds.
    ("refund_share", ("historic_value", "gross_value")),
)
"""What buy-till-you-die reads of a customer to value it, by the name that each is told under."""


def typical_customer(customers: Customers) -> Customers:
    """One customer: the median of each column, a value that occurs; unknown where most customers' is unknown.

    Raises DataError without customers.
    """
    if not len(customers):
        raise DataError("There is no typical customer among none.", to_do="Give at least one customer.")
    columns = {name: np.array([_middle(column)]) for name, column in customers.columns.items()}
    return Customers(customers.as_of_day, np.array([0]), columns)


def _middle(column: Floats) -> float:
    known = column[np.isfinite(column)]
    if 2 * len(known) < len(column) or not len(known):
        return float("nan")
    return float(np.quantile(known, 0.5, method="inverted_cdf"))


def mixed(customers: Customers, reference: Customers, players: Players, present: int) -> Customers:
    """The customers with their own columns of the players who are present, and the reference's of the others.

    Columns that no player holds stay as they are. Times are kept possible: no repeat purchase lies beyond the cutoff, and
    without one recency is 0.
    """
    columns = dict(customers.columns)
    for place, (_, held) in enumerate(players):
        if not present >> place & 1:
            columns |= {name: np.full(len(customers), reference.column(name)[0]) for name in held}
    if {"frequency", "recency", "T"} <= columns.keys():
        recency = np.minimum(columns["recency"], columns["T"])
        columns["recency"] = np.where(columns["frequency"] > 0, recency, 0.0)
    return Customers(customers.as_of_day, customers.customer_id, columns)
