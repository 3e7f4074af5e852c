"""Changes that wait: one of several who agree at once does it, and never the one who asked."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from patron.errors import NothingThere, UsageError
from patron.governance.accounts.four_eyes import agree, ask, decline, is_weighty, waiting_changes
from patron.governance.audit.chain import entries
from patron.governance.identity import Identity
from patron.governance.roles import ALLOWED, Permission, Role
from patron.governance.state.opened import State


def admin(name: str) -> Identity:
    return Identity(name, name, Role.ADMIN, ALLOWED[Role.ADMIN], "session")


def test_roles_that_read_customers_or_manage_accounts_are_weighty_and_no_others() -> None:
    assert {role for role in Role if not is_weighty(role)} == {Role.EXECUTIVE, Role.ENGINEER}
    assert not is_weighty(Role.SERVICE, frozenset({Permission.READ_PORTFOLIO}))
    assert is_weighty(Role.SERVICE, frozenset({Permission.READ_CUSTOMERS}))


def test_a_change_is_taken_once_whoever_agrees_at_the_same_moment(open_again: Callable[[], State]) -> None:
    states = [open_again() for _ in range(4)]
    change = ask(states[0], admin("ada"), "account.add", "marie", {"name": "marie", "role": "analyst"})
    assert waiting_changes(states[1]) == (change,)
    with pytest.raises(UsageError, match="yourself"):
        agree(states[1], admin("ada"), change.id)

    def try_to(number: int) -> bool:
        try:
            agree(states[number], admin(f"admin {number}"), change.id)
        except NothingThere:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(try_to, range(4))) == [False, False, False, True]
    assert waiting_changes(states[0]) == ()
    assert [entry.action for entry in entries(states[0])] == ["account.add.ask", "account.add.agreed"]


def test_whoever_asked_may_think_better_of_it(state: State) -> None:
    change = ask(state, admin("ada"), "key.add", "till", {"name": "till"})
    decline(state, admin("ada"), change.id)
    with pytest.raises(NothingThere, match="waiting"):
        agree(state, admin("bob"), change.id)
