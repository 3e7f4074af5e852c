"""What customers are worth over a finite horizon: expected purchases × expected spend, discounted or not."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats
from patron.models.buying.gamma_gamma import FittedGammaGamma
from patron.models.buying.summary import Summary
from patron.periods import DAYS_PER_YEAR, days_per

_NODES: Final = 12


class PurchaseProcess(Protocol):
    """A fitted model of when customers buy."""

    def expected_purchases(self, summary: Summary, periods: float) -> Floats: ...


def lifetime_value(
    purchases: PurchaseProcess,
    spend: FittedGammaGamma,
    summary: Summary,
    periods: float,
    yearly_discount_rate: float = 0.0,
) -> Floats:
    """Value expected of each customer in the next ``periods`` units of the summary's time.

    ``yearly_discount_rate`` 0.1 counts a purchase a year from now at 1/1.1 of its value (compounded continuously); 0 does
    not discount. The summary needs monetary_value. Raises DataError without it.
    """
    if summary.monetary_value is None:
        raise DataError("The summary has no monetary_value.", to_do="Give each customer's mean spend per purchase.")
    each = spend.expected_spend(summary.frequency, summary.monetary_value)
    return each * discounted_purchases(purchases, summary, periods, yearly_discount_rate)


def discounted_purchases(
    purchases: PurchaseProcess, summary: Summary, periods: float, yearly_discount_rate: float = 0.0
) -> Floats:
    """Purchases expected in the next ``periods`` units, each counted at its discount factor.

    With d the continuous rate and E(s) the purchases expected by s, integration by parts gives
    e^(-dt)·E(t) + d·∫₀ᵗ e^(-ds)·E(s) ds; E is smooth and the integral is taken by Gauss and Legendre's rule.
    """
    if not 0 <= yearly_discount_rate < np.inf:
        raise UsageError(f"A discount rate of {yearly_discount_rate} was given.", allowed="It must be 0 or more.")
    total = purchases.expected_purchases(summary, periods)
    if yearly_discount_rate == 0 or periods == 0:
        return total
    rate = float(np.log1p(yearly_discount_rate)) * days_per(summary.unit) / DAYS_PER_YEAR
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    result = np.exp(-rate * periods) * total
    for node, weight in zip(periods * (nodes + 1) / 2, weights * periods / 2, strict=True):
        result = result + rate * weight * np.exp(-rate * node) * purchases.expected_purchases(summary, float(node))
    return result
