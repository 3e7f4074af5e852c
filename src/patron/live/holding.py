"""Which events hold: of the versions of an id the highest, unless it says that the row is gone."""

from __future__ import annotations

from collections.abc import Iterable

from patron.sources.told.event import Event


def holding(events: Iterable[Event], reached: int) -> tuple[list[Event], list[Event]]:
    """The events that hold and came after a place; and those at or before it that held there and hold no longer.

    What a release was made from stands in ``reached``: of the second kind it must be taken out again.
    """
    newest: dict[tuple[str, str], Event] = {}
    then: dict[tuple[str, str], Event] = {}
    for event in events:
        key = (event.told_as, event.event_id)
        if key not in newest or event.version > newest[key].version:
            newest[key] = event
        if event.place <= reached and (key not in then or event.version > then[key].version):
            then[key] = event
    came = [event for event in newest.values() if event.place > reached and not event.deleted]
    gone = [event for key, event in then.items() if not event.deleted and newest[key].place > reached]
    return came, gone
