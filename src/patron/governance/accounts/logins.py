"""Logging in: wrong passwords are counted before they are judged, for names that exist and names that do not alike."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from patron.errors import UsageError
from patron.governance.accounts.passwords import hash_password, is_outdated, is_password
from patron.governance.accounts.people import NO_PASSWORD, ONE_TIME_HOURS, Person, person_named, person_of
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import LOGIN_FAILURES, PEOPLE

FREE_TRIES: Final = 5
_FIRST_LOCK_SECONDS: Final = 30
_LONGEST_LOCK_SECONDS: Final = 3600
_FORGOTTEN_SECONDS: Final = 86_400
_SECOND: Final = 1_000_000


class WrongLogin(UsageError):
    """A name and a password that do not belong together; it never says which of them is wrong.

    ``known`` is whether there is such an account, for the audit alone: what was typed as a name may be a password.
    """

    def __init__(self, *, known: bool) -> None:
        self.known = known
        super().__init__("The name and the password do not belong together.", to_do="Check both, then try again.")


class LockedLogin(UsageError):
    """Too many wrong passwords; ``seconds`` until the next may be tried."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__("Too many wrong passwords.", to_do=f"Try again in {seconds} seconds.")


class OneTimeEnded(UsageError):
    """The right one-time password, too late."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"The one-time password has ended: it holds for {ONE_TIME_HOURS} hours.",
            to_do="Ask an administrator for another.",
        )


def log_in(state: State, name: str, password: str, address: str = "") -> Person:
    """The person with this name and password.

    After five wrong ones for a name from an address each try must wait, twice as long as the one before, up to an hour; a day
    without a try forgets them. Whoever tries from elsewhere locks nobody out.
    """
    tried = hashlib.sha256(f"{name.strip().casefold()}\0{address}".encode()).hexdigest()
    with state.changing() as connection:
        _count(connection, tried)
        held = person_named(connection, name.strip())
    right = is_password(password, _hash_to_match(held))
    if held is None or not right:
        raise WrongLogin(known=held is not None)
    if held["one_time_until"] is not None and held["one_time_until"] <= now_in_microseconds():
        raise OneTimeEnded(held["name"])
    with state.changing() as connection:
        connection.execute(delete(LOGIN_FAILURES).where(LOGIN_FAILURES.c.tried_hash == tried))
        if is_outdated(held["password_hash"]):
            renewed = hash_password(password, held["name"])
            connection.execute(update(PEOPLE).where(PEOPLE.c.id == held["id"]).values(password_hash=renewed))
    return person_of(held)


def _hash_to_match(held: Mapping[str, Any] | None) -> str | None:  # Any: values of columns
    """The hash that a password must match; None where no password can: nobody's, a closed account's, one of a provider."""
    if held is None or held["disabled_at"] is not None or held["password_hash"] == NO_PASSWORD:
        return None
    return str(held["password_hash"])


def _count(connection: Connection, tried: str) -> None:
    """Count a try as a wrong one until it is found right; LockedLogin while another may not be made."""
    now = now_in_microseconds()
    forgotten = LOGIN_FAILURES.c.last_at < now - _FORGOTTEN_SECONDS * _SECOND
    connection.execute(delete(LOGIN_FAILURES).where(forgotten))
    row = connection.execute(
        select(LOGIN_FAILURES).where(LOGIN_FAILURES.c.tried_hash == tried).with_for_update()
    ).first()
    if row is None:
        values = {"tried_hash": tried, "failed": 1, "last_at": now, "locked_until": 0}
        connection.execute(insert(LOGIN_FAILURES).values(**values))
        return
    if row.locked_until > now:
        raise LockedLogin(-(-(row.locked_until - now) // _SECOND))
    failed = row.failed + 1
    wait = min(_FIRST_LOCK_SECONDS * 2 ** max(0, failed - FREE_TRIES), _LONGEST_LOCK_SECONDS)
    until = now + wait * _SECOND if failed >= FREE_TRIES else 0
    values = {"failed": failed, "last_at": now, "locked_until": until}
    connection.execute(update(LOGIN_FAILURES).where(LOGIN_FAILURES.c.tried_hash == tried).values(**values))
