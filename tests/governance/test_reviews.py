"""Reviews in the state: since when something waits, whose it is, what was decided; on every database."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from patron.errors import AlreadySo, NothingThere, UsageError
from patron.governance.accounts.people import add_person, change_person
from patron.governance.audit.chain import Act, act_of, entries
from patron.governance.identity import Identity
from patron.governance.reviews.review import DAY, Item, Review, decide_review, give_review, reviews_of
from patron.governance.roles import ALLOWED, Role
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import REVIEWS

ANNA = Identity("1", "anna", Role.ANALYST, ALLOWED[Role.ANALYST], "session")
ITEM = Item("change", "c1", "release 1")


def noted(review: Review) -> Act:
    return act_of(ANNA, "review", review.id)


def seen(state: State, item: Item = ITEM) -> Review:
    return reviews_of(state, [item])[item.id]


def decide(state: State, item: Item = ITEM, *, again: bool = False) -> Review:
    return decide_review(state, item, "confirm", "I asked them", ANNA, noted, again=again)


def test_an_id_is_that_of_kind_and_subject() -> None:
    assert ITEM.id == Item("change", "c1", "release 2").id
    assert len({ITEM.id, Item("alert", "c1", "").id, Item("change", "c2", "").id, Item("changec", "1", "").id}) == 4


def test_what_waits_is_due_some_days_after_it_was_first_seen(state: State) -> None:
    first = seen(state)
    assert seen(state) == first
    assert first.due_at(14) == first.first_seen + 14 * DAY
    assert not first.is_overdue(14, first.due_at(14))
    assert first.is_overdue(14, first.due_at(14) + 1)
    assert not decide(state).is_overdue(14, first.due_at(14) + 1)


def test_a_decision_stands_while_it_is_about_the_same(state: State) -> None:
    first = seen(state)
    decided = decide(state)
    assert (decided.verdict, decided.because, decided.decided_by) == ("confirm", "I asked them", "anna")
    assert seen(state) == decided
    with pytest.raises(AlreadySo, match="anna has decided"):
        decide(state)
    assert decide(state, again=True).verdict == "confirm"
    with state.changing() as connection:
        connection.execute(update(REVIEWS).values(first_seen=1))
    anew = seen(state, Item("change", "c1", "release 2"))
    assert (anew.id, anew.is_decided, anew.decided_by) == (first.id, False, None)
    assert anew.first_seen > first.first_seen


def test_what_waits_is_given_to_somebody_who_may_decide_it(state: State) -> None:
    seen(state)
    for name, role in (("bert", "marketing"), ("carla", "executive"), ("dora", "analyst")):
        add_person(state, name, role)
    change_person(state, "dora", disabled=True)
    assert give_review(state, ITEM, "bert", noted).owner == "bert"
    for unable in ("carla", "dora", "nobody"):
        with pytest.raises(UsageError, match=f"'{unable}' cannot"):
            give_review(state, ITEM, unable, noted)
    assert seen(state).owner == "bert"
    assert give_review(state, ITEM, None, noted).owner is None
    decide(state)
    with pytest.raises(AlreadySo):
        give_review(state, ITEM, "bert", noted)
    assert len(list(entries(state))) == 3


def test_what_was_never_seen_is_not_there(state: State) -> None:
    with pytest.raises(NothingThere, match="Nothing waits"):
        decide(state)
    assert list(entries(state)) == []


def test_several_that_see_the_same_first_agree_since_when(state: State, open_again: Callable[[], State]) -> None:
    items = [Item("alert", f"c{number}", "act now") for number in range(1100)]
    states = [state, open_again(), open_again()]
    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(lambda held: reviews_of(held, items), states))
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == 1100
    assert max(one.first_seen for one in told[0].values()) <= now_in_microseconds()
