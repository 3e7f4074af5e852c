"""What a release says of one customer, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from patron.reports.customer_reasons import ClusterReasons, TierAhead
from patron.reports.set_by_hand import Told
from patron.scores.bridge import Sums
from patron.scores.explanation import CustomerExplanation
from patron.scores.plain_data import without_nan


@dataclass(frozen=True)
class Change:
    """Why the value differs from the release before: its name, its day, and parts that add up to the change exactly."""

    previous: str
    previous_as_of: date
    sums: Sums
    undivided: str


@dataclass(frozen=True)
class CustomerFacts:
    """Everything a release says of one customer.

    ``scores``, ``segments`` and ``behaviour`` are the customer's rows of those tables. ``not_told`` says why there is no
    explanation or no way up, where there is none. ``overrides`` is what people set, in place of what was published.
    """

    customer_id: str
    release: str
    as_of: date
    horizon_days: int
    currency: str
    scores: Mapping[str, Any]
    segments: Mapping[str, Any]
    behaviour: Mapping[str, Any]
    engagement_points: Mapping[str, float]
    rules: tuple[str, ...]
    cluster: ClusterReasons | None
    explanation: CustomerExplanation | None
    ahead: TierAhead | None
    not_told: tuple[str, ...]
    moves: tuple[Mapping[str, Any], ...]
    change: Change | None
    overrides: tuple[Told, ...] = ()

    def to_dict(self) -> dict[str, Any]:  # Any: JSON
        """All of it as plain data, for JSON."""
        told = asdict(self)
        told["explanation"] = self.explanation and self.explanation.to_dict()
        told["ahead"] = self.ahead and {**asdict(self.ahead), "way": self.ahead.way.to_dict()}
        told["change"] = self.change and {
            "previous": self.change.previous,
            "previous_as_of": self.change.previous_as_of,
            "undivided": self.change.undivided,
            **self.change.sums.to_dict(),
        }
        return dict(without_nan(_plain(told)))


def _plain(told: Any) -> Any:  # Any: plain data, days and decimals in; JSON out
    if isinstance(told, Mapping):
        return {str(key): _plain(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [_plain(value) for value in told]
    if isinstance(told, date):
        return told.isoformat()
    return str(told) if isinstance(told, Decimal) else told
