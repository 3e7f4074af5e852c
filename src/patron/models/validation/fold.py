"""One origin of a backtest: who was there, what each model expected of them, and what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patron.models.arrays import Flags, Floats


@dataclass(frozen=True, eq=False)
class Fold:
    """One origin: what each model predicted for the same customers from the cutoff, and what they brought after it.

    ``no_purchase`` holds, for models that say so, the chance of no purchase within the horizon; ``bought`` says who did
    buy. Without them the chances are simply not judged.
    """

    cutoff_day: int
    customer_id: NDArray[Any]  # whatever ids the warehouse holds
    actual: Floats
    predictions: Mapping[str, Floats]
    no_purchase: Mapping[str, Floats] = field(default_factory=dict)
    bought: Flags | None = None

    def __len__(self) -> int:
        return len(self.actual)

    def rows(self, chosen: NDArray[Any]) -> Fold:
        """The chosen customers only (a mask, or row numbers)."""
        return Fold(
            self.cutoff_day,
            self.customer_id[chosen],
            self.actual[chosen],
            {name: values[chosen] for name, values in self.predictions.items()},
            {name: values[chosen] for name, values in self.no_purchase.items()},
            None if self.bought is None else np.asarray(self.bought[chosen]),
        )
