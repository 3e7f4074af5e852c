"""Money of events in whole ten-thousandths, and what an event counts for under the value contract."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from patron.settings import Value

_SCALE: Final = Decimal(10_000)
_WHOLE: Final = Decimal(1)


def ten_thousandths(amount: Decimal) -> int:
    """An amount in whole ten-thousandths, half away from zero."""
    return int((amount * _SCALE).quantize(_WHOLE, ROUND_HALF_UP))


def from_float(amount: float) -> int:
    """The exact amount that a published float was made from: below 10¹¹ a float is nearer to it than to any other."""
    return ten_thousandths(Decimal(amount))


def counted(body: Mapping[str, str], contract: Value) -> int:
    """What a transaction counts for, as ``quality.value.with_value`` has it in the warehouse: amount or margin, refunds or not."""
    amount = Decimal(body["amount"])
    if contract.refunds == "ignore" and amount < 0:
        return 0
    if contract.basis == "revenue":
        return ten_thousandths(amount)
    if "margin" in body:
        return ten_thousandths(Decimal(body["margin"]))
    return ten_thousandths(amount * Decimal(f"{contract.margin_rate:.4f}"))
