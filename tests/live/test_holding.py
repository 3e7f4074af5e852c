"""Of the versions of an event the highest holds, and what a release was made from is taken out where it holds no longer."""

from __future__ import annotations

from patron.live.holding import holding
from patron.sources.told.event import Event


def version(number: int, place: int, event_id: str = "1", *, deleted: bool = False) -> Event:
    return Event("transactions", event_id, "ann", {"amount": f"{number}"}, 0, number, deleted, place)


def places(events: list[Event]) -> list[int]:
    return [event.place for event in events]


def test_the_highest_version_holds_in_whatever_order_they_came() -> None:
    came, gone = holding([version(2, 1), version(1, 2), version(3, 3, deleted=True), version(1, 4, "2")], 0)
    assert (places(came), gone) == ([4], [])
    came, _ = holding([version(2, 1), version(1, 2)], 0)
    assert places(came) == [1]


def test_what_the_release_was_made_from_and_holds_no_longer_is_told() -> None:
    came, gone = holding([version(1, 1), version(2, 5)], reached=3)
    assert (places(came), places(gone)) == ([5], [1])
    came, gone = holding([version(1, 1), version(2, 2, deleted=True), version(3, 5)], reached=3)
    assert (places(came), gone) == ([5], [])  # the release did not count it


def test_an_older_version_that_comes_late_changes_nothing() -> None:
    assert holding([version(2, 1), version(1, 5)], reached=3) == ([], [])
