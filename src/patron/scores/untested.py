"""Bounds for values that no backtest stands behind: from the model itself, and labelled so."""

from __future__ import annotations

import numpy as np
from scipy.stats import poisson

from patron.models.arrays import Floats
from patron.models.customers import Prediction

LOW, HIGH = 0.1, 0.9


def model_bounds(prediction: Prediction, usual_history: float) -> tuple[Floats, Floats]:
    """An 80 % range of each value if orders come at random at the expected rate, each of the expected size.

    Poisson quantiles of the number of orders × expected value per order. It knows nothing of how wrong the expectation
    itself may be, so it is too narrow more often than not; scores made with it carry low confidence. Of whom no order is
    expected, an order counts ``usual_history``: the mean of what customers brought so far, none below 0.
    """
    orders = np.maximum(prediction.expected_orders, 0.0)
    each = np.where(orders > 0, prediction.expected_value / np.maximum(orders, 1e-12), usual_history)
    low, high = poisson.ppf(LOW, orders) * each, poisson.ppf(HIGH, orders) * each
    return np.minimum(low, high), np.maximum(low, high)
