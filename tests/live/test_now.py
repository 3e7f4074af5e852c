"""A customer as of the newest event: what this process or another one kept moves the published value."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from patron.governance.state.opened import State, now_in_microseconds
from patron.live.now import LiveValues
from patron.live.statistics import Statistics
from patron.live.value import DAY, LiveCustomer
from patron.periods import day_number
from patron.releases.contents import Release, load_release
from patron.settings import Value
from patron.sources.told.event import Event
from patron.sources.told.log import keep
from served_workspace import AS_OF, publish, served_workspace

TODAY = day_number(AS_OF)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return load_release(served_workspace(tmp_path_factory.mktemp("live") / "shop", live=True))


def bought(event_id: str, customer: str, amount: str, day: int, **more: str) -> Event:
    return Event("transactions", event_id, customer, {"amount": amount, **more}, day * DAY + 5)


def tell(state: State, *events: Event) -> None:
    with state.changing() as connection:
        keep(connection, events, now_in_microseconds())


def asked(live: LiveValues, release: Release, customer: str, published: float | None = 10.0) -> LiveCustomer | None:
    live.make_ready(release)
    live.look()
    return live.of(release, customer, published) if live.has_moved(release, customer) else None


def test_a_purchase_moves_statistics_and_value(state: State, release: Release) -> None:
    live = LiveValues(state, Value())
    assert asked(live, release, "c00000") is None
    tell(state, bought("1", "c00000", "50", TODAY + 3))
    found = asked(live, release, "c00000")
    assert found is not None
    assert found.statistics == Statistics(2, 23, 23, 35.0, 3, 3, 80.0, 80.0)
    assert found.expected_value is not None
    assert found.expected_value > 10
    assert (found.model, found.moved_from, found.is_new, found.events) == ("bg_nbd", 10.0, False, 1)
    assert asked(live, release, "c00001") is None


def test_a_refund_lowers_what_was_brought_and_an_engagement_moves_no_value(state: State, release: Release) -> None:
    live = LiveValues(state, Value())
    tell(
        state,
        bought("1", "c00000", "-5", TODAY),
        Event("engagements", "1", "c00001", {"kind": "click"}, TODAY * DAY + 7),
    )
    refunded, clicked = asked(live, release, "c00000"), asked(live, release, "c00001")
    assert refunded is not None
    assert refunded.statistics == Statistics(1, 10, 20, 20.0, 2, 2, 30.0, 25.0)
    assert clicked is not None
    assert (clicked.engagements, clicked.engaged_at, clicked.events) == (1, TODAY * DAY + 7, 1)
    assert clicked.statistics == Statistics(1, 10, 20, 20.0, 2, 2, 30.0, 30.0)


def test_one_who_is_new_has_a_value_at_once(state: State, release: Release) -> None:
    live = LiveValues(state, Value())
    tell(state, bought("1", "zoe", "40", TODAY + 1, branch_id="north"))
    found = asked(live, release, "zoe", None)
    assert found is not None
    assert (found.is_new, found.branch, found.moved_from) == (True, "north", None)
    assert found.statistics == Statistics(0, 0, 0, 0.0, 1, 1, 40.0, 40.0)
    assert found.expected_value is not None


def test_late_events_count_where_they_happened(state: State, release: Release) -> None:
    live = LiveValues(state, Value())
    first = TODAY - 20
    tell(
        state,
        bought("1", "c00000", "6", first - 10),
        bought("2", "c00001", "4", first + 10),
        bought("3", "c00002", "4", first + 5),
    )
    earlier, same_day, between = (asked(live, release, f"c0000{number}") for number in range(3))
    assert earlier is not None
    assert earlier.statistics == Statistics(2, 20, 30, 15.0, 3, 3, 36.0, 36.0)
    assert same_day is not None
    assert same_day.statistics == Statistics(1, 10, 20, 24.0, 2, 3, 34.0, 34.0)
    assert between is not None
    assert between.statistics == Statistics(2, 10, 20, 12.0, 3, 3, 34.0, 34.0)


def test_the_contract_says_what_an_event_counts_for(state: State, release: Release) -> None:
    tell(
        state,
        bought("1", "c00000", "50", TODAY, margin="10"),
        bought("2", "c00001", "50", TODAY),
        bought("3", "c00002", "-8", TODAY),
    )
    by_margin = LiveValues(state, Value(basis="margin", margin_rate=0.3, refunds="ignore"))
    gross = []
    for customer in ("c00000", "c00001", "c00002"):
        found = asked(by_margin, release, customer)
        assert found is not None
        assert found.statistics is not None
        gross.append(found.statistics.historic_value)
    assert gross == [40.0, 45.0, 30.0]


def test_what_a_release_was_made_from_is_not_counted_twice(state: State, tmp_path: Path) -> None:
    folder = served_workspace(tmp_path / "shop", live=True)
    tell(state, bought("1", "c00000", "50", TODAY), bought("2", "c00001", "50", TODAY))
    home = load_release(folder).folder
    (home / "told.json").write_text('{"transactions": 1}')
    live, release = LiveValues(state, Value()), load_release(folder)
    assert asked(live, release, "c00000") is None
    assert asked(live, release, "c00001") is not None
    tell(state, Event("transactions", "1", "c00000", {"amount": "5"}, TODAY * DAY, version=2))
    waits = asked(live, release, "c00000")
    assert waits is not None
    assert (waits.expected_value, waits.statistics) == (None, None)
    assert "next run" in (waits.waits_because or "")


def test_another_release_is_moved_from_its_own_statistics(state: State, tmp_path: Path) -> None:
    folder = served_workspace(tmp_path / "shop", live=True)
    live, before = LiveValues(state, Value()), load_release(folder)
    tell(state, bought("1", "c00000", "50", TODAY))
    assert asked(live, before, "c00000") is not None
    publish(folder, minute=1)
    after = load_release(folder)
    assert asked(live, after, "c00000") is None  # made before purchase days were kept
    assert live.is_ready(after)
    assert asked(live, before, "c00000") is not None


def test_what_another_process_keeps_is_seen_soon(
    state: State, release: Release, open_again: Callable[[], State]
) -> None:
    live = LiveValues(state, Value())
    live.make_ready(release)
    live.start()
    try:
        tell(open_again(), bought("1", "c00000", "50", TODAY))
        began = time.monotonic()
        while not live.has_moved(release, "c00000") and time.monotonic() < began + 5:
            time.sleep(0.01)
        assert live.has_moved(release, "c00000")
    finally:
        live.stop()
