"""Sessions of people who logged in: an opaque token in a cookie, a second one against forged requests, both kept as hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, insert, select, update

from patron.governance.accounts.people import Person, person_of
from patron.governance.accounts.secrets import ServerSecret, new_token
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import PEOPLE, SESSIONS

_TOKEN, _CSRF, _CSRF_OF_SESSION = "session", "csrf", "csrf of session"
_HOUR: Final = 3_600_000_000
LONGEST_HOURS: Final = 12
IDLE_HOURS: Final = 1
_NOTED_EVERY: Final = 60_000_000
"""Being seen is written at most once a minute: a read should not cost a write."""


@dataclass(frozen=True)
class Session:
    """Somebody who is logged in; ``csrf_hash`` is what each change must show the token of."""

    person: Person
    token_hash: str
    csrf_hash: str


def begin_session(state: State, secret: ServerSecret, person: Person, address: str) -> tuple[str, str]:
    """A new session: its token, for a cookie, and the token that each change must carry besides."""
    token, now = new_token(), now_in_microseconds()
    csrf = csrf_of(secret, token)
    with state.changing() as connection:
        connection.execute(delete(SESSIONS).where(SESSIONS.c.ends_at < now))
        connection.execute(
            insert(SESSIONS).values(
                token_hash=secret.hash(_TOKEN, token),
                person_id=person.id,
                csrf_hash=secret.hash(_CSRF, csrf),
                created_at=now,
                seen_at=now,
                ends_at=now + LONGEST_HOURS * _HOUR,
                address=address[:100],
            )
        )
    return token, csrf


def csrf_of(secret: ServerSecret, token: str) -> str:
    """The token that each change of a session must carry: only the server can tell it from the session's own."""
    return secret.hash(_CSRF_OF_SESSION, token)


def session_of(state: State, secret: ServerSecret, token: str) -> Session | None:
    """The session of a token, if it is alive and its account is open."""
    now, hashed = now_in_microseconds(), secret.hash(_TOKEN, token)
    with state.reading() as connection:
        row = connection.execute(
            select(SESSIONS, PEOPLE)
            .join(PEOPLE, PEOPLE.c.id == SESSIONS.c.person_id)
            .where(SESSIONS.c.token_hash == hashed)
        ).first()
    if row is None or row.disabled_at is not None or row.ends_at <= now or row.seen_at + IDLE_HOURS * _HOUR <= now:
        return None
    if row.seen_at + _NOTED_EVERY < now:
        with state.changing() as connection:
            connection.execute(update(SESSIONS).where(SESSIONS.c.token_hash == hashed).values(seen_at=now))
    held = {column.name: row._mapping[column] for column in PEOPLE.columns}
    return Session(person_of(held), hashed, row.csrf_hash)


def is_own_request(secret: ServerSecret, session: Session, csrf: str) -> bool:
    """Whether a change comes from the page that the session was given to."""
    return secret.agrees(_CSRF, csrf, session.csrf_hash)


def end_session(state: State, session: Session) -> None:
    """Log out."""
    with state.changing() as connection:
        connection.execute(delete(SESSIONS).where(SESSIONS.c.token_hash == session.token_hash))
