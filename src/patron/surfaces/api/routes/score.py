"""Customers valued by what is sent of them: nothing of the release's own customers is read, and nothing sent is kept."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from patron.governance.audit.chain import act_of
from patron.governance.roles import Permission
from patron.scores.by_data.sent import SentCustomers
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.answers import Answer, Money, Share
from patron.surfaces.api.who import Held, Seen, Who

routes = Routes(prefix="/v1", tags=["scoring"])


class DataScore(BaseModel):
    """What a customer is worth by what was sent, as ``patron.tables.SCORES`` tells it."""

    model_config = ConfigDict(extra="ignore")

    expected_orders: float
    expected_value: Money
    value_low: Annotated[Money, Field(description="Lower end of the 80 % interval")]
    value_high: Money
    probability_alive: Share
    probability_no_purchase: Share
    historic_value: Money
    total_value: Money
    next_purchase_from: date | None
    next_purchase_to: date | None
    confidence: str


class DataGroups(BaseModel):
    """The groups that these numbers alone give: the raw labels of ``patron.tables.SEGMENTS``."""

    model_config = ConfigDict(extra="ignore")

    tier: str
    rfm_segment: str
    recency_score: int
    frequency_score: int
    monetary_score: int
    lifecycle: str
    cluster_id: int | None
    cluster: str | None
    cluster_chance: Share | None
    usual_gap: Annotated[float, Field(description="Their own usual pause between purchase days")]


class Recommended(BaseModel):
    """One thing to do, the group that calls for it, and why."""

    action: str
    group: str
    view: str
    because: str


class SetAsideRow(BaseModel):
    """A transaction that was not counted."""

    row: Annotated[int, Field(description="Its place among those sent, from 0")]
    reason: str
    detail: str


class NotScored(BaseModel):
    """Why a customer has no value."""

    reason: str
    detail: str


class ScoredCustomer(BaseModel):
    """What is told of one customer; score and groups are null where ``not_scored`` says why."""

    reference: str | None
    score: DataScore | None
    groups: DataGroups | None
    recommendation: Recommended | None
    unknown_features: Annotated[
        list[str], Field(description="Features of the release whose columns were not sent: the model did without")
    ]
    counted: Annotated[int, Field(description="Transactions that were counted")]
    duplicates: int
    set_aside: list[SetAsideRow]
    caveats: list[str]
    not_scored: NotScored | None


class ScoreAnswer(Answer):
    """Everybody sent, in the same order."""

    model: str
    horizon_days: int
    customers: list[ScoredCustomer]


@routes.act("/score", Permission.SCORE_DATA, also=[404], response_model=ScoreAnswer)
async def score(sent: SentCustomers, view: Seen, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """Value customers by the transactions sent, by the models and rules of the current release."""
    told = await asyncio.to_thread(lambda: serving.scorings.of(view.snapshot.release).score(sent))
    await serving.audit.write(act_of(who, "score.data", view.snapshot.id, customers=len(sent.customers)))
    return told
