"""Events: tell what happened, many at a time, and see what waits for a run. What is answered as accepted is on disk."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Header
from pydantic import BaseModel, Field, WithJsonSchema

from patron.governance.audit.chain import Act, act_of
from patron.governance.roles import Permission
from patron.sources.told.event import TOLD_TABLES
from patron.sources.told.items import Terms, item_schema
from patron.sources.told.log import newest_place, waiting
from patron.sources.told.tell import Repeat, Result, tell
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held, Who

routes = Routes(prefix="/v1", tags=["events"])
MOST_ITEMS: Final = 1000
_P = Permission.TELL_EVENTS
Items = list[dict[str, Any]]  # Any: an item is judged by itself, so that one that is wrong keeps back no other
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="A request that is sent again with its key gets the answer that it got before",
    ),
]


def _items(told_as: str) -> Any:  # Any: a type
    schema = {"type": "array", "minItems": 1, "maxItems": MOST_ITEMS, "items": item_schema(told_as)}
    return Annotated[Items, Field(min_length=1, max_length=MOST_ITEMS), WithJsonSchema(schema)]


class Transactions(BaseModel):
    """What was bought or given back."""

    items: _items("transactions")  # type: ignore[valid-type]  # made from the declared table


class Customers(BaseModel):
    """Who they are."""

    items: _items("customers")  # type: ignore[valid-type]


class Contacts(BaseModel):
    """Who was contacted."""

    items: _items("contacts")  # type: ignore[valid-type]


class Engagements(BaseModel):
    """What people did short of buying."""

    items: _items("engagements")  # type: ignore[valid-type]


class ItemResult(BaseModel):
    """What became of an item."""

    event_id: str | None
    fate: Annotated[str, Field(description="accepted, duplicate, conflict or refused")]
    because: str | None = None


class Told(BaseModel):
    """What became of a batch: how many items met which fate, and each of them in the order in which they were sent."""

    accepted: int
    duplicate: int
    conflict: int
    refused: int
    results: list[ItemResult]


class EventsAnswer(BaseModel):
    """The log of events: the place of the newest, and how many of each table the release that is served was not made from."""

    newest: int
    since_release: dict[str, int]


@routes.act("/transactions", _P, also=[409, 413], response_model=Told)
async def tell_transactions(
    told: Transactions, who: Who, serving: Held, key: Key = None
) -> dict[str, Any]:  # Any: JSON
    """Tell purchases and refunds. A customer's value follows at once; the next run counts them."""
    return await _told("transactions", told.items, who, serving, key)


@routes.act("/customers", _P, also=[409, 413], response_model=Told)
async def tell_customers(told: Customers, who: Who, serving: Held, key: Key = None) -> dict[str, Any]:  # Any: JSON
    """Tell who customers are; the next run counts it."""
    return await _told("customers", told.items, who, serving, key)


@routes.act("/contacts", _P, also=[409, 413], response_model=Told)
async def tell_contacts(told: Contacts, who: Who, serving: Held, key: Key = None) -> dict[str, Any]:  # Any: JSON
    """Tell who was contacted; the next run counts it."""
    return await _told("contacts", told.items, who, serving, key)


@routes.act("/engagements", _P, also=[409, 413], response_model=Told)
async def tell_engagements(told: Engagements, who: Who, serving: Held, key: Key = None) -> dict[str, Any]:  # Any: JSON
    """Tell what people opened, clicked and looked at; it is seen at once, and the next run counts it."""
    return await _told("engagements", told.items, who, serving, key)


@routes.ask("/events", _P, response_model=EventsAnswer)
async def events_told(serving: Held) -> dict[str, Any]:  # Any: JSON
    """How far the log of events is, and what the release that is served was not made from."""
    return await asyncio.to_thread(_log_of, serving)


def _log_of(serving: Serving) -> dict[str, Any]:  # Any: JSON
    reached = serving.current.snapshot.release.told_reached() if serving.current.has_release else {}
    since = waiting(serving.state, {table: reached.get(table, 0) for table in TOLD_TABLES})
    return {"newest": newest_place(serving.state), "since_release": since}


def _known_as(serving: Serving, item: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
    """The item under the name that releases call its customer by."""
    told = item.get("customer_id")
    if not isinstance(told, str) or not told.isprintable():  # which the item's own rules refuse
        return item
    return item | {"customer_id": serving.known_as(told)} if told else item


async def _told(told_as: str, items: Items, who: Who, serving: Serving, key: str | None) -> dict[str, Any]:  # Any: JSON
    terms = Terms(serving.contract.currency, serving.earliest, datetime.now(UTC))

    def noted(fates: Mapping[str, int]) -> Act:
        return act_of(who, "events.tell", told_as, "done", **fates)

    repeat = Repeat(who.id, key) if key else None
    results: tuple[Result, ...] = await asyncio.to_thread(tell, serving.state, told_as, items, terms, noted, repeat)
    await asyncio.to_thread(serving.live.look)
    fates = Counter(result.fate for result in results)
    return {fate: fates[fate] for fate in ("accepted", "duplicate", "conflict", "refused")} | {"results": results}
