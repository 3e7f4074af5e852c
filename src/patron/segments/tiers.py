"""Value tiers: high, medium and low, cut so that equal values always share a tier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patron.errors import DataError
from patron.settings import SegmentSettings

TIERS: Final = ("high", "medium", "low")


@dataclass(frozen=True)
class TierThresholds:
    """The least value of the high and of the medium tier; None where nobody reaches that tier."""

    high: float | None
    medium: float | None

    def places(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """The place of each value's tier in ``TIERS``."""
        places = np.full(len(values), len(TIERS) - 1, dtype=np.int64)
        for place, least in ((1, self.medium), (0, self.high)):
            if least is not None:
                places[values >= least] = place
        return places


def value_tiers(expected_value: NDArray[np.float64], settings: SegmentSettings) -> NDArray[np.str_]:
    """The tier of each customer: 'high', 'medium' or 'low', in the order given."""
    return np.array(TIERS)[tier_thresholds(expected_value, settings).places(expected_value)]


def tier_thresholds(expected_value: NDArray[np.float64], settings: SegmentSettings) -> TierThresholds:
    """The values at which the high and the medium tier begin.

    Customers queue by value, the most valuable first, and each distinct value takes its place as one: it
    belongs to the tier in which the middle of its stretch of the queue lies. The queue is measured in value
    (``value_share``) or in customers (``percentile``). Who is worth nothing or less is low. The greatest
    value is high, unless all customers are worth the same: then nobody stands out, and all are medium.
    """
    values = _finite(expected_value)
    distinct, counts = np.unique(values[values > 0], return_counts=True)
    if distinct.size == 0:
        return TierThresholds(None, None)
    if distinct.size == 1 and counts[0] == values.size:
        return TierThresholds(None, float(distinct[0]))
    by_value = settings.tiers_by == "value_share"
    # Scaling by the greatest value first keeps a sum of huge values finite.
    weights = (distinct / distinct[-1] * counts if by_value else counts.astype(np.float64))[::-1]
    total = float(weights.sum()) if by_value else float(values.size)
    middles = (np.cumsum(weights) - weights / 2) / total
    high = max(1, int(np.searchsorted(middles, settings.high_share)))
    medium = max(high, int(np.searchsorted(middles, settings.high_share + settings.medium_share)))
    descending = distinct[::-1]
    return TierThresholds(float(descending[high - 1]), float(descending[medium - 1]) if medium > high else None)


def _finite(expected_value: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.asarray(expected_value, dtype=np.float64)
    wrong = int(np.count_nonzero(~np.isfinite(values)))
    if wrong:
        raise DataError(
            f"{wrong} of {values.size} expected values are not finite numbers.",
            allowed="A tier needs a number for each customer.",
            to_do="Look at the model that made these values.",
        )
    return values
