"""The labels of a run: which tier, RFM name and lifecycle stage each customer's numbers give, raw and calm.

A tier is calm within a margin of the expected value. What hangs on the day of the last purchase is calm within a share of
the customer's own usual pause, since that is how far it swings for somebody who changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patron.segments.calm import calmed, nudges
from patron.segments.lifecycle import NEEDED as LIFECYCLE_NEEDS
from patron.segments.lifecycle import Rhythm
from patron.segments.rfm import RfmCuts, Scores, rfm_segments
from patron.segments.tiers import TIERS, TierThresholds

Floats = NDArray[np.float64]
Words = NDArray[np.str_]
Columns = Mapping[str, Floats]

RFM_NEEDS: Final = ("days_since_last_purchase", "orders", "historic_value")
NEEDED: Final = tuple(dict.fromkeys((*RFM_NEEDS, *LIFECYCLE_NEEDS)))
RFM_LEEWAY: Final = 10.0
STAGE_LEEWAY: Final = 15.0
"""Usual pauses per unit of the margin by which the last purchase may be later or earlier without a move: .5 and .75 at 5 %."""


@dataclass(frozen=True)
class Labeller:
    """Where tiers, scores and stages begin, and the margin within which a label stays; it can be pickled.

    A margin of 0 keeps nothing: every label is the raw one.
    """

    tiers: TierThresholds
    cuts: RfmCuts
    rhythm: Rhythm
    margin: float

    def raw_tier(self, value: Floats) -> Words:
        return np.array(TIERS)[self.tiers.places(value)]

    def tier(self, value: Floats, before: Words) -> Words:
        """The calm tier, given the one before ('' for none)."""
        nearby = (self.raw_tier(value * factor) for (factor,) in nudges(1, self.margin))
        return calmed(self.raw_tier(value), before, nearby)

    def rfm_scores(self, columns: Columns) -> tuple[Scores, Scores, Scores]:
        days, orders, value = (columns[name] for name in RFM_NEEDS)
        return self.cuts.scores(days, orders, value)

    def rfm(self, columns: Columns, before: Words) -> Words:
        """The calm RFM name, given the one before."""
        return calmed(rfm_segments(*self.rfm_scores(columns)), before, self._rfm_nearby(columns))

    def raw_stage(self, columns: Columns) -> Words:
        return self.rhythm.stages(columns)

    def stage(self, columns: Columns, before: Words) -> Words:
        """The calm lifecycle stage, given the one before."""
        leeway = self.margin * STAGE_LEEWAY
        nearby = (self.rhythm.stages(columns, longer) for longer in (-leeway, leeway) if leeway)
        return calmed(self.raw_stage(columns), before, nearby)

    def _rfm_nearby(self, columns: Columns) -> Iterator[Words]:
        if not self.margin:
            return
        days, orders, value = (columns[name] for name in RFM_NEEDS)
        leeway = self.margin * RFM_LEEWAY * self.rhythm.own_gap(columns)
        for later in (-1.0, 0.0, 1.0):
            shifted = np.maximum(days + later * leeway, 0.0)
            for more_orders, more_value in nudges(2, self.margin):
                yield rfm_segments(*self.cuts.scores(shifted, orders * more_orders, value * more_value))
