"""What is asked of a simulated world, and how the work is cut into pieces that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.errors import UsageError

FUTURE_DAYS: Final = 365
SHORTEST_HISTORY: Final = 90
LONGEST_HISTORY: Final = 3650
_ROWS_PER_PIECE: Final = 500_000
_PILOT_STREAM: Final = 0


@dataclass(frozen=True)
class Piece:
    """Some neighbouring customers, simulated together from a random stream of their own."""

    stream: int
    first_customer: int
    customers: int


@dataclass(frozen=True)
class Plan:
    """The size of a world. Days are numbered from 1970-01-01; ``end`` is the last day of history."""

    customers: int
    seed: int
    end: int
    days: int
    orders_per_customer: float
    one_row_per_order: bool = False

    def __post_init__(self) -> None:
        _within("customers", self.customers, 1, 50_000_000)
        _within("seed", self.seed, 0, 2**63 - 1)
        _within("days", self.days, SHORTEST_HISTORY, LONGEST_HISTORY)
        _within("orders_per_customer", self.orders_per_customer, 1.1, 10_000)

    @property
    def start(self) -> int:
        """The first day of history."""
        return self.end - self.days + 1

    @property
    def horizon_end(self) -> int:
        """The last day of the simulated future."""
        return self.end + FUTURE_DAYS

    def pieces(self) -> Iterator[Piece]:
        """All customers, a piece at a time; the cut depends on the plan only, never on the machine."""
        size = int(np.clip(_ROWS_PER_PIECE // self.orders_per_customer, 200, 25_000))
        for stream, first in enumerate(range(0, self.customers, size), start=_PILOT_STREAM + 1):
            yield Piece(stream, first, min(size, self.customers - first))

    def rng(self, piece: Piece | None = None) -> np.random.Generator:
        """The random stream of a piece, or, without one, the stream of what all pieces share."""
        return np.random.default_rng([self.seed, piece.stream if piece else _PILOT_STREAM])


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"A world with {name} = {value} cannot be simulated.", allowed=f"From {low} to {high}.")
