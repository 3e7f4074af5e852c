"""Discounting: a yearly rate as a continuous one per unit of time."""

from __future__ import annotations

import numpy as np

from patron.errors import UsageError
from patron.periods import DAYS_PER_YEAR, days_per


def continuous_rate(yearly_discount_rate: float, unit: str) -> float:
    """The rate per unit of time, compounded continuously, that makes a year from now worth 1 / (1 + yearly rate)."""
    if not 0 <= yearly_discount_rate < np.inf:
        raise UsageError(f"A discount rate of {yearly_discount_rate} was given.", allowed="It must be 0 or more.")
    return float(np.log1p(yearly_discount_rate)) * days_per(unit) / DAYS_PER_YEAR
