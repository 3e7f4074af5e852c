"""The chain: each entry's hash covers the entry and the hash before it, so an edit, a removal or another order breaks it.

A tail that is cut off breaks nothing inside the chain: the head, and anchors that are kept elsewhere, tell that it is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, String, insert, select, update

from patron.errors import UsageError
from patron.governance.identity import Identity
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import AUDIT, AUDIT_HEAD

BEGINNING: Final = hashlib.sha256(b"patron audit").hexdigest()
_HEAD: Final = 1
_LONGEST: Final = {
    column.name: column.type.length
    for column in AUDIT.columns
    if isinstance(column.type, String) and column.type.length
}
_LONGEST_PLACE: Final = 18
_READ_AT_ONCE: Final = 10_000
_MOST_FAULTS: Final = 100


@dataclass(frozen=True)
class Act:
    """Something that somebody did, or was refused: to be written into the chain.

    ``action`` is a name such as ``customer.read``, ``subject`` what it was done to, ``outcome`` ``done``, ``refused`` or
    ``not found``. ``details`` never hold personal data.
    """

    who: str
    role: str
    via: str
    address: str
    action: str
    subject: str = ""
    outcome: str = "done"
    details: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON
    at: int = field(default_factory=now_in_microseconds)


@dataclass(frozen=True)
class Entry:
    """A link of the chain; ``at`` in microseconds since 1970, ``details`` as JSON."""

    place: int
    at: int
    who: str
    role: str
    via: str
    address: str
    action: str
    subject: str
    outcome: str
    details: str
    previous: str
    hash: str

    @property
    def is_unchanged(self) -> bool:
        return self.hash == _hash(asdict(self))


@dataclass(frozen=True)
class Head:
    """The newest link: its place (from 1; 0 before the first) and its hash."""

    place: int
    hash: str


def act_of(who: Identity, action: str, subject: str = "", outcome: str = "done", **details: object) -> Act:
    """What somebody did who has shown who they are."""
    return Act(who.name, who.role.value, who.via, who.address, action, subject, outcome, details)


def write(state: State, acts: Sequence[Act]) -> Head:
    """Add these to the chain, all or none, on disk when this ends."""
    with state.changing() as connection:
        return write_within(connection, acts)


def write_within(connection: Connection, acts: Sequence[Act]) -> Head:
    """Add these in a transaction that also holds what they tell of. It must be one of ``State.changing``."""
    head = _head(connection, lock=True)
    rows = []
    for act in acts:
        row = _row(act, head)
        rows.append(row)
        head = Head(row["place"], row["hash"])
    if rows:
        connection.execute(insert(AUDIT), rows)
        connection.execute(update(AUDIT_HEAD).where(AUDIT_HEAD.c.id == _HEAD).values(place=head.place, hash=head.hash))
    return head


def head_of(state: State) -> Head:
    """The newest link."""
    with state.reading() as connection:
        return _head(connection, lock=False)


def entries(
    state: State, *, after: int = 0, at_once: int = _READ_AT_ONCE, subject: str | None = None
) -> Iterator[Entry]:
    """The chain from its beginning, or after a place, in the order of places; ``at_once`` are read together.

    With a ``subject``, only the entries about it.
    """
    columns = [AUDIT.c[name] for name in Entry.__dataclass_fields__]
    while True:
        with state.reading() as connection:
            query = select(*columns).where(AUDIT.c.place > after)
            about = query if subject is None else query.where(AUDIT.c.subject == subject)
            found = [Entry(*row) for row in connection.execute(about.order_by(AUDIT.c.place).limit(at_once))]
        yield from found
        if len(found) < at_once:
            return
        after = found[-1].place


def faults(chain: Iterable[Entry], head: Head, anchors: Iterable[Head] = ()) -> Iterator[str]:
    """Everything that is wrong with a chain, in words; nothing if it is as it was written."""
    expected, previous = 1, BEGINNING
    wanted: dict[int, set[str]] = {}
    for anchor in anchors:  # all of one place: a forged one that was added must not stand for the one before it
        if anchor.place:
            wanted.setdefault(anchor.place, set()).add(anchor.hash)
    for entry in chain:
        if entry.place != expected:
            gone = f"{expected}" if entry.place == expected + 1 else f"{expected} to {entry.place - 1}"
            yield f"Entry {gone} is missing." if entry.place > expected else f"Entry {entry.place} is there twice."
        if not entry.is_unchanged:
            yield f"Entry {entry.place} was changed: its hash is not the one of what it says."
        if entry.previous != previous:
            yield f"Entry {entry.place} does not follow the entry before it."
        if wanted.pop(entry.place, {entry.hash}) != {entry.hash}:
            yield f"Entry {entry.place} is not the one that was anchored."
        expected, previous = entry.place + 1, entry.hash
    if (expected - 1, previous) != (head.place, head.hash):
        yield f"The chain ends at entry {expected - 1}; the head says that entry {head.place} was the last."
    for place in sorted(wanted):
        yield f"Entry {place} was anchored and is missing."


@dataclass(frozen=True)
class Verdict:
    """Whether a chain is as it was written: its entries, the head's hash, and at most a hundred faults."""

    entries: int
    head: str
    faults: tuple[str, ...]


def verified(state: State, anchors: Iterable[Head] = (), known: Iterable[str] = ()) -> Verdict:
    """Read the whole chain, as far as the head stood when this began, and check every link.

    ``known`` are faults that were found before, such as those of a file of anchors.
    """
    head = head_of(state)
    chain = (entry for entry in entries(state) if entry.place <= head.place)
    found = faults(chain, head, anchors)
    return Verdict(head.place, head.hash, tuple(islice((one for part in (known, found) for one in part), _MOST_FAULTS)))


def anchor_of(text: str) -> Head:
    """An anchor as people note it: ``PLACE:HASH``; UsageError for anything else."""
    place, _, hashed = text.partition(":")
    if not (place.isascii() and place.isdigit() and len(place) <= _LONGEST_PLACE and len(hashed) == len(BEGINNING)):
        raise UsageError(
            f"'{text}' is no anchor.", allowed="PLACE:HASH, as 'patron audit verify' tells it of the head."
        )
    return Head(int(place), hashed)


def _head(connection: Connection, *, lock: bool) -> Head:
    query = select(AUDIT_HEAD.c.place, AUDIT_HEAD.c.hash).where(AUDIT_HEAD.c.id == _HEAD)
    # On SQLite a writer is alone from its beginning; elsewhere the head's row lets one pass at a time.
    row = connection.execute(query.with_for_update() if lock else query).first()
    return Head(row.place, row.hash) if row else Head(0, BEGINNING)


def _row(act: Act, head: Head) -> dict[str, Any]:  # Any: values of columns
    row: dict[str, Any] = asdict(act) | {
        "place": head.place + 1,
        "details": json.dumps(act.details, sort_keys=True, separators=(",", ":"), default=str),
        "previous": head.hash,
    }
    for name, told in row.items():
        if isinstance(told, str):  # PostgreSQL holds no NUL, and one act must not stop those written with it
            row[name] = told.replace("\0", "\ufffd")[: _LONGEST.get(name)]
    return row | {"hash": _hash(row)}


def _hash(row: Mapping[str, Any]) -> str:  # Any: values of columns
    told = {name: row[name] for name in Entry.__dataclass_fields__ if name != "hash"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
