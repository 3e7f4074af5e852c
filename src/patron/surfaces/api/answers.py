"""The answers of the API, as its OpenAPI page tells them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Money = Annotated[float, Field(description="In the release's currency")]
Share = Annotated[float, Field(ge=0, le=1)]


class Answer(BaseModel):
    """What every answer about the release says: which one it is, of which day, in which currency."""

    model_config = ConfigDict(extra="ignore")

    release: str
    as_of: date
    currency: str


class Score(BaseModel):
    """What a customer is worth (``patron.tables.SCORES``)."""

    model_config = ConfigDict(extra="ignore")

    horizon_days: int
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
    confidence: Literal["high", "medium", "low"]
    model: str


class Segments(BaseModel):
    """Which groups a customer belongs to, and where they are heading (``patron.tables.SEGMENTS``)."""

    model_config = ConfigDict(extra="ignore")

    tier: str
    rfm_segment: str
    lifecycle: str | None = None
    cluster_id: int | None = None
    cluster: str | None = None
    seasonal_type: str | None = None
    place: str | None = None
    branch: str | None = None
    next_tier: str | None = None
    tier_outlook: str | None = None
    next_rfm_segment: str | None = None


class Behaviour(BaseModel):
    """How a customer behaves lately (``patron.tables.BEHAVIOUR``)."""

    model_config = ConfigDict(extra="ignore")

    churn_chance: Share
    engagement: float
    alert: str
    alert_because: str | None = None
    usual_value: Money
    value_at_risk: Money
    savable_value: Money
    rising: bool


class LiveStatistics(BaseModel):
    """A customer's sufficient statistics, days counted in UTC (Fader, Hardie & Lee 2005)."""

    model_config = ConfigDict(from_attributes=True)

    frequency: Annotated[int, Field(description="Days with a purchase after the first")]
    recency: Annotated[int, Field(description="Days from the first purchase to the last")]
    T: Annotated[int, Field(description="Days since the first purchase")]
    monetary_value: Annotated[Money, Field(description="Mean spend of a day with a repeat purchase")]
    purchase_days: int
    orders: int
    gross_value: Money
    historic_value: Money


class Live(BaseModel):
    """A customer as of the newest event, where something was told of them since the release."""

    model_config = ConfigDict(from_attributes=True)

    is_new: Annotated[bool, Field(description="The release does not have them yet")]
    events: int
    as_of: date
    expected_value: Annotated[Money | None, Field(description="Over the release's horizon from that day on")]
    probability_alive: Share | None
    model: Annotated[str | None, Field(description="The closed form that moved the value")]
    moved_from: Annotated[float | None, Field(description="The published value; null for a new customer")]
    statistics: LiveStatistics | None
    engagements: int
    engaged_at: datetime | None
    waits_because: Annotated[str | None, Field(description="Why there is no value before the next run")]


class CustomerAnswer(Answer):
    """One customer: value with its interval, groups, behaviour, own rules met, and what was told since the release.

    One who is new has no score, segments and behaviour yet.
    """

    customer_id: str
    score: Score | None
    segments: Segments | None
    behaviour: Behaviour | None
    rules: list[str]
    live: Live | None


class ListedCustomer(BaseModel):
    """One customer in a list."""

    model_config = ConfigDict(extra="ignore")

    customer_id: str
    expected_value: Money
    value_low: Money
    value_high: Money
    confidence: str
    tier: str
    rfm_segment: str
    lifecycle: str | None = None
    cluster: str | None = None
    alert: str | None = None


class CustomersAnswer(Answer):
    """A page of customers by id, and how many there are in all."""

    customers: list[ListedCustomer]
    total: int
    cursor: str | None = Field(description="Send it for the next page; null at the end")


class Move(BaseModel):
    """A customer's move between two groups since the release before, and why."""

    model_config = ConfigDict(extra="ignore")

    view: str
    before: str | None
    now: str | None
    because: str


class MovesAnswer(Answer):
    customer_id: str
    moves: list[Move]


class ReasonsAnswer(Answer):
    """Why a customer's value is what it is: ``patron customer --json``, whole."""

    customer_id: str
    reasons: dict[str, Any]


class Group(BaseModel):
    """A group in figures; all null where it has so few customers that it is hidden. A null name: those in no group."""

    name: str | None
    customers: int | None
    expected_value: Money | None
    historic_value: Money | None
    value_at_risk: Money | None
    hidden: bool


class GroupsAnswer(Answer):
    view: str
    groups: list[Group]


class PortfolioAnswer(Answer):
    """All customers in scope; the interval is told of the whole portfolio only."""

    horizon_days: int
    customers: int | None
    expected_value: Money | None
    expected_low: Money | None
    expected_high: Money | None
    historic_value: Money | None
    value_at_risk: Money | None
    hidden: bool
    stale: str | None = Field(description="Why this release is older than it should be; null if it is not")


class ReleaseTold(BaseModel):
    """A published release."""

    id: str
    as_of: date
    created_at: str
    horizon_days: int
    currency: str
    profile: str
    customers: int | None = Field(description="Null for who is held to some branches")
    champion: str
    current: bool


class ReleasesAnswer(BaseModel):
    releases: list[ReleaseTold]


class EvidenceAnswer(Answer):
    """A part of a release as it was published: the backtest and its verdict, or the model card."""

    told: dict[str, Any]


class Health(BaseModel):
    status: Literal["ok"]


class SessionAnswer(BaseModel):
    """Who is logged in; ``csrf_token`` must come with every change as X-CSRF-Token."""

    name: str
    role: str
    branches: list[str] | None
    must_change_password: bool
    csrf_token: str | None = None


class WhoAnswer(BaseModel):
    """Who asks, as the server knows them."""

    name: str
    role: str
    permissions: list[str]
    branches: list[str] | None


class AccountTold(BaseModel):
    name: str
    role: str
    branches: list[str] | None
    must_change_password: bool
    disabled: bool


class AccountsAnswer(BaseModel):
    accounts: list[AccountTold]


class NewAccountAnswer(BaseModel):
    """A new account and its one-time password, which is told this once; null where the provider knows the person."""

    account: AccountTold
    one_time_password: str | None


class KeyTold(BaseModel):
    id: str
    name: str
    role: str
    permissions: list[str]
    branches: list[str] | None
    made_by: str
    ends_at: str
    works: bool


class KeysAnswer(BaseModel):
    keys: list[KeyTold]


class NewKeyAnswer(BaseModel):
    """A new key and what the program must send, which is told this once."""

    key: KeyTold
    secret: str


class AuditEntry(BaseModel):
    place: int
    at: str
    who: str
    role: str
    via: str
    address: str
    action: str
    subject: str
    outcome: str
    details: dict[str, Any]


class AuditAnswer(BaseModel):
    entries: list[AuditEntry]
    after: int | None = Field(description="Send it for the next page; null at the end")


class AuditVerdict(BaseModel):
    """Whether the chain is as it was written."""

    entries: int
    head: str
    faults: list[str]
