"""What is told, parsed at the door: an item with the columns of its table becomes an event, or is refused with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

from patron.sources.told.event import Event
from patron.tables import Column, source_table
from patron.tables.declared import Kind

AHEAD_SECONDS: Final = 300
"""How far the clocks of those who tell may be ahead of ours; what happened later than that has not happened yet."""
_MOST_AMOUNT: Final = Decimal(10) ** 12
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_VISIBLE: Final = r"^[^\x00-\x1f\x7f]*$"
_OWN: Final = ("row_id", "known_at")
"""Columns that an event has in other words: its own id; it is known when it happened."""


class ItemRefused(Exception):
    """An item that is no event; its text is the reason."""


@dataclass(frozen=True)
class Terms:
    """What events are held to: the value contract's currency, the first day that is believed, and the moment now."""

    currency: str
    earliest: date
    now: datetime


def event_of(told_as: str, item: object, terms: Terms) -> Event:
    """The event that an item tells; ItemRefused, naming the field, for one that cannot be believed."""
    try:
        told = _model(told_as).model_validate(item)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'item'}: {fault['msg']}" for fault in error.errors()[:5]]
        raise ItemRefused("; ".join(faults)) from None
    values = {name: value for name, value in told if value is not None}
    if not values["deleted"]:
        _refuse_missing(told_as, values)
    _refuse_unbelievable(values, terms)
    moment = values.get("occurred_at")
    apart = ("event_id", "version", "deleted", "customer_id", "occurred_at")
    return Event(
        told_as=told_as,
        event_id=values["event_id"],
        customer_id=values.get("customer_id", ""),
        body={name: _text(value) for name, value in values.items() if name not in apart and not values["deleted"]},
        occurred_at=(_utc(moment) - _EPOCH) // _MICROSECOND if moment else None,
        version=values["version"],
        deleted=values["deleted"],
    )


def item_schema(told_as: str) -> dict[str, Any]:  # Any: JSON schema
    """What an item of a table looks like, as JSON schema."""
    return _model(told_as).model_json_schema()


@lru_cache
def _model(told_as: str) -> type[BaseModel]:
    table = source_table(told_as)
    fields: dict[str, Any] = {  # Any: pydantic's own
        "event_id": (
            Annotated[str, Field(min_length=1, max_length=200, pattern=_VISIBLE, description="the item's own id")],
            ...,
        ),
        "version": (Annotated[int, Field(ge=1, le=2**53, strict=True, description="a higher one corrects")], 1),
        "deleted": (Annotated[bool, Field(strict=True, description="the row is gone; the id is enough")], False),
    }
    for column in table.columns:
        if column.name not in _OWN:
            fields[column.name] = (_typed(column), ... if column.name == "customer_id" and column.required else None)
    config = ConfigDict(extra="forbid", title=f"Told{told_as.title()}")
    return create_model(f"Told{told_as.title()}", __config__=config, **fields)


def _typed(column: Column) -> Any:  # Any: a type
    return Annotated[_TYPES[column.kind] | None, Field(description=column.meaning)]


def _as_text(value: object) -> object:
    """A time must be written out: a number may be seconds, milliseconds or a day."""
    if value is None or isinstance(value, str):
        return value
    raise ValueError("must be a text such as 2026-06-30T12:50:00Z")


_TYPES: Final[Mapping[Kind, Any]] = {  # Any: types
    "id": Annotated[str, Field(max_length=200, pattern=_VISIBLE)],
    "text": Annotated[str, Field(max_length=2000, pattern=_VISIBLE)],
    "money": Annotated[Decimal, Field(max_digits=18, decimal_places=4, allow_inf_nan=False)],
    "quantity": Annotated[Decimal, Field(max_digits=18, decimal_places=4, allow_inf_nan=False)],
    "moment": Annotated[datetime, BeforeValidator(_as_text)],
    "date": Annotated[date, BeforeValidator(_as_text)],
    "flag": Annotated[bool, Field(strict=True)],
}


def _refuse_missing(told_as: str, values: Mapping[str, Any]) -> None:  # Any: parsed values
    missing = [name for name in source_table(told_as).required if name not in values]
    if missing:
        raise ItemRefused(f"{', '.join(missing)}: missing")


def _refuse_unbelievable(values: Mapping[str, Any], terms: Terms) -> None:  # Any: parsed values
    moment, amount, currency = values.get("occurred_at"), values.get("amount"), values.get("currency")
    if moment is not None:
        latest = terms.now + timedelta(seconds=AHEAD_SECONDS)
        if _utc(moment) > latest:
            raise ItemRefused(f"occurred_at: {moment.isoformat()} has not happened yet (it is {terms.now.isoformat()})")
        if _utc(moment).date() < terms.earliest:
            raise ItemRefused(f"occurred_at: {moment.isoformat()} is before quality.earliest ({terms.earliest})")
    if amount is not None and abs(amount) >= _MOST_AMOUNT:
        raise ItemRefused(f"amount: {amount} is a trillion or more")
    if currency is not None and currency.upper() != terms.currency:
        raise ItemRefused(f"currency: '{currency}' is not the value contract's {terms.currency}")


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _utc(value).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
