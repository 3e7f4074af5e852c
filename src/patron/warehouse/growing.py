"""What a warehouse may do besides: grow boosted trees where the rows are, on as many machines as hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import ibis.expr.types as ir


@dataclass(frozen=True)
class Growth:
    """What the trees shall learn: the inputs in order, the column to answer, the weight of each row, and how they grow.

    ``options`` are XGBoost's own, by the names that ``xgboost.train`` takes.
    """

    inputs: tuple[str, ...]
    target: str
    weight: str | None
    options: Mapping[str, object]
    rounds: int
    seed: int


@runtime_checkable
class GrowsTrees(Protocol):
    """A warehouse whose engine trains XGBoost on its own rows."""

    def grow_trees(self, rows: ir.Table, growth: Growth) -> bytes:
        """Trees for these rows, as a file of XGBoost's own binary JSON."""
