"""Tell events: a batch is parsed item by item, and what can be believed is kept, all in one transaction with its audit."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from patron.errors import AlreadySo
from patron.governance.audit.chain import Act, write_within
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import ANSWERED
from patron.sources.told.event import Event
from patron.sources.told.items import ItemRefused, Terms, event_of
from patron.sources.told.log import Fate, hold, keep

REFUSED: Final = "refused"
_ANSWERS_KEPT: Final = 7 * 86_400_000_000
Noted = Callable[[Mapping[str, int]], Act]
"""What to write into the audit of a batch, given how many of its items met which fate."""


@dataclass(frozen=True)
class Result:
    """What became of an item: accepted, duplicate, conflict or refused, and why where it was not kept."""

    event_id: str | None
    fate: str
    because: str | None = None


@dataclass(frozen=True)
class Repeat:
    """A request that may be sent again: who sends it, and the key that they gave it."""

    asker: str
    key: str


class KeyReused(AlreadySo):
    """A key of a request was used before, for another content."""


_BECAUSE: Final[Mapping[Fate, str]] = {
    "conflict": "this id and version were told before with other content, or of another customer; what was told first stays. "
    "To correct it, tell it again with a higher version"
}


def tell(
    state: State, told_as: str, items: Sequence[object], terms: Terms, noted: Noted, repeat: Repeat | None = None
) -> tuple[Result, ...]:
    """Keep what the items tell, on disk when this ends, and say of each what became of it, in their order.

    A request with a key that was answered within the last seven days gets the same answer again; KeyReused where its items
    are others.
    """
    parsed = [_parsed(told_as, item, terms) for item in items]
    request = _digest(told_as, items) if repeat else ""
    now = now_in_microseconds()
    with state.changing() as connection:
        hold(connection)  # so that of two that come at once with one key the second finds the first's answer
        if repeat and (before := _answered(connection, repeat, request)):
            return before
        fates = iter(keep(connection, [event for event in parsed if isinstance(event, Event)], now))
        results = tuple(_result(item, event, fates) for item, event in zip(items, parsed, strict=True))
        write_within(connection, [noted(Counter(result.fate for result in results))])
        if repeat:
            _answer(connection, repeat, request, results, now)
    return results


def _parsed(told_as: str, item: object, terms: Terms) -> Event | ItemRefused:
    try:
        return event_of(told_as, item, terms)
    except ItemRefused as refused:
        return refused


def _result(item: object, event: Event | ItemRefused, fates: Any) -> Result:  # Any: an iterator of Fate
    if isinstance(event, ItemRefused):
        told = item.get("event_id") if isinstance(item, Mapping) else None
        return Result(told if isinstance(told, str) and len(told) <= 200 else None, REFUSED, str(event))
    fate: Fate = next(fates)
    return Result(event.event_id, fate, _BECAUSE.get(fate))


def _digest(told_as: str, items: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps([told_as, items], sort_keys=True, default=str).encode()).hexdigest()


def _answered(connection: Connection, repeat: Repeat, request: str) -> tuple[Result, ...] | None:
    mine = (ANSWERED.c.asker == repeat.asker) & (ANSWERED.c.key == repeat.key)
    row = connection.execute(select(ANSWERED.c.request, ANSWERED.c.answer).where(mine)).first()
    if row is None:
        return None
    if row.request != request:
        raise KeyReused(
            f"The key '{repeat.key}' was used before for other items.",
            allowed="A key belongs to one request, which may be sent again as it was.",
            to_do="Give each new request a new Idempotency-Key.",
        )
    return tuple(Result(**told) for told in json.loads(row.answer))


def _answer(connection: Connection, repeat: Repeat, request: str, results: Sequence[Result], now: int) -> None:
    connection.execute(delete(ANSWERED).where(ANSWERED.c.at < now - _ANSWERS_KEPT))
    answer = json.dumps([asdict(result) for result in results])
    values = {"asker": repeat.asker, "key": repeat.key, "request": request, "answer": answer, "at": now}
    connection.execute(insert(ANSWERED).values(**values))
