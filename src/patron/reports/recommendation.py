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

    That is where nothing is late, and where a customer of the high tier is slipping: then what is done may cost more.
    """
    stage, rfm = _STAGES[customer.lifecycle], _RFM[customer.rfm_segment]
    is_worth_more = customer.tier == "high" and rfm.standing == "slipping"
    if stage.name != _NEVER and (stage.name == "Regular" or is_worth_more):
        because = f"{_pause(customer)} {rfm.name}: {_lowered(rfm.description)} Expected value: {customer.tier} tier."
        return Recommendation(rfm.action, rfm.name, "rfm_segment", because)
    because = f"{_pause(customer)} {stage.name}: {_lowered(stage.description)} Expected value: {customer.tier} tier."
    return Recommendation(stage.action, stage.name, "lifecycle", because)


def _pause(customer: Standing) -> str:
    if customer.lifecycle == _NEVER:
        return "No purchase counts so far."
    silent, usual = count(customer.days_since_last_purchase, "day"), f"{customer.usual_gap:.0f}"
    whose = "where customers usually come again after" if customer.lifecycle in _ONCE else "beside a usual pause of"
    return f"Last bought {silent} ago, {whose} {usual}."


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
