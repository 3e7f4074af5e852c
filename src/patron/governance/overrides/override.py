"""An override: what somebody set by hand for a customer, why, until when, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, Literal, get_args

from sqlalchemy import ColumnElement, Row, and_, or_, true

from patron.governance.state.tables import OVERRIDES

Field = Literal["tier", "expected_value"]
Status = Literal["waiting", "in force", "expired", "withdrawn", "refused", "replaced"]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
_O: Final = OVERRIDES.c


@dataclass(frozen=True)
class NewOverride:
    """What somebody wants to set. ``published`` is what the release says instead and ``historic`` what the customer has brought
    so far by it; ``release``, ``as_of`` and ``horizon_days`` say which one that is. Values are exact text, ``until`` is in
    microseconds since 1970."""

    customer_id: str
    field: Field
    value: str
    published: str
    historic: str
    because: str
    release: str
    as_of: str
    horizon_days: int
    until: int


@dataclass(frozen=True)
class Override(NewOverride):
    """An override as it is kept. ``number`` grows with each; ``person_behind`` is who made the key, where a key set it."""

    number: int
    id: str
    made_by: str
    made_by_id: str
    person_behind: str
    made_at: int
    needs_second: bool
    judged_by: str | None = None
    judged_at: int | None = None
    judged_because: str | None = None
    approved: bool | None = None
    ended_by: str | None = None
    ended_at: int | None = None
    ended_because: str | None = None
    replaces: str | None = None
    replaced_by: str | None = None

    def status_at(self, moment: int) -> Status:
        """What it is at a moment after all that is told of it."""
        if self.ended_at is not None:
            return "withdrawn" if self.replaced_by is None else "replaced"
        if self.approved is False:
            return "refused"
        if self.until <= moment:
            return "expired"
        return "waiting" if self.needs_second and self.approved is None else "in force"


def override_of(row: Row[Any]) -> Override:  # Any: values of columns
    """The override of a row."""
    return Override(**{field.name: row._mapping[field.name] for field in fields(Override)})


def is_in(status: Status | None, moment: int) -> ColumnElement[bool]:
    """The same as ``status_at``, asked of the database; any status for None."""
    lives = and_(_O.ended_at.is_(None), or_(_O.approved.is_(None), _O.approved))
    waits = and_(_O.needs_second, _O.approved.is_(None))
    match status:
        case None:
            return true()
        case "withdrawn":
            return and_(_O.ended_at.is_not(None), _O.replaced_by.is_(None))
        case "replaced":
            return and_(_O.ended_at.is_not(None), _O.replaced_by.is_not(None))
        case "refused":
            return and_(_O.ended_at.is_(None), ~_O.approved)
        case "expired":
            return and_(lives, _O.until <= moment)
        case "waiting":
            return and_(lives, _O.until > moment, waits)
        case "in force":
            return and_(lives, _O.until > moment, ~waits)
