"""What to do about one customer, and why: from what the groups that they belong to are known to call for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from patron.reports.wording import count
from patron.segments.lifecycle import STAGES
from patron.segments.rfm import RFM_CATALOGUE

_STAGES: Final = {stage.name: stage for stage in STAGES}
_RFM: Final = {name.name: name for name in RFM_CATALOGUE}
_ONCE: Final = ("New", "One-time")
_LATE: Final = ("Slowing", "Lapsing")
_NEVER: Final = "Not yet buying"


@dataclass(frozen=True)
class Standing:
    """Where a customer stands: groups, days since the last purchase, and their own usual pause in days."""

    tier: str
    rfm_segment: str
    lifecycle: str
    days_since_last_purchase: int
    usual_gap: float


@dataclass(frozen=True)
class Recommendation:
    """One thing to do, the group that calls for it, and why, in sentences."""

    action: str
    group: str
    view: Literal["lifecycle", "rfm_segment"]
    because: str


def recommendation(customer: Standing) -> Recommendation:
    """The action of the lifecycle stage, or of the RFM name where that says more.

    That is where nothing is late and all is well; and where a customer of the high tier is late and slipping, for whom more
    may be spent.
    """
    stage, rfm = _STAGES[customer.lifecycle], _RFM[customer.rfm_segment]
    is_well = stage.name == "Regular" and rfm.standing in ("thriving", "growing")
    is_worth_more = stage.name in _LATE and customer.tier == "high" and rfm.standing == "slipping"
    if is_well or is_worth_more:
        return Recommendation(rfm.action, rfm.name, "rfm_segment", _because(customer, rfm.name, rfm.description))
    return Recommendation(stage.action, stage.name, "lifecycle", _because(customer, stage.name, stage.description))


def _because(customer: Standing, group: str, description: str) -> str:
    return f"{_pause(customer)} {group}: {_lowered(description)} Expected value: {customer.tier} tier."


def _pause(customer: Standing) -> str:
    if customer.lifecycle == _NEVER:
        return "No purchase counts so far."
    silent, usual = count(customer.days_since_last_purchase, "day"), count(round(customer.usual_gap), "day")
    if customer.lifecycle in _ONCE:
        return f"Last bought {silent} ago, where customers usually come again after {usual}."
    return f"Last bought {silent} ago, beside a usual pause of {usual}."


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
