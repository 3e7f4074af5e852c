"""A stream is read into the log: kept before it is acknowledged, once however often it comes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from patron.errors import StorageFailed
from patron.governance.audit.chain import Act, entries
from patron.governance.state.opened import State
from patron.sources.streams.consume import Consumed, consume
from patron.sources.streams.stream import Message, Stream
from patron.sources.told.items import Terms
from patron.sources.told.log import events_after


def event(event_id: str, **more: object) -> bytes:
    told = {"event_id": event_id, "customer_id": "ann", "occurred_at": "2026-10-31T10:00:00Z", "amount": "5"}
    return json.dumps(told | more).encode()


def terms() -> Terms:
    return Terms("EUR", date(2000, 1, 1), datetime(2026, 11, 1, tzinfo=UTC))


def noted(fates: Mapping[str, int]) -> Act:
    return Act("stream", "", "command line", "", "events.tell", "transactions", "done", dict(fates))


@dataclass
class Broker:
    """A stream in memory: what is not acknowledged comes again."""

    waiting: list[Message]
    aside: list[tuple[str, str]] = field(default_factory=list)

    def read(self, most: int, wait_seconds: float) -> Sequence[Message]:
        return self.waiting[:most]

    def set_aside(self, message: Message, because: str) -> None:
        self.aside.append((message.id, because))

    def acknowledge(self, messages: Sequence[Message]) -> None:
        self.waiting = [one for one in self.waiting if one not in messages]

    def close(self) -> None: ...


def rounds(stream: Stream, state: State, most: int = 10) -> Consumed:
    total = Consumed()
    while (came := consume(stream, state, "transactions", terms, noted, most=most, wait_seconds=0.01)) != Consumed():
        total += came
    return total


def test_what_comes_twice_is_kept_once_and_what_cannot_be_believed_is_set_aside(state: State) -> None:
    contents = [
        event("1"),
        event("1"),
        event("1", amount="6"),
        b"no json",
        b"[1]",
        event("2", FutureRevenue=1),
        event("3"),
    ]
    broker = Broker([Message(f"{number}", content) for number, content in enumerate(contents)])
    assert rounds(broker, state, most=3) == Consumed(2, 1, 4)
    assert [one.event_id for one in events_after(state, 0)] == ["1", "3"]
    assert [number for number, _ in broker.aside] == ["2", "3", "4", "5"]
    assert "FutureRevenue" in broker.aside[-1][1]
    assert [entry.action for entry in entries(state)] == ["events.tell"] * 3


def test_nothing_is_acknowledged_that_was_not_kept(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker([Message("1", event("1"))])

    def full(*_: object, **__: object) -> None:
        raise StorageFailed("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr("patron.sources.streams.consume.tell", full)
        with pytest.raises(StorageFailed):
            rounds(broker, state)
    assert len(broker.waiting) == 1
    assert rounds(broker, state) == Consumed(1, 0, 0)


def test_a_round_that_was_killed_before_it_acknowledged_is_done_again(
    state: State, open_again: Callable[[], State]
) -> None:
    broker = Broker([Message(f"{number}", event(f"{number}")) for number in range(5)])
    held = list(broker.waiting)
    assert rounds(broker, state) == Consumed(5, 0, 0)
    broker.waiting = held
    assert rounds(broker, open_again()) == Consumed(0, 5, 0)
    assert len(list(events_after(state, 0))) == 5
