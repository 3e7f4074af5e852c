"""The log of events: each kept once, in one order that every reader sees, on disk before anybody is told that it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import Connection, func, insert, select, update

from patron.governance.state.opened import State
from patron.governance.state.tables import EVENTS, EVENTS_HEAD
from patron.sources.told.event import Event

Fate = Literal["accepted", "duplicate", "conflict"]
"""What became of an event: kept; known already and the same; or its id and version are known with other content, or its id of
another customer, and what was told first stays."""

_HEAD: Final = 1
_IDS_AT_ONCE: Final = 500
_READ_AT_ONCE: Final = 5_000
_COLUMNS: Final = (
    EVENTS.c.place,
    EVENTS.c.told_as,
    EVENTS.c.event_id,
    EVENTS.c.version,
    EVENTS.c.customer_id,
    EVENTS.c.occurred_at,
    EVENTS.c.deleted,
    EVENTS.c.body,
)


def keep(connection: Connection, events: Sequence[Event], received_at: int) -> list[Fate]:
    """Keep these within a transaction of ``State.changing``, and say of each what became of it.

    Places follow one another without a gap in the order of commits, so that whoever has read up to one has missed none.
    """
    place = _newest(connection, lock=True)
    held = _held(connection, events)
    fates: list[Fate] = []
    rows: list[dict[str, Any]] = []  # Any: values of columns
    for event in events:
        fate = held.fate_of(event)
        fates.append(fate)
        if fate == "accepted":
            held.add(event.told_as, event.event_id, event.version, event.customer_id, event.content)
            rows.append(_row(event, place + len(rows) + 1, received_at))
    if rows:
        connection.execute(insert(EVENTS), rows)
        connection.execute(update(EVENTS_HEAD).where(EVENTS_HEAD.c.id == _HEAD).values(place=place + len(rows)))
    return fates


def hold(connection: Connection) -> None:
    """Let no other transaction keep events until this one ends."""
    _newest(connection, lock=True)


def newest_place(state: State) -> int:
    """The place of the event that was kept last; 0 before the first."""
    with state.reading() as connection:
        return _newest(connection, lock=False)


def events_after(state: State, place: int, told_as: str = "", *, at_once: int = _READ_AT_ONCE) -> Iterator[Event]:
    """The events after a place in their order, of one table or of all."""
    while True:
        query = select(*_COLUMNS).where(EVENTS.c.place > place).order_by(EVENTS.c.place).limit(at_once)
        if told_as:
            query = query.where(EVENTS.c.told_as == told_as)
        with state.reading() as connection:
            found = [_event(row) for row in connection.execute(query)]
        yield from found
        if len(found) < at_once:
            return
        place = found[-1].place


def events_of(state: State, customer_id: str) -> list[Event]:
    """Every event of a customer, in the order in which they came."""
    query = select(*_COLUMNS).where(EVENTS.c.customer_id == customer_id).order_by(EVENTS.c.place)
    with state.reading() as connection:
        return [_event(row) for row in connection.execute(query)]


def touched_after(state: State, told_as: str, place: int) -> set[str]:
    """The customers of whom something of a table was told after a place."""
    # Told apart here, and in the order of places: asked to do it, SQLite would read every event instead of the newest ones.
    query = select(EVENTS.c.customer_id, EVENTS.c.told_as).where(EVENTS.c.place > place).order_by(EVENTS.c.place)
    with state.reading() as connection:
        return {row.customer_id for row in connection.execute(query) if row.told_as == told_as}


def newest_moment(state: State, told_as: str, place: int) -> int | None:
    """When the newest event of a table happened, of those after a place that hold; None where there are none."""
    higher = EVENTS.alias("higher")
    same_id = (higher.c.told_as == EVENTS.c.told_as) & (higher.c.event_id == EVENTS.c.event_id)
    outdone = select(higher.c.place).where(same_id, higher.c.version > EVENTS.c.version).exists()
    query = select(EVENTS.c.occurred_at).where(
        EVENTS.c.told_as == told_as, EVENTS.c.place > place, EVENTS.c.deleted.is_(False), ~outdone
    )
    with state.reading() as connection:
        return connection.execute(query.order_by(EVENTS.c.occurred_at.desc()).limit(1)).scalar()


def waiting(state: State, reached: Mapping[str, int]) -> dict[str, int]:
    """How many events of each table came after the place that was reached, by table."""
    found = {}
    with state.reading() as connection:
        for told_as, place in reached.items():
            after = (EVENTS.c.told_as == told_as) & (EVENTS.c.place > place)
            found[told_as] = connection.execute(select(func.count()).select_from(EVENTS).where(after)).scalar_one()
    return found


def _newest(connection: Connection, *, lock: bool) -> int:
    query = select(EVENTS_HEAD.c.place).where(EVENTS_HEAD.c.id == _HEAD)
    return int(connection.execute(query.with_for_update() if lock else query).scalar_one())


@dataclass(frozen=True)
class _Held:
    """What is known of some ids: the content of each version, and whose event it is."""

    contents: dict[tuple[str, str, int], str] = field(default_factory=dict)
    customers: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, told_as: str, event_id: str, version: int, customer_id: str, content: str) -> None:
        self.contents[told_as, event_id, version] = content
        self.customers[told_as, event_id] = customer_id

    def fate_of(self, event: Event) -> Fate:
        known = self.contents.get((event.told_as, event.event_id, event.version))
        if known is not None:
            return "duplicate" if known == event.content else "conflict"
        # Each customer's events stand for themselves: one that changed hands would count for both.
        owner = self.customers.get((event.told_as, event.event_id), event.customer_id)
        return "accepted" if owner == event.customer_id else "conflict"


def _held(connection: Connection, events: Sequence[Event]) -> _Held:
    found = _Held()
    for told_as in {event.told_as for event in events}:
        ids = sorted({event.event_id for event in events if event.told_as == told_as})
        for begin in range(0, len(ids), _IDS_AT_ONCE):
            some = ids[begin : begin + _IDS_AT_ONCE]
            query = select(EVENTS.c.event_id, EVENTS.c.version, EVENTS.c.customer_id, EVENTS.c.content)
            query = query.where(EVENTS.c.told_as == told_as, EVENTS.c.event_id.in_(some))
            for row in connection.execute(query):
                found.add(told_as, *row)
    return found


def _row(event: Event, place: int, received_at: int) -> dict[str, Any]:  # Any: values of columns
    return {
        "place": place,
        "told_as": event.told_as,
        "event_id": event.event_id,
        "version": event.version,
        "customer_id": event.customer_id,
        "occurred_at": event.occurred_at,
        "received_at": received_at,
        "deleted": event.deleted,
        "body": event.text,
        "content": event.content,
    }


def _event(row: Any) -> Event:  # Any: values of columns
    return Event(
        row.told_as,
        row.event_id,
        row.customer_id,
        json.loads(row.body),
        row.occurred_at,
        row.version,
        bool(row.deleted),
        row.place,
    )
