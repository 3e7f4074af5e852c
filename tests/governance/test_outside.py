"""People whom a provider knows: one account for each, whoever logs in at the same moment; a start is answered once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from patron.errors import PatronError
from patron.governance.accounts.logins import WrongLogin, log_in
from patron.governance.accounts.outside import add_outside_person, let_in
from patron.governance.accounts.people import Left, people
from patron.governance.accounts.secrets import passing_secret
from patron.governance.providers.mapped import Mapped
from patron.governance.providers.refusals import AnswerRefused, LoginRefused
from patron.governance.providers.starts import new_start, start_of, use_once
from patron.governance.roles import Role
from patron.governance.state.opened import State

ISSUER = "https://id.example"


def told(subject: str, name: str, role: Role = Role.ANALYST, branches: frozenset[str] | Left | None = None) -> Mapped:
    return Mapped(ISSUER, subject, name, role, branches)


def test_a_person_is_known_by_issuer_and_subject_and_keeps_the_account(state: State) -> None:
    first = let_in(state, told("u1", "marie"), makes_accounts=True)
    again = let_in(state, told("u1", "another name", Role.MARKETING, frozenset({"north"})), makes_accounts=False)
    assert (again.id, again.name, again.role, again.branches) == (first.id, "marie", Role.MARKETING, {"north"})
    assert let_in(state, told("u1", "marie", Role.MARKETING, Left.AS_IT_IS), makes_accounts=False).branches == {"north"}
    with pytest.raises(LoginRefused, match="not known to be yours"):
        let_in(state, Mapped("https://other.example", "u1", "marie", Role.ANALYST, None), makes_accounts=True)
    with pytest.raises(WrongLogin):
        log_in(state, "marie", "!")


def test_one_who_comes_twice_at_once_gets_one_account(open_again: Callable[[], State]) -> None:
    states = [open_again() for _ in range(4)]

    def come(number: int) -> str:
        try:
            return let_in(states[number], told("u1", "marie"), makes_accounts=True).id
        except PatronError:
            return "later"

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(come, range(4))) - {"later"}
    (marie,) = people(states[0])
    assert ids == {marie.id}
    assert let_in(states[0], told("u1", "marie"), makes_accounts=False).id == marie.id


def test_an_account_made_before_has_one_owner(state: State) -> None:
    made = add_outside_person(state, "marie", "branch manager", ["north"])
    manager = told("u1", "marie", Role.BRANCH_MANAGER, Left.AS_IT_IS)
    assert let_in(state, manager, makes_accounts=False).id == made.id
    with pytest.raises(LoginRefused):
        let_in(state, told("u2", "marie"), makes_accounts=True)


def test_a_start_is_answered_once_by_whichever_process(open_again: Callable[[], State]) -> None:
    states, secret = [open_again() for _ in range(4)], passing_secret()
    begun, kept = new_start(secret)
    start = start_of(secret, kept, begun.state)
    assert start == begun

    def answer(number: int) -> bool:
        try:
            use_once(states[number], secret, start)
        except PatronError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(answer, range(4))) == [False, False, False, True]
    with pytest.raises(AnswerRefused):
        start_of(passing_secret(), kept, begun.state)
