"""What may be sent of customers to be valued: every field by name, bounded, and none that tells the future."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self, TypeGuard

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from patron.quality.rules import MOST_AMOUNT
from patron.scores.by_data.outcome_fields import is_outcome, shown

MOST_CUSTOMERS: Final = 100
MOST_ROWS: Final = 2_000
OUTCOME: Final = "outcome_field"
_MOMENTS: Final = "it is no day or moment; write 2011-12-09 or 2011-12-09T12:50:00Z"
_DAY: Final = 10  # signs of 2011-12-09
_YEARS: Final = (1900, 2199)
_MOST_QUANTITY: Final = 10**9


def _read(written: str) -> date:
    try:
        return date.fromisoformat(written) if len(written) == _DAY else datetime.fromisoformat(written)
    except ValueError as error:
        raise PydanticCustomError("moment", _MOMENTS) from error


def _moment(written: object) -> object:
    """A text as a moment; a bare day is that day wherever its source is."""
    moment = _read(written) if isinstance(written, str) else written
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    if not isinstance(moment, datetime):
        raise PydanticCustomError("moment", _MOMENTS)
    if not _YEARS[0] <= moment.year <= _YEARS[1]:
        raise ValueError(f"its year is not between {_YEARS[0]} and {_YEARS[1]}")
    return moment


def _day(written: object) -> object:
    if isinstance(written, str | date):
        return written
    raise ValueError("it is no text; write days as 2011-12-09")


_DayOfYears = Annotated[date, BeforeValidator(_day), Field(ge=date(_YEARS[0], 1, 1), le=date(_YEARS[1], 12, 31))]
_Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=str)]
_Money = Annotated[Decimal, Field(gt=-MOST_AMOUNT, lt=MOST_AMOUNT)]
_Quantity = Annotated[Decimal, Field(gt=-_MOST_QUANTITY, lt=_MOST_QUANTITY)]


def _is_text(name: object) -> TypeGuard[str]:
    return isinstance(name, str)


class Sent(BaseModel):
    """Fields by name; what is not known is refused, and an outcome with the reason."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _no_outcome(cls, fields: Any) -> Any:  # Any: not parsed yet
        names = fields.keys() - cls.model_fields.keys() if isinstance(fields, Mapping) else ()
        for name in sorted(filter(_is_text, names)):
            if is_outcome(name):
                raise PydanticCustomError(
                    OUTCOME,
                    "'{field}' is an outcome: it would tell what the value is to predict, and is never an input",
                    {"field": shown(name)},
                )
        return fields


class SentTransaction(Sent):
    """One line of a receipt, or one order, in the columns of ``patron.tables.TRANSACTIONS``."""

    row_id: _Text | None = Field(None, description="Its own unique id; a repeated one is a duplicate or a conflict")
    order_id: _Text | None = Field(None, description="The order that it belongs to; empty: it is one by itself")
    occurred_at: _Moment = Field(description="When it happened; without a zone, in the zone of its source")
    known_at: _Moment | None = Field(None, description="When it became known; empty: when it happened")
    amount: _Money | None = Field(None, description="Signed; or quantity and unit_price")
    quantity: _Quantity | None = None
    unit_price: _Money | None = None
    discount: _Money | None = None
    margin: _Money | None = None
    product_id: _Text | None = None
    category: _Text | None = None
    branch_id: _Text | None = None
    channel: _Text | None = None
    country: _Text | None = None
    currency: _Text | None = Field(None, description="The value contract's; empty: the same")
    is_refund: bool = Field(False, description="It gives money back; beside what the source's own rule says")

    @model_validator(mode="after")
    def _has_an_amount(self) -> Self:
        if self.amount is None and (self.quantity is None or self.unit_price is None):
            raise PydanticCustomError("missing_amount", "it has neither an amount nor a quantity with a unit_price")
        return self


class SentEngagement(Sent):
    """One message opened, link clicked or page visited."""

    occurred_at: _Moment
    known_at: _Moment | None = None
    kind: _Text


class SentContact(Sent):
    """One contact by a campaign; held_out marks the control group."""

    contacted_at: _Moment
    responded_at: _Moment | None = None
    held_out: bool = False


class SentReview(Sent):
    """One review; the rating is on the source's own scale."""

    occurred_at: _Moment
    known_at: _Moment | None = None
    rating: _Quantity | None = None


class SentSubscription(Sent):
    """One contract."""

    started_on: _DayOfYears
    ended_on: _DayOfYears | None = None
    price: _Money | None = None
    period: Literal["month", "year"] | None = None


class SentAttributes(Sent):
    """What the customer's record says."""

    acquired_on: _DayOfYears | None = None


_Rows = Field(None, max_length=MOST_ROWS)


class SentCustomer(Sent):
    """One customer's history. A list that is left out is unknown; an empty one says that there was nothing."""

    reference: _Text | None = Field(None, description="What the answer calls the customer; nothing is looked up by it")
    transactions: Annotated[list[SentTransaction], Field(max_length=MOST_ROWS)]
    engagements: list[SentEngagement] | None = _Rows
    contacts: list[SentContact] | None = _Rows
    reviews: list[SentReview] | None = _Rows
    subscriptions: list[SentSubscription] | None = _Rows
    attributes: SentAttributes | None = None


class SentCustomers(Sent):
    """Customers to be valued by what is sent of them."""

    customers: Annotated[list[SentCustomer], Field(min_length=1, max_length=MOST_CUSTOMERS)]
    as_of: _DayOfYears | None = Field(None, description="Value as of the end of this day; empty: the release's")
    source: _Text | None = Field(None, description="The source whose rules hold, where several fill the transactions")
