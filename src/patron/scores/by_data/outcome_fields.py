"""Fields that would tell what is to be predicted: refused by name, whoever sends them."""

from __future__ import annotations

import re
from typing import Final

from patron.models.customers import OUTCOME_PREFIX

_BEGIN: Final = OUTCOME_PREFIX.rstrip("_")
_NAMES: Final = frozenset(
    {"outcome", "outcomes", "label", "labels", "target", "targets", "y", "ytrue", "actual", "actuals", "holdout"}
    | {"churn", "churned", "ltv", "clv", "cltv", "lifetimevalue", "expectedvalue"}
)
SHOWN: Final = 60


def is_outcome(name: str) -> bool:
    """Whether a field's name says that it holds what comes after the day of valuing, however it is written."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return plain.startswith(_BEGIN) or plain in _NAMES


def shown(name: str) -> str:
    """A field's name as it can be told: short, and without signs that cannot be written."""
    return "".join(sign if sign.isprintable() else "?" for sign in name[:SHOWN])
