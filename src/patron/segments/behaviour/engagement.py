"""The engagement score: 0 to 100 for each customer, as the sum of parts that anybody can check.

Each part gives up to its points: how lately in the customer's own rhythm, how often and how much beside other customers,
whether it rises, how broadly they buy, and how they answer. A part whose source is missing is left out, and the others
share its points in proportion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patron.segments.lifecycle import NEEDED as RHYTHM_NEEDS
from patron.segments.lifecycle import Rhythm

Floats = NDArray[np.float64]
Columns = Mapping[str, Floats]

RANK_POINTS: Final = 1_001
HALF_LIFE_PAUSES: Final = 2.0
HALF_LIFE_DAYS: Final = 60.0
POINTS: Final = {"recency": 30.0, "frequency": 25.0, "value": 20.0, "trend": 15.0, "variety": 5.0, "response": 5.0}
"""The parts of the score and the most points of each; they add up to 100."""
_RANKED: Final = {
    "frequency": ("trailing_orders",),
    "value": ("trailing_value",),
    "variety": ("categories", "products"),
}
NEEDED: Final = (*RHYTHM_NEEDS, "trailing_orders", "trailing_value", "value_90d", "value_180d")
USED: Final = (*NEEDED, "categories", "products", "days_since_last_engagement")


@dataclass(frozen=True, eq=False)
class Engagement:
    """What earns points: everybody's rhythm, and who stands where; it can be pickled."""

    rhythm: Rhythm
    ranks: Mapping[str, tuple[str, Floats]]
    answers: str
    points: Mapping[str, float]

    @classmethod
    def of(cls, columns: Columns) -> Engagement:
        """The measure taken from these customers."""
        ranks = {part: _ranks(columns, names) for part, names in _RANKED.items()}
        held = {part: rank for part, rank in ranks.items() if rank is not None}
        answers = "days_since_last_engagement" if "days_since_last_engagement" in columns else ""
        kept = [
            part for part in POINTS if part in held or part in ("recency", "trend") or (part == "response" and answers)
        ]
        whole = sum(POINTS[part] for part in kept)
        return cls(Rhythm.of(columns), held, answers, {part: 100.0 * POINTS[part] / whole for part in kept})

    def parts(self, columns: Columns) -> dict[str, Floats]:
        """The points of each part for each customer, to the hundredth: their sum is the score."""
        return {part: np.round(most * self._share(part, columns), 2) for part, most in self.points.items()}

    def score(self, columns: Columns) -> Floats:
        """The score of each customer, 0 to 100."""
        return np.asarray(np.round(sum(self.parts(columns).values()), 2), dtype=np.float64)

    def _share(self, part: str, columns: Columns) -> Floats:
        """How much of a part's points each customer earns, 0 to 1."""
        if part == "recency":
            earned = 0.5 ** (self.rhythm.pauses(columns) / HALF_LIFE_PAUSES)
            return np.where(columns["orders"] > 0, earned, 0.0)
        if part == "trend":
            half, quarter = np.maximum(columns["value_180d"], 0.0), np.maximum(columns["value_90d"], 0.0)
            return np.where(half > 0, np.clip(quarter / np.maximum(half, 1e-12), 0.0, 1.0), 0.0)
        if part == "response":
            since = columns[self.answers]
            return np.where(np.isnan(since), 0.0, 0.5 ** (np.nan_to_num(since) / HALF_LIFE_DAYS))
        name, grid = self.ranks[part]
        values = np.nan_to_num(columns[name])
        # Equal values stand in the middle of the places that they share.
        places = (np.searchsorted(grid, values, side="left") + np.searchsorted(grid, values, side="right")) / 2
        return np.where(values > 0, np.clip(places / len(grid), 0.0, 1.0), 0.0)


def _ranks(columns: Columns, names: tuple[str, ...]) -> tuple[str, Floats] | None:
    """The first of these columns that is there, and its quantiles."""
    name = next((name for name in names if name in columns and len(columns[name])), None)
    if name is None:
        return None
    return name, np.quantile(np.nan_to_num(columns[name]), np.linspace(0, 1, RANK_POINTS))
