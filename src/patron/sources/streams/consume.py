"""Read a stream into the log of events: kept first, acknowledged afterwards, so that nothing is lost; told twice, kept once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from patron.governance.state.opened import State
from patron.sources.streams.stream import Message, Stream
from patron.sources.told.items import Terms
from patron.sources.told.tell import Noted, Result, tell

_SET_ASIDE: Final = ("refused", "conflict")


@dataclass(frozen=True)
class Consumed:
    """How many messages met which fate."""

    accepted: int = 0
    duplicate: int = 0
    set_aside: int = 0

    def __add__(self, other: Consumed) -> Consumed:
        return Consumed(
            self.accepted + other.accepted, self.duplicate + other.duplicate, self.set_aside + other.set_aside
        )


def consume(
    stream: Stream,
    state: State,
    told_as: str,
    terms: Callable[[], Terms],
    noted: Noted,
    *,
    most: int,
    wait_seconds: float,
) -> Consumed:
    """One round: read what came, keep what can be believed, set the rest aside with reasons, then acknowledge.

    Killed at any moment, the next round reads again what was not acknowledged.
    """
    messages = stream.read(most, wait_seconds)
    if not messages:
        return Consumed()
    items = [_item(message) for message in messages]
    results = tell(state, told_as, items, terms(), noted)
    _set_aside(stream, messages, results)
    stream.acknowledge(messages)
    fates = Counter(result.fate for result in results)
    return Consumed(fates["accepted"], fates["duplicate"], sum(fates[fate] for fate in _SET_ASIDE))


def _item(message: Message) -> object:
    """What a message tells; None, which is refused, where it is no JSON."""
    try:
        return json.loads(message.content)
    except (ValueError, RecursionError):
        return None


def _set_aside(stream: Stream, messages: Sequence[Message], results: Sequence[Result]) -> None:
    for message, result in zip(messages, results, strict=True):
        if result.fate in _SET_ASIDE:
            stream.set_aside(message, result.because or result.fate)
