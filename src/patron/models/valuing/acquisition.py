"""What winning a customer may cost: the margin it is expected to bring, less what must be earned on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patron.errors import UsageError
from patron.models.arrays import Floats

_DAYS_PER_YEAR = 365.0


@dataclass(frozen=True)
class AcquisitionTerms:
    """What the business asks of money spent on winning customers.

    ``margin_rate``: share of value that is earned (1 where value is margin already); ``yearly_discount_rate``: what a year's wait
    costs; ``required_return``: profit per unit of cost (0.2 asks for 1.20 back for each 1.00); ``target_profit``: further profit
    per customer, in the currency. Raises UsageError for shares and rates that make no sense.
    """

    margin_rate: float = 1.0
    yearly_discount_rate: float = 0.0
    required_return: float = 0.0
    target_profit: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.margin_rate <= 1:
            raise UsageError(f"A margin rate of {self.margin_rate} was given.", allowed="It lies above 0, up to 1.")
        for name in ("yearly_discount_rate", "required_return", "target_profit"):
            if not 0 <= getattr(self, name) < np.inf:
                raise UsageError(f"{name} is {getattr(self, name)}.", allowed="It must be 0 or more, and finite.")

    def maximum_cost(self, first_order_value: Floats, later_value: Floats, horizon_days: int) -> Floats:
        """The most that a customer may cost: (margin × (first order + discounted later value) − target) / (1 + return).

        The first order comes with the customer and is counted whole; a missing one counts 0, as it lies in the later value.
        Later value is taken to come evenly over the horizon. Never below 0: no cost is justified then.
        """
        first = np.where(np.isnan(first_order_value), 0.0, first_order_value)
        earned = self.margin_rate * (first + self._present_share(horizon_days) * later_value)
        return np.maximum((earned - self.target_profit) / (1 + self.required_return), 0.0)

    def _present_share(self, horizon_days: int) -> float:
        """What 1 that comes evenly over the horizon is worth today: (1 − e^(−δH)) / (δH), δ the continuous rate."""
        rate = np.log1p(self.yearly_discount_rate) * horizon_days / _DAYS_PER_YEAR
        return float(-np.expm1(-rate) / rate) if rate > 0 else 1.0


@dataclass(frozen=True)
class ChannelValue:
    """Customers won by one channel (or campaign, country, branch): mean values per customer, in the currency.

    ``expected_value`` is what comes after the first order within the horizon, with its 80 % interval; ``maximum_cost`` the most
    that one of them may cost on average, ``cautious_maximum_cost`` the same at the lower bound.
    """

    channel: str
    customers: int
    first_order_value: float
    expected_value: float
    value_low: float
    value_high: float
    maximum_cost: float
    cautious_maximum_cost: float
