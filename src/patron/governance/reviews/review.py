"""Reviews in the state: since when something waits, whose it is, and what was decided. What waits is told from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from patron.errors import AlreadySo, NothingThere, UsageError
from patron.governance.accounts.people import person_named, person_of
from patron.governance.audit.chain import Act, write_within
from patron.governance.identity import Identity
from patron.governance.roles import ALLOWED, Permission
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import REVIEWS

DAY: Final = 86_400_000_000
_SIGNS: Final = 24
_ASKED_AT_ONCE: Final = 1000


@dataclass(frozen=True)
class Item:
    """Something that waits: of a kind, about a subject. A decision on it stands while ``about`` is the same."""

    kind: str
    subject: str
    about: str

    @property
    def id(self) -> str:
        """The same for the same kind and subject, in any release."""
        return hashlib.sha256(f"{self.kind}\0{self.subject}".encode("utf-8", "surrogatepass")).hexdigest()[:_SIGNS]


@dataclass(frozen=True)
class Review:
    """What the state knows of an item; ``first_seen`` and ``decided_at`` in microseconds since 1970."""

    id: str
    kind: str
    subject: str
    first_seen: int
    owner: str | None = None
    verdict: str | None = None
    because: str | None = None
    decided_by: str | None = None
    decided_at: int | None = None
    about: str | None = None

    @property
    def is_decided(self) -> bool:
        return self.verdict is not None

    def due_at(self, days: int) -> int:
        """When it is to be decided."""
        return self.first_seen + days * DAY

    def is_overdue(self, days: int, moment: int) -> bool:
        return not self.is_decided and moment > self.due_at(days)


Noted = Callable[[Review], Act]
"""What to write into the audit of a change, given the review after it."""
_UNDECIDED: Final[Mapping[str, None]] = dict.fromkeys(("verdict", "because", "decided_by", "decided_at", "about"))


def reviews_of(state: State, items: Sequence[Item]) -> dict[str, Review]:
    """The review of each item by its id. What is seen for the first time waits from now on, and so does what was decided
    on when it was about something else."""
    with state.reading() as connection:
        held = _held(connection, [item.id for item in items])
    fresh = [item for item in items if item.id not in held or _is_outdated(held[item.id], item)]
    if fresh:
        with state.changing() as connection:
            _begin(connection, state, fresh, held)
            held |= _held(connection, [item.id for item in fresh])
    return {item.id: held[item.id] for item in items}


def give_review(state: State, item: Item, owner: str | None, noted: Noted) -> Review:
    """Give what waits to somebody, or to nobody; UsageError for one who may not decide, AlreadySo for what is decided."""
    with state.changing() as connection:
        held = _open_review(connection, item)
        if owner is not None:
            _refuse_unable(connection, owner)
        return _changed(connection, held, {"owner": owner}, noted)


def decide_review(
    state: State, item: Item, verdict: str, because: str, who: Identity, noted: Noted, *, again: bool = False
) -> Review:
    """Keep a person's decision; AlreadySo where there is one already, unless it may be decided ``again``."""
    with state.changing() as connection:
        held = _open_review(connection, item, again=again)
        values = {"verdict": verdict, "because": because, "decided_by": who.name, "about": item.about}
        return _changed(connection, held, {**values, "decided_at": now_in_microseconds()}, noted)


def _is_outdated(review: Review, item: Item) -> bool:
    return review.is_decided and review.about != item.about


def _begin(connection: Connection, state: State, items: Iterable[Item], held: Mapping[str, Review]) -> None:
    """Note that these wait from now on; another process may have noted it a moment ago."""
    dialect = sqlite if state.is_sqlite else postgresql
    now = now_in_microseconds()
    for item in items:
        if item.id in held:
            outdated = (REVIEWS.c.id == item.id) & (REVIEWS.c.about != item.about)
            connection.execute(update(REVIEWS).where(outdated).values(first_seen=now, **_UNDECIDED))
    rows = [
        {"id": item.id, "kind": item.kind, "subject": item.subject.replace("\0", "\ufffd"), "first_seen": now}
        for item in items
        if item.id not in held
    ]
    if rows:
        connection.execute(dialect.insert(REVIEWS).on_conflict_do_nothing(), rows)


def _held(connection: Connection, ids: Sequence[str]) -> dict[str, Review]:
    found: dict[str, Review] = {}
    for begin in range(0, len(ids), _ASKED_AT_ONCE):
        rows = connection.execute(select(REVIEWS).where(REVIEWS.c.id.in_(ids[begin : begin + _ASKED_AT_ONCE])))
        found |= {review.id: review for review in map(_review, rows)}
    return found


def _open_review(connection: Connection, item: Item, *, again: bool = False) -> Review:
    row = connection.execute(select(REVIEWS).where(REVIEWS.c.id == item.id).with_for_update()).first()
    if row is None:
        raise NothingThere(f"Nothing waits as '{item.id}'.", to_do="GET /v1/reviews lists what waits.")
    held = _review(row)
    if held.is_decided and not _is_outdated(held, item) and not again:
        raise AlreadySo(f"{held.decided_by} has decided on '{item.id}' already: {held.verdict}.")
    return held


def _refuse_unable(connection: Connection, owner: str) -> None:
    row = person_named(connection, owner)
    person = None if row is None else person_of(row)
    able = person is not None and person.disabled_at is None and Permission.DECIDE_REVIEWS in ALLOWED[person.role]
    if not able:
        raise UsageError(
            f"'{owner}' cannot take care of it.",
            allowed=f"Somebody with an open account who may do {Permission.DECIDE_REVIEWS.value}.",
        )


def _changed(
    connection: Connection, held: Review, values: Mapping[str, Any], noted: Noted
) -> Review:  # Any: values of columns
    connection.execute(update(REVIEWS).where(REVIEWS.c.id == held.id).values(**values))
    after = replace(held, **values)
    write_within(connection, [noted(after)])
    return after


def _review(row: Row[Any]) -> Review:  # Any: values of columns
    return Review(**{field.name: row._mapping[field.name] for field in fields(Review)})
