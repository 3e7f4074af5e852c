"""Where customers are heading, told in batches: the tier of what they brought, the next one, and the next RFM name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patron.models.customers import Customers
from patron.segments.movement.next_label import NextLabel
from patron.segments.movement.outlook import Outlook
from patron.segments.rfm import RFM_NAMES
from patron.segments.tiers import TIERS, TierThresholds

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.str_]

OUTLOOKS: Final = ("up", "same", "down")
_RFM_PLACE = {name: place for place, name in enumerate(RFM_NAMES)}


@dataclass(frozen=True, eq=False)
class Told:
    """The next label of each customer, with its chance: NaN where nothing could be learnt and the label is expected to stay.

    ``chances`` are those of all labels, a row per customer; None where nothing could be learnt.
    """

    label: Words
    chance: Floats
    chances: Floats | None = None


@dataclass(frozen=True, eq=False)
class Heading:
    """Today's outlook, the borders of what was brought, and the trees of both views; None where nothing could be learnt."""

    outlook: Outlook
    brought: TierThresholds
    tier: NextLabel | None
    rfm: NextLabel | None

    def brought_places(self, customers: Customers) -> Integers:
        """The place in ``TIERS`` of what each customer brought over the last horizon."""
        return self.brought.places(customers.column("trailing_value"))

    def next_tier(self, customers: Customers) -> Told:
        now = self.brought_places(customers)
        return self._told(self.tier, customers, now, np.array(TIERS))

    def next_rfm(self, customers: Customers, rfm_segment: Words) -> Told:
        now = np.array([_RFM_PLACE[str(name)] for name in rfm_segment], dtype=np.int64)
        return self._told(self.rfm, customers, now, np.array(RFM_NAMES))

    def _told(self, model: NextLabel | None, customers: Customers, now: Integers, names: Words) -> Told:
        if model is None:
            return Told(names[now], np.full(len(now), np.nan))
        place, chances = model.told(self.outlook, customers, now)
        return Told(names[place], chances[np.arange(len(now)), place], chances)


def outlook_chances(now: Integers, chances: Floats | None) -> Floats | None:
    """The chances of going up, staying and going down, from the present place and those of all tiers, the highest first."""
    if chances is None:
        return None
    places, here = np.arange(chances.shape[1]), now[:, np.newaxis]
    return np.column_stack([(chances * where).sum(axis=1) for where in (places < here, places == here, places > here)])


def outlook_word(now: Words, later: Words) -> Words:
    """'up', 'same' or 'down': the next tier beside the present one."""
    place = {tier: number for number, tier in enumerate(TIERS)}
    here, there = (np.array([place[str(word)] for word in words], dtype=np.int64) for words in (now, later))
    return np.array(OUTLOOKS)[np.sign(there - here) + 1]
