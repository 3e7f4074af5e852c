"""When there is not enough to say: then an interval is unknown, with the reason, rather than made up."""

from __future__ import annotations

from typing import Final

FEWEST_CUSTOMERS: Final = 20
FEWEST_FOLDS: Final = 1
"""For a whole portfolio: with a single earlier period the interval is very wide, and holds as often as it claims."""
FEWEST_FOLDS_OF_A_GROUP: Final = 2


def why_unknown(customers: int, folds: int, fewest_folds: int = FEWEST_FOLDS) -> str:
    """Why nothing can be claimed, in words that stand alone; empty where something can."""
    if customers < FEWEST_CUSTOMERS:
        return f"{_count(customers, 'customer')}: at least {FEWEST_CUSTOMERS} are needed for an interval"
    if folds < fewest_folds:
        return f"{_count(folds, 'earlier period')} to compare with: at least {fewest_folds} needed for an interval"
    return ""


def _count(number: int, thing: str) -> str:
    return f"{number or 'no'} {thing}{'s' * (number != 1)}"
