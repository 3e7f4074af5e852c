"""Accounts: one-time passwords, weak ones refused, wrong ones slowed down, an administrator always left."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from governance.kept import everything_in
from patron.errors import NothingThere, UnknownName, UsageError
from patron.governance.accounts import logins
from patron.governance.accounts.logins import LockedLogin, OneTimeEnded, WrongLogin, log_in
from patron.governance.accounts.passwords import hash_password
from patron.governance.accounts.people import (
    add_person,
    change_password,
    change_person,
    first_admin,
    people,
    reset_password,
)
from patron.governance.accounts.secrets import passing_secret
from patron.governance.accounts.sessions import begin_session, end_session, is_own_request, session_of
from patron.governance.audit.chain import Act, entries
from patron.governance.roles import Role
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import PEOPLE

GOOD = "three odd wet otters"


def test_the_first_start_makes_one_administrator_with_a_password_of_its_own(state: State) -> None:
    made = first_admin(state)
    assert made is not None
    person, password = made
    assert (person.name, person.role, person.must_change) == ("admin", Role.ADMIN, True)
    assert first_admin(state) is None
    assert log_in(state, "admin", password).id == person.id
    assert password not in everything_in(state)
    with state.changing() as connection:
        connection.execute(PEOPLE.delete())
    again = first_admin(state)
    assert again is not None
    assert again[1] != password


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("short", "5 signs"),
        ("aaaaaaaaaaaaaaaa", "1 different"),
        ("marie.curie1", "little more than the name"),
        ("Password1234", "common word"),
        ("123456789012", "numbers in a row"),
        ("qwertyuiop12", "keys in a row"),
        ("abcdefghijkl", "in a row"),
        ("Welcome20242024", "common word"),
        ("passwordpassword1", "common word"),
        ("x" * 201, "more than 200"),
    ],
)
def test_weak_passwords_are_refused_and_say_why(password: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        hash_password(password, "marie.curie")


def test_a_new_account_must_change_its_one_time_password(state: State) -> None:
    person, password = add_person(state, "marie", "branch manager", ["north"])
    assert (person.branches, person.must_change) == (frozenset({"north"}), True)
    change_password(state, person, password, GOOD)
    assert not log_in(state, "marie", GOOD).must_change
    with pytest.raises(WrongLogin):
        log_in(state, "marie", password)
    _, one_time = reset_password(state, "marie")
    assert log_in(state, "marie", one_time).must_change


def test_a_one_time_password_ends_after_three_days_and_a_changed_one_does_not(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, password = add_person(state, "marie", "analyst")
    later = now_in_microseconds() + 73 * 3_600_000_000
    monkeypatch.setattr(logins, "now_in_microseconds", lambda: later)
    with pytest.raises(OneTimeEnded, match="72 hours"):
        log_in(state, "marie", password)
    with pytest.raises(WrongLogin):
        log_in(state, "marie", "wrong")
    change_password(state, person, password, GOOD)
    assert log_in(state, "marie", GOOD).name == "marie"


def test_of_two_that_make_one_name_at_once_one_is_told_that_it_is_taken(open_again: Callable[[], State]) -> None:
    states = [open_again() for _ in range(4)]

    def make(number: int) -> str:
        try:
            return add_person(states[number], "marie", "analyst")[0].name
        except UsageError as error:
            return error.what

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(make, range(4)))
    assert told == ["There is an account 'marie' already."] * 3 + ["marie"]


def test_wrong_passwords_are_slowed_down_and_a_right_one_forgets_them(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, password = add_person(state, "marie", "analyst")
    for _ in range(logins.FREE_TRIES):
        with pytest.raises(WrongLogin):
            log_in(state, "marie", "wrong")
    with pytest.raises(LockedLogin) as locked:
        log_in(state, "marie", password)
    assert 25 <= locked.value.seconds <= 30
    later = now_in_microseconds() + 31_000_000
    monkeypatch.setattr(logins, "now_in_microseconds", lambda: later)
    with pytest.raises(WrongLogin):
        log_in(state, "marie", "wrong")
    with pytest.raises(LockedLogin) as locked:
        log_in(state, "marie", password)
    assert locked.value.seconds == 60  # twice as long as before
    monkeypatch.setattr(logins, "now_in_microseconds", lambda: later + 61_000_000)
    log_in(state, "marie", password)
    with pytest.raises(WrongLogin):
        log_in(state, "marie", "wrong")  # counted from the beginning again: not locked
    log_in(state, "marie", password)


def test_a_login_does_not_tell_whether_there_is_an_account(state: State) -> None:
    add_person(state, "marie", "analyst")
    told: dict[str, list[str]] = {"marie": [], "nobody": []}
    for name, words in told.items():
        for _ in range(logins.FREE_TRIES + 1):
            with pytest.raises((WrongLogin, LockedLogin)) as refused:
                log_in(state, name, "wrong")
            words.append(f"{type(refused.value).__name__}: {refused.value}")
    assert told["marie"] == told["nobody"]
    assert told["marie"][-1].startswith("LockedLogin")


def test_whoever_tries_from_elsewhere_locks_nobody_out(state: State) -> None:
    _, password = add_person(state, "marie", "analyst")
    for _ in range(logins.FREE_TRIES):
        with pytest.raises(WrongLogin):
            log_in(state, "marie", "wrong", "10.0.0.66")
    with pytest.raises(LockedLogin):
        log_in(state, "Marie", password, "10.0.0.66")
    assert log_in(state, "marie", password, "10.0.0.1").name == "marie"


def test_what_is_left_out_of_a_change_stays(state: State) -> None:
    add_person(state, "eve", "analyst", ["north"])
    assert change_person(state, "eve", role="marketing").branches == {"north"}
    assert change_person(state, "eve", branches=["south"]).branches == {"south"}
    assert change_person(state, "eve", disabled=True).branches == {"south"}
    assert change_person(state, "eve", branches=None, disabled=False).branches is None
    with pytest.raises(UsageError, match="branches that are theirs"):
        change_person(state, "eve", role="branch manager")
    with pytest.raises(UsageError, match="of the whole business"):
        change_person(state, "eve", role="compliance", branches=["north"])
    (eve,) = people(state)
    assert (eve.role, eve.branches) == (Role.MARKETING, None)


def test_a_change_and_its_note_are_made_together_or_not_at_all(state: State) -> None:
    def fails(_: object) -> Act:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        add_person(state, "marie", "analyst", noted=fails)
    assert people(state) == ()
    add_person(
        state, "marie", "analyst", noted=lambda one: Act("admin", "admin", "session", "", "account.add", one.name)
    )
    assert [entry.subject for entry in entries(state)] == ["marie"]


def test_a_closed_account_cannot_log_in_and_its_sessions_end(state: State) -> None:
    secret = passing_secret()
    person, password = add_person(state, "marie", "analyst")
    token, _ = begin_session(state, secret, person, "")
    assert session_of(state, secret, token) is not None
    change_person(state, "marie", disabled=True)
    assert session_of(state, secret, token) is None
    with pytest.raises(WrongLogin):
        log_in(state, "marie", password)


def test_the_only_administrator_stays_one(state: State) -> None:
    first_admin(state)
    with pytest.raises(UsageError, match="only administrator"):
        change_person(state, "admin", disabled=True)
    with pytest.raises(UsageError, match="only administrator"):
        change_person(state, "admin", role="analyst")
    add_person(state, "marie", "admin")
    assert change_person(state, "admin", role="analyst").role is Role.ANALYST


def test_names_roles_and_branches_are_checked(state: State) -> None:
    with pytest.raises(UnknownName, match="analyst"):
        add_person(state, "marie", "analist")
    with pytest.raises(UsageError, match="branches that are theirs"):
        add_person(state, "marie", "branch manager")
    with pytest.raises(UsageError, match="1 to 100"):
        add_person(state, "  ", "analyst")
    with pytest.raises(UsageError, match="without '/'"):
        add_person(state, "a/b", "analyst")
    add_person(state, "marie", "analyst")
    with pytest.raises(UsageError, match="already"):
        add_person(state, "marie", "analyst")
    with pytest.raises(NothingThere, match="pierre"):
        change_person(state, "pierre", disabled=True)


def test_sessions_end_are_kept_as_hashes_and_prove_their_own_page(state: State) -> None:
    secret = passing_secret()
    person, _ = add_person(state, "marie", "analyst")
    token, csrf = begin_session(state, secret, person, "10.0.0.1")
    session = session_of(state, secret, token)
    assert session is not None
    assert (session.person.name, is_own_request(secret, session, csrf)) == ("marie", True)
    assert not is_own_request(secret, session, token)
    assert session_of(state, passing_secret(), token) is None
    kept = everything_in(state)
    assert token not in kept
    assert csrf not in kept
    end_session(state, session)
    assert session_of(state, secret, token) is None


def test_a_session_ends_when_it_is_idle(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    from patron.governance.accounts import sessions

    secret = passing_secret()
    person, _ = add_person(state, "marie", "analyst")
    token, _ = begin_session(state, secret, person, "")
    began = now_in_microseconds()
    for hours in (0.9, 1.8):  # being seen keeps it alive
        monkeypatch.setattr(sessions, "now_in_microseconds", lambda hours=hours: began + int(hours * 3_600_000_000))
        assert session_of(state, secret, token) is not None
    monkeypatch.setattr(sessions, "now_in_microseconds", lambda: began + int(2.9 * 3_600_000_000))
    assert session_of(state, secret, token) is None
