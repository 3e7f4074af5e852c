"""Overrides in the state: one in force for each customer and field, four eyes, ends on time; on every database."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from patron.errors import AlreadySo, NeedsAnother, NothingThere
from patron.governance.accounts.keys import make_key
from patron.governance.accounts.secrets import passing_secret
from patron.governance.audit.chain import act_of, entries, verified
from patron.governance.identity import Identity
from patron.governance.overrides.asking import in_force, override_with, overrides, overrides_of
from patron.governance.overrides.changing import judge_override, set_override, withdraw_override
from patron.governance.overrides.override import STATUSES, NewOverride, Override
from patron.governance.roles import ALLOWED, Role
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import OVERRIDES

HOUR = 3_600_000_000


def person(name: str, role: Role = Role.ANALYST) -> Identity:
    return Identity(f"id-{name}", name, role, ALLOWED[role], "session")


ANNA, BERT = person("anna"), person("bert")


def new(customer: str = "c1", value: str = "120.50", hours: float = 1) -> NewOverride:
    until = now_in_microseconds() + int(hours * HOUR)
    return NewOverride(customer, "expected_value", value, "80.0", "500", "They told us", "r1", "2026-10-31", 90, until)


def noted(who: Identity) -> Callable[[Override], object]:
    return lambda one: act_of(who, "override", one.id)


def put(
    state: State,
    what: NewOverride,
    who: Identity = ANNA,
    *,
    second: bool = False,
    replaces: str | None = None,
) -> Override:
    return set_override(
        state, what, who, lambda one: act_of(who, "override.set", one.id), needs_second=second, replaces=replaces
    )


def judge(state: State, one: Override, who: Identity, *, approves: bool = True) -> Override:
    return judge_override(
        state, one.id, who, lambda made: act_of(who, "override.judge", made.id), approves=approves, because="Seen"
    )


def withdraw(state: State, one: Override, who: Identity = ANNA) -> Override:
    return withdraw_override(
        state, one.id, who, lambda made: act_of(who, "override.withdraw", made.id), because="Wrong"
    )


def ids_in_force(state: State) -> list[str]:
    found = in_force(state)
    assert found is not None
    return [one.id for one in found.overrides]


def test_what_is_set_is_in_force_until_it_ends(state: State) -> None:
    made = put(state, new())
    assert ids_in_force(state) == [made.id]
    assert override_with(state, made.id) == made
    assert made.status_at(made.until - 1) == "in force"
    assert made.status_at(made.until) == "expired"
    with state.changing() as connection:
        connection.execute(update(OVERRIDES).values(until=now_in_microseconds()))
    assert ids_in_force(state) == []


def test_a_version_that_is_known_already_is_told_as_nothing_new(state: State) -> None:
    before = in_force(state)
    assert before is not None
    assert in_force(state, unless=before.version) is None
    made = put(state, new())
    after = in_force(state, unless=before.version)
    assert after is not None
    assert after.overrides == (made,)
    withdraw(state, made)
    assert in_force(state, unless=after.version) is not None


def test_one_is_in_force_for_a_customer_and_a_field(state: State) -> None:
    first = put(state, new())
    with pytest.raises(AlreadySo, match=first.id):
        put(state, new(value="5"))
    with pytest.raises(AlreadySo, match="not in force"):
        put(state, new("c2"), replaces=first.id)
    tier = put(state, replace(new(), field="tier", value="high"))
    second = put(state, new(value="5"), BERT, replaces=first.id)
    assert ids_in_force(state) == [tier.id, second.id]
    gone = override_with(state, first.id)
    assert (gone.status_at(now_in_microseconds()), gone.replaced_by, gone.ended_by) == ("replaced", second.id, "bert")


def test_of_several_that_set_the_same_at_once_one_does(state: State, open_again: Callable[[], State]) -> None:
    states = [state, open_again(), open_again(), open_again()]

    def attempt(held: State) -> bool:
        try:
            put(held, new())
        except AlreadySo:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, states)) == 1
    assert len(ids_in_force(state)) == 1


def test_what_needs_a_second_person_waits_for_one(state: State) -> None:
    made = put(state, new(), second=True)
    assert made.status_at(now_in_microseconds()) == "waiting"
    assert ids_in_force(state) == []
    with pytest.raises(AlreadySo, match="waits"):
        put(state, new())
    for same in (ANNA, replace(ANNA, name="anna renamed")):
        with pytest.raises(NeedsAnother, match="same person"):
            judge(state, made, same)
    judged = judge(state, made, BERT)
    assert (judged.judged_by, judged.judged_because) == ("bert", "Seen")
    assert ids_in_force(state) == [made.id]
    with pytest.raises(AlreadySo, match="in force"):
        judge(state, made, BERT)


def test_a_key_made_by_the_one_who_set_it_is_no_second_person(state: State) -> None:
    secret = passing_secret()
    keys = [
        make_key(state, secret, name, made_by=by, days=1, role=Role.ANALYST)[0].identity()
        for name, by in (("one", "anna"), ("two", "anna"), ("three", "carla"))
    ]
    by_person = put(state, new("c1"), ANNA, second=True)
    by_key = put(state, new("c2"), keys[0], second=True)
    for made, who in ((by_person, keys[0]), (by_key, keys[0]), (by_key, keys[1]), (by_key, ANNA)):
        with pytest.raises(NeedsAnother):
            judge(state, made, who)
    judge(state, by_person, keys[2])
    judge(state, by_key, BERT)
    assert ids_in_force(state) == [by_person.id, by_key.id]


def test_what_is_refused_never_holds_and_the_way_is_free_again(state: State) -> None:
    made = put(state, new(), second=True)
    assert judge(state, made, BERT, approves=False).status_at(now_in_microseconds()) == "refused"
    assert ids_in_force(state) == []
    with pytest.raises(AlreadySo, match="refused"):
        withdraw(state, made)
    put(state, new())


def test_what_waits_replaces_only_when_it_is_approved(state: State) -> None:
    first = put(state, new())
    waiting = put(state, new(value="7"), BERT, second=True, replaces=first.id)
    assert ids_in_force(state) == [first.id]
    judge(state, waiting, ANNA)
    assert ids_in_force(state) == [waiting.id]
    assert override_with(state, first.id).replaced_by == waiting.id


def test_what_is_withdrawn_ends_at_once_and_once(state: State) -> None:
    made = put(state, new())
    ended = withdraw(state, made, BERT)
    assert (ended.status_at(now_in_microseconds()), ended.ended_by, ended.ended_because) == (
        "withdrawn",
        "bert",
        "Wrong",
    )
    with pytest.raises(AlreadySo, match="withdrawn"):
        withdraw(state, made)
    with pytest.raises(NothingThere, match="no override 'zzz'"):
        override_with(state, "zzz")


def one_of_each(state: State) -> dict[str, str]:
    """Ids by what they are."""
    made = {
        "in force": put(state, new("a")),
        "waiting": put(state, new("b"), second=True),
        "expired": put(state, new("c", hours=-1)),
        "withdrawn": withdraw(state, put(state, new("d"))),
        "refused": judge(state, put(state, new("e"), second=True), BERT, approves=False),
        "replaced": put(state, new("f")),
    }
    put(state, new("f", value="9"), replaces=made["replaced"].id)
    made["approved"] = judge(state, put(state, new("g"), second=True), BERT)
    return {name: one.id for name, one in made.items()}


def test_lists_by_status_agree_with_what_each_override_says(state: State) -> None:
    made = one_of_each(state)
    moment = now_in_microseconds()
    everything = list(overrides(state, moment=moment))
    assert [one.number for one in everything] == sorted((one.number for one in everything), reverse=True)
    for status in STATUSES:
        found = list(overrides(state, status=status, moment=moment))
        assert found == [one for one in everything if one.status_at(moment) == status]
        assert made[status] in {one.id for one in found}
    assert [one.customer_id for one in overrides_of(state, "f")] == ["f", "f"]
    later = everything[2].number
    assert list(overrides(state, before=later, moment=moment)) == everything[3:]


def test_a_change_and_its_note_are_one_and_a_reason_is_not_in_the_audit(state: State) -> None:
    made = one_of_each(state)
    told = list(entries(state))
    assert len(told) == 8 + 2 + 1  # set, judged, withdrawn
    assert {entry.subject for entry in told} >= set(made.values())
    assert "They told us" not in json.dumps([entry.details for entry in told])
    assert verified(state).faults == ()

    def broken(_: Override) -> object:
        raise KeyError("stop")

    with pytest.raises(KeyError):
        set_override(state, new("never"), ANNA, broken, needs_second=False)  # type: ignore[arg-type]  # what fails
    with state.reading() as connection:
        assert connection.execute(select(OVERRIDES.c.id).where(OVERRIDES.c.customer_id == "never")).first() is None
