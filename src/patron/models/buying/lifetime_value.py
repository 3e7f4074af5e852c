"""What customers are worth: expected purchases × expected spend, discounted or not, for a horizon or for good."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats
from patron.models.buying.gamma_gamma import FittedGammaGamma
from patron.models.buying.summary import Summary


class PurchaseProcess(Protocol):
    """A fitted model of when customers buy."""

    def discounted_purchases(self, summary: Summary, periods: float, yearly_discount_rate: float) -> Floats: ...


@runtime_checkable
class ResidualProcess(Protocol):
    """A fitted model that knows the discounted purchases of all time to come (DERT)."""

    def discounted_residual_purchases(self, summary: Summary, yearly_discount_rate: float) -> Floats: ...


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
    return _worth(
        purchases.discounted_purchases(summary, periods, yearly_discount_rate), _expected_spend(spend, summary)
    )


def residual_lifetime_value(
    purchases: object, spend: FittedGammaGamma, summary: Summary, yearly_discount_rate: float
) -> Floats:
    """Value expected of each customer for good, discounted (Fader, Hardie and Lee 2005, "RFM and CLV", eq. 4).

    Only for processes with ``discounted_residual_purchases``: Pareto/NBD has them in closed form. BG/NBD and MBG/NBD
    have none, and raise UsageError.
    """
    if not isinstance(purchases, ResidualProcess):
        raise UsageError(
            f"{getattr(purchases, 'TITLE', type(purchases).__name__)} has no closed form for purchases without a horizon.",
            allowed="Pareto/NBD has one.",
            to_do="Fit a Pareto/NBD, or ask for the lifetime_value of a long horizon.",
        )
    return _worth(
        purchases.discounted_residual_purchases(summary, yearly_discount_rate), _expected_spend(spend, summary)
    )


def _worth(purchases: Floats, each: Floats) -> Floats:
    """Purchases × spend; nothing where no purchase is expected, however large (or infinite) each would be."""
    return np.multiply(purchases, each, out=np.zeros(len(each)), where=purchases > 0)


def _expected_spend(spend: FittedGammaGamma, summary: Summary) -> Floats:
    if summary.monetary_value is None:
        raise DataError("The summary has no monetary_value.", to_do="Give each customer's mean spend per purchase.")
    return spend.expected_spend(summary.frequency, summary.monetary_value)
