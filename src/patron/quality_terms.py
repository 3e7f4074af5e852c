"""What patron.toml can say about quality: rules of the user's own, and what every batch must keep (SLAs)."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

from pydantic import Field, field_validator, model_validator

from patron.errors import UsageError
from patron.periods import parse_period
from patron.section import Name, Section
from patron.tables import TRANSACTIONS, Kind, source_table

Action = Literal["quarantine", "block", "warn"]
TESTS: Final = ("required", "at_least", "at_most", "one_of", "none_of", "longest", "known_in")
_NUMBERS: Final[frozenset[Kind]] = frozenset({"money", "quantity", "count", "day", "share", "real"})
_DAYS: Final[frozenset[Kind]] = frozenset({"moment", "date"})
_TEXTS: Final[frozenset[Kind]] = frozenset({"id", "text"})


class OwnRule(Section):
    """A rule of the user's own on one column: one test, what happens to a row that fails it, and words."""

    name: Name = Field(description="what the rule is called; a quarantined row carries it as its reason")
    table: str = Field(description="the table whose rows it judges")
    column: str = Field(description="the column of that table")
    required: bool | None = Field(None, description="the value is there")
    at_least: float | str | None = Field(None, description="the value is this or more; a day for a date")
    at_most: float | str | None = Field(None, description="the value is this or less; a day for a date")
    one_of: tuple[str, ...] | None = Field(None, description="the text is one of these")
    none_of: tuple[str, ...] | None = Field(None, description="the text is none of these")
    longest: int | None = Field(None, ge=1, description="the text has this many characters or fewer")
    known_in: str | None = Field(None, description="the value is a key of this table, e.g. branches")
    action: Action = Field(
        "quarantine",
        description="quarantine: set the row aside; block: stop the batch; warn: count it and go on",
    )
    words: str = Field("", description="why, for the person who meets such a row")

    @property
    def test(self) -> str:
        """Which of the tests it makes."""
        return next(name for name in TESTS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _fits_its_column(self) -> OwnRule:
        given = [name for name in TESTS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(TESTS)}; {' and '.join(given) or 'none'} given")
        if self.required is False:
            raise ValueError("required = false tests nothing; leave the rule out")
        kind = self._kind()
        allowed = _kinds_of(given[0], getattr(self, given[0]))
        if allowed is not None and kind not in allowed:
            raise ValueError(f"{given[0]} does not fit {self.table}.{self.column}, which holds a {kind}")
        if self.known_in is not None and self._parent_key() is None:
            raise ValueError(f"known_in = '{self.known_in}': no table of that name has {self.column} as its key")
        return self

    def _kind(self) -> Kind:
        try:
            return source_table(self.table).column(self.column).kind
        except UsageError as error:
            raise ValueError(str(error)) from error

    def _parent_key(self) -> str | None:
        try:
            table = source_table(self.known_in or "")
        except UsageError as error:
            raise ValueError(str(error)) from error
        return self.column if table.key == (self.column,) else None


def _kinds_of(test: str, limit: object) -> frozenset[Kind] | None:
    """The kinds of column that a test is for; None: any."""
    if test in ("at_least", "at_most"):
        if not isinstance(limit, str):
            return _NUMBERS
        try:
            date.fromisoformat(limit)
        except ValueError as error:
            raise ValueError(f"{test} = '{limit}' is neither a number nor a day such as 2024-06-30") from error
        return _DAYS
    return _TEXTS if test in ("one_of", "none_of", "longest", "known_in") else None


class Sla(Section):
    """What the data must keep so that scores may be published; empty: nothing is asked."""

    freshness: str = Field(
        "", description="the newest transaction is at most this old when a run begins, e.g. '2 days'"
    )
    completeness: dict[str, float] = Field(
        {},
        description="of these transaction columns, the share of a batch's rows that is filled, e.g. { customer_id = 0.9 }",
    )
    least_rows: int = Field(0, ge=0, description="rows that a batch of transactions holds at least")
    most_rows: int = Field(0, ge=0, description="rows that a batch of transactions holds at most; 0: any number")

    @field_validator("freshness")
    @classmethod
    def _freshness_is_a_period(cls, text: str) -> str:
        if text:
            try:
                parse_period(text)
            except UsageError as error:
                raise ValueError(str(error)) from error
        return text

    @field_validator("completeness")
    @classmethod
    def _columns_are_known(cls, shares: dict[str, float]) -> dict[str, float]:
        for name, share in shares.items():
            try:
                TRANSACTIONS.column(name)
            except UsageError as error:
                raise ValueError(str(error)) from error
            if not 0 < share <= 1:
                raise ValueError(f"{name} = {share} is no share; write more than 0 and at most 1")
        return shares

    @model_validator(mode="after")
    def _room_between(self) -> Sla:
        if self.most_rows and self.most_rows < self.least_rows:
            raise ValueError(f"most_rows {self.most_rows} is less than least_rows {self.least_rows}")
        return self
