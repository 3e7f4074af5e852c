"""Made-up customers for the segments' tests, in the columns of the feature table."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

TODAY: Final = 19_900
HORIZON: Final = 90


def made_columns(count: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """Made-up customers who fit together: who bought once has no gaps, and windows hold no more than all of history."""
    rng = np.random.default_rng(seed)
    frequency = rng.integers(0, 6, count).astype(float)
    tenure = rng.integers(120, 400, count).astype(float)
    recency = np.where(frequency > 0, np.floor(tenure * rng.uniform(0.2, 1, count)), 0.0)
    spend = np.round(rng.lognormal(3, 0.6, count), 2)
    historic = spend * (frequency + 1)
    gaps = np.where(frequency > 0, recency / np.maximum(frequency, 1), np.nan)
    recent = historic * rng.uniform(0, 1, count)
    return {
        "frequency": frequency,
        "recency": recency,
        "T": tenure,
        "orders": frequency + 1,
        "purchase_days": frequency + 1,
        "monetary_value": np.where(frequency > 0, spend, 0.0),
        "mean_order_value": spend,
        "max_order_value": spend * 1.5,
        "historic_value": historic,
        "gross_value": historic,
        "days_since_last_purchase": tenure - recency,
        "mean_gap": gaps,
        "last_gap": gaps,
        "gap_ratio": (tenure - recency) / gaps,
        "first_day": TODAY - tenure,
        "last_day": TODAY - tenure + recency,
        "trailing_value": recent,
        "trailing_orders": np.floor(frequency / 2),
        "value_30d": recent * 0.2,
        "value_90d": recent,
        "value_180d": recent * 1.2,
        "quarter_1_share": np.full(count, 0.25),
        "quarter_2_share": np.full(count, 0.25),
        "quarter_3_share": np.full(count, 0.25),
        "quarter_4_share": np.full(count, 0.25),
        "weekend_share": np.full(count, 0.3),
    }
