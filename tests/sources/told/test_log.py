"""The log of events: each kept once, in one order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from patron.governance.state.opened import State, now_in_microseconds
from patron.sources.told.event import Event
from patron.sources.told.log import Fate, events_after, events_of, keep, newest_moment, newest_place, waiting

DAY = 86_400_000_000


def event(event_id: str, customer: str = "ann", amount: str = "10", day: int = 20_000, **more: object) -> Event:
    return replace(Event("transactions", event_id, customer, {"amount": amount}, day * DAY), **more)  # type: ignore[arg-type]  # fields of it


def kept(state: State, *events: Event) -> list[Fate]:
    with state.changing() as connection:
        return keep(connection, events, now_in_microseconds())


def test_an_event_is_kept_once_whoever_tells_it_again(state: State) -> None:
    assert kept(state, event("1"), event("1"), event("2")) == ["accepted", "duplicate", "accepted"]
    assert kept(state, event("2"), event("1"), event("3")) == ["duplicate", "duplicate", "accepted"]
    assert [(one.event_id, one.place) for one in events_after(state, 0)] == [("1", 1), ("2", 2), ("3", 3)]
    assert newest_place(state) == 3


def test_what_was_told_first_stays(state: State) -> None:
    assert kept(state, event("1"), event("1", amount="11")) == ["accepted", "conflict"]
    assert kept(state, event("1", day=20_001), event("1", customer="bob", version=2)) == ["conflict", "conflict"]
    assert [one.body for one in events_after(state, 0)] == [{"amount": "10"}]


def test_versions_of_an_id_are_all_kept_in_whatever_order_they_come(state: State) -> None:
    assert (
        kept(state, event("1", version=3), event("1", version=1), event("1", version=2, deleted=True))
        == ["accepted"] * 3
    )
    assert [one.version for one in events_of(state, "ann")] == [3, 1, 2]
    assert events_of(state, "bob") == []


def test_ids_of_one_table_are_not_those_of_another(state: State) -> None:
    assert kept(state, event("1"), event("1", told_as="engagements")) == ["accepted", "accepted"]
    assert [one.told_as for one in events_after(state, 0, "engagements")] == ["engagements"]
    assert waiting(state, {"transactions": 0, "engagements": 2}) == {"transactions": 1, "engagements": 0}


def test_the_newest_moment_is_that_of_an_event_that_holds(state: State) -> None:
    assert newest_moment(state, "transactions", 0) is None
    kept(state, event("1"), event("2", day=20_009), event("3", day=20_005))
    assert newest_moment(state, "transactions", 0) == 20_009 * DAY
    kept(state, event("2", day=20_002, version=2))
    assert newest_moment(state, "transactions", 0) == 20_005 * DAY
    kept(state, event("3", version=2, deleted=True))
    assert newest_moment(state, "transactions", 0) == 20_002 * DAY
    assert newest_moment(state, "transactions", 5) is None


def test_many_are_read_in_parts_as_they_stand(state: State) -> None:
    kept(state, *(event(f"{number}", customer=f"c{number % 7}") for number in range(1_203)))
    assert [one.place for one in events_after(state, 3, at_once=100)] == list(range(4, 1_204))


def test_several_that_tell_the_same_at_once_keep_it_once_and_leave_no_gap(
    state: State, open_again: Callable[[], State]
) -> None:
    states = [state, *(open_again() for _ in range(3))]

    def tell(number: int) -> list[Fate]:
        return [
            fate for part in range(20) for fate in kept(states[number], *(event(f"{part}-{one}") for one in range(5)))
        ]

    with ThreadPoolExecutor(4) as pool:
        fates = [fate for found in pool.map(tell, range(4)) for fate in found]
    assert fates.count("accepted") == 100
    assert fates.count("duplicate") == 300
    assert [one.place for one in events_after(state, 0)] == list(range(1, 101))


def test_a_transaction_that_fails_keeps_nothing(state: State) -> None:
    def fail() -> None:
        with state.changing() as connection:
            keep(connection, [event("1")], 0)
            raise KeyError("stop")

    with pytest.raises(KeyError):
        fail()
    assert newest_place(state) == 0
    assert kept(state, event("1")) == ["accepted"]
