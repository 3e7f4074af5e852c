"""Lifecycle stages: where each customer stands in their own rhythm of buying.

A pause is judged by the customer's own usual pause, drawn towards everybody's while there are few of their own: what is
late for a weekly shopper is early for a yearly one. Were pauses exponential, one in seven would exceed twice the usual
one, one in fifty four times, and one in three thousand eight times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Words = NDArray[np.str_]

SLOWING, LAPSING, LAPSED = 2.0, 4.0, 8.0
"""Pauses, in usual ones, from which a customer is slowing, lapsing and lapsed."""
NEEDED: Final = ("orders", "frequency", "T", "days_since_last_purchase", "mean_gap", "last_gap", "recency")


@dataclass(frozen=True)
class Stage:
    """One lifecycle stage: its name, who is in it, and what to do about them."""

    name: str
    description: str
    action: str


# From the liveliest to the quietest; reports list them in this order.
STAGES: Final = (
    Stage("New", "Bought once, lately.", "Welcome them and make the second purchase easy."),
    Stage("Regular", "Within their usual pause.", "Keep serving them; there is nothing to repair."),
    Stage(
        "Returned", "Came back after a pause far beyond their usual one.", "Thank them, and find out what was missing."
    ),
    Stage("Slowing", "A little later than usual.", "Remind them before the habit breaks."),
    Stage("Lapsing", "Much later than usual.", "Win them back now, with a reason to come."),
    Stage("Lapsed", "So late that a return would be a surprise.", "One inexpensive attempt, then leave them be."),
    Stage("One-time", "Bought once, and not again when others would have.", "One attempt at a second purchase."),
    Stage("Not yet buying", "Known, but without a purchase that counts.", "Invite them to a first purchase."),
)
STAGE_NAMES: Final = tuple(stage.name for stage in STAGES)
_PLACE: Final = {name: place for place, name in enumerate(STAGE_NAMES)}


@dataclass(frozen=True)
class Rhythm:
    """What everybody's usual pause between purchase days is, in days."""

    usual_gap: float

    @classmethod
    def of(cls, columns: Mapping[str, Floats]) -> Rhythm:
        """The median customer's mean pause; without repeat buyers the median tenure."""
        gaps = columns["mean_gap"][columns["frequency"] > 0]
        known = gaps[np.isfinite(gaps) & (gaps > 0)]
        if known.size:
            return cls(float(np.median(known)))
        return cls(max(float(np.median(columns["T"])), 1.0) if len(columns["T"]) else 1.0)

    def own_gap(self, columns: Mapping[str, Floats]) -> Floats:
        """Each customer's usual pause in days: the mean of their own pauses and one of everybody's."""
        count = columns["frequency"]
        total = np.where(count > 0, np.nan_to_num(columns["mean_gap"]) * count, 0.0)
        return (total + self.usual_gap) / (count + 1)

    def pauses(self, columns: Mapping[str, Floats]) -> Floats:
        """Today's pause of each customer, in usual ones."""
        since = np.nan_to_num(columns["days_since_last_purchase"])
        return np.asarray(since / np.maximum(self.own_gap(columns), 1e-9), dtype=np.float64)

    def stages(self, columns: Mapping[str, Floats], longer: float = 0.0) -> Words:
        """The stage of each customer; ``longer`` tells it for pauses longer by so many usual ones (shorter, below zero)."""
        pause = np.maximum(self.pauses(columns) + longer, 0.0)
        place = np.searchsorted((SLOWING, LAPSING, LAPSED), pause, side="right")
        stage = np.array((_PLACE["Regular"], _PLACE["Slowing"], _PLACE["Lapsing"], _PLACE["Lapsed"]))[place]
        stage = np.where((place == 0) & _came_back(columns), _PLACE["Returned"], stage)
        once = columns["frequency"] <= 0
        stage = np.where(once, np.where(pause < SLOWING, _PLACE["New"], _PLACE["One-time"]), stage)
        stage = np.where(columns["orders"] <= 0, _PLACE["Not yet buying"], stage)
        return np.array(STAGE_NAMES)[stage]


def _came_back(columns: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """Whose last pause was at least four times the mean of their earlier ones; needs two earlier ones."""
    count, last = columns["frequency"], np.nan_to_num(columns["last_gap"])
    earlier = (columns["recency"] - last) / np.maximum(count - 1, 1)
    return np.asarray((count >= 3) & (last >= LAPSING * earlier), dtype=np.bool_)
