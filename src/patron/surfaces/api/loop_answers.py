"""The answers about what people set by hand and what waits for them, as the OpenAPI page tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from patron.governance.overrides.override import Status
from patron.surfaces.api import answers


class SetByHandTold(BaseModel):
    """A value that somebody set, with what was published beside it."""

    override: str
    field: Literal["tier", "expected_value"]
    value: float | str
    published: float | str
    by: str
    because: str
    until: datetime


class CustomerAnswer(answers.CustomerAnswer):
    """One customer. What people set by hand stands in ``score`` and ``segments``; ``overrides`` says so, with what was published.

    The interval stays the model's.
    """

    overrides: list[SetByHandTold]


class ListedCustomer(answers.ListedCustomer):
    """One customer in a list; ``overridden`` names what was set by hand."""

    overridden: list[str]


class CustomersAnswer(answers.Answer):
    """A page of customers by id, and how many there are in all."""

    customers: list[ListedCustomer]
    total: int
    cursor: str | None = Field(description="Send it for the next page; null at the end")


class OverrideTold(BaseModel):
    """What somebody set by hand for a customer, why, until when, and what became of it."""

    model_config = ConfigDict(extra="ignore")

    id: str
    customer_id: str
    field: Literal["tier", "expected_value"]
    value: Annotated[str, Field(description="Money as exact text, in the release's currency")]
    published: Annotated[str, Field(description="What the release said instead, when it was set")]
    release: str
    because: str
    status: Status
    made_by: str
    made_at: str
    until: str
    needs_second: bool
    judged_by: str | None
    judged_at: str | None
    judged_because: str | None
    ended_by: str | None
    ended_at: str | None
    ended_because: str | None
    replaces: str | None
    replaced_by: str | None


class OverridesAnswer(BaseModel):
    overrides: list[OverrideTold]
    cursor: str | None = Field(description="Send it for the next page; null at the end")


class CustomerOverridesAnswer(BaseModel):
    customer_id: str
    overrides: list[OverrideTold]


class ReviewTold(BaseModel):
    """Something that waits for a person: a record of the exception queue, or a customer to be looked at."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(description="The same for the same kind and subject, in any release")]
    kind: Literal["record", "low_confidence", "change", "alert"]
    subject: Annotated[str, Field(description="The customer's id, or the record's entry in the queue")]
    why: str
    value: Annotated[float | None, Field(description="What is at stake, in the release's currency; null for a record")]
    status: Literal["open", "decided"]
    owner: str | None
    first_seen: str
    due_at: str
    overdue: bool
    may: Annotated[list[str], Field(description="What can be decided here; a record is fixed with 'patron queue fix'")]
    verdict: str | None
    because: str | None
    decided_by: str | None
    decided_at: str | None


class ReviewsAnswer(answers.Answer):
    """A page of what waits, the first that is due first; ``open`` and ``overdue`` count all that the filters leave."""

    reviews: list[ReviewTold]
    open: int
    overdue: int
    cursor: str | None = Field(description="Send it for the next page; null at the end")


class ScoredOverride(BaseModel):
    """A value that was set by hand beside what came within the horizon; money as exact text."""

    override: str
    customer_id: str
    by: str
    value: str
    published: str
    matures_on: str
    verdict: Literal["right", "wrong", "even", "not yet", "no outcome"]
    actual: str | None
    own_error: str | None
    model_error: str | None
    read_on: str | None


class ScoredPerson(BaseModel):
    """What came of a person's overrides, with mean errors beside the model's of the same customers."""

    by: str
    right: int
    wrong: int
    even: int
    not_yet: int
    no_outcome: int
    own_error: str | None
    model_error: str | None


class OverrideReportAnswer(BaseModel):
    overrides: list[ScoredOverride]
    people: list[ScoredPerson]
    tiers: Annotated[int, Field(description="Overrides of tiers, which have no value to be held to")]
    withdrawn: int
