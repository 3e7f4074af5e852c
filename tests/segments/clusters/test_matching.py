"""Segments keep their ids while most of their customers stay, and an id is never used twice."""

from __future__ import annotations

from patron.segments.clusters.matching import match

ANNA_TO_ZOE = [f"customer {number}" for number in range(100)]
BEFORE = {customer: number // 25 + 3 for number, customer in enumerate(ANNA_TO_ZOE)}


def test_renumbered_segments_keep_their_ids() -> None:
    now = {customer: (before + 1) % 4 for customer, before in BEFORE.items()}
    found = match(BEFORE, now, 9)
    assert {found.ids[label] for label in now.values()} == {3, 4, 5, 6}
    assert all(found.ids[now[customer]] == BEFORE[customer] for customer in BEFORE)
    assert (found.fresh, found.gone, found.next_id) == ((), (), 9)
    assert set(found.overlap.values()) == {1.0}


def test_a_segment_of_new_make_takes_a_fresh_id_and_none_is_used_again() -> None:
    now = {customer: number % 5 for number, customer in enumerate(ANNA_TO_ZOE)}
    found = match(BEFORE, now, 9)
    assert set(found.ids.values()) == {9, 10, 11, 12, 13}
    assert found.gone == (3, 4, 5, 6)
    assert found.next_id == 14


def test_of_two_halves_one_keeps_the_id() -> None:
    now = {
        customer: (0 if number < 15 else 1 if number < 25 else BEFORE[customer])
        for number, customer in enumerate(ANNA_TO_ZOE)
    }
    found = match(BEFORE, now)
    assert found.ids[0] == 3
    assert found.ids[1] == 7
    assert found.fresh == (7,)
    assert found.overlap[0] == 0.6


def test_customers_of_one_run_only_and_of_no_segment_do_not_count() -> None:
    now = {customer: label - 3 for customer, label in BEFORE.items()} | {f"new {n}": 0 for n in range(500)}
    now["customer 0"] = -1
    found = match(BEFORE | {"gone": 3, "loose": -1}, now)
    assert found.ids == {0: 3, 1: 4, 2: 5, 3: 6}
    assert found.overlap[0] == 1.0


def test_the_first_run_begins_at_zero() -> None:
    found = match({}, {"Anna": 1, "Ben": 0})
    assert (found.ids, found.next_id) == ({0: 0, 1: 1}, 2)
