"""Consent: who has said yes to what, when and where. Without a word from a customer there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from patron.errors import UnknownName
from patron.governance.audit.chain import Act, write_within
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import CONSENT_CHANGES, CONSENTS


@dataclass(frozen=True)
class Consent:
    """What a customer last said about a purpose: given or withdrawn, when (microseconds since 1970), and where."""

    purpose: str
    given: bool
    at: int
    source: str


@dataclass(frozen=True)
class ConsentChange:
    """That a customer has given or withdrawn consent to a purpose."""

    customer_id: str
    purpose: str
    given: bool


def known_purpose(purpose: str, purposes: Sequence[str]) -> str:
    """The purpose, if it is declared; UnknownName otherwise."""
    if purpose not in purposes:
        raise UnknownName("purpose", purpose, purposes)
    return purpose


def consents_of(state: State, customer_id: str) -> tuple[Consent, ...]:
    """What a customer said about each purpose that they were asked about."""
    query = select(CONSENTS.c.purpose, CONSENTS.c.given, CONSENTS.c.at, CONSENTS.c.source)
    with state.reading() as connection:
        rows = connection.execute(query.where(CONSENTS.c.customer_id == customer_id).order_by(CONSENTS.c.purpose)).all()
    return tuple(Consent(*row) for row in rows)


def set_consent(state: State, customer_id: str, said: Mapping[str, bool], source: str, act: Act) -> None:
    """Keep what a customer said about these purposes, in one transaction with the audit's entry."""
    now = now_in_microseconds()
    with state.changing() as connection:
        change = _next_change(connection)
        rows = [
            {"customer_id": customer_id, "purpose": purpose, "given": given, "at": now, "source": source, "change": change}
            for purpose, given in sorted(said.items())
        ]  # fmt: skip
        _write(connection, rows)
        write_within(connection, [act])


def forget_consents(connection: Connection, customer_id: str) -> None:
    """Take out whatever a customer said, in a transaction of others."""
    connection.execute(delete(CONSENTS).where(CONSENTS.c.customer_id == customer_id))


def changes_after(state: State, change: int) -> tuple[int, tuple[ConsentChange, ...]]:
    """What was said after a change, each customer's last word, and the number of the newest change."""
    query = select(CONSENTS.c.customer_id, CONSENTS.c.purpose, CONSENTS.c.given).where(CONSENTS.c.change > change)
    with state.reading() as connection:
        newest = connection.execute(select(CONSENT_CHANGES.c.newest)).scalar_one()
        if newest == change:
            return newest, ()
        return newest, tuple(ConsentChange(*row) for row in connection.execute(query))


def _next_change(connection: Connection) -> int:
    """The number of this change: its row is held to the end of the transaction, so that a later number is seen later."""
    connection.execute(update(CONSENT_CHANGES).values(newest=CONSENT_CHANGES.c.newest + 1))
    number: int = connection.execute(select(CONSENT_CHANGES.c.newest)).scalar_one()
    return number


def _write(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(CONSENTS)
    changed = {name: statement.excluded[name] for name in ("given", "at", "source", "change")}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["customer_id", "purpose"], set_=changed), list(rows)
    )
