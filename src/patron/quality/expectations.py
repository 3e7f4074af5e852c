"""Expectations: what a layer's tables must be like, declared once, and the verdicts that measuring them gives."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

Layer = Literal["lake", "bronze", "silver", "gold"]
Severity = Literal["block", "warn"]
Kind = Literal[
    "rows",
    "type",
    "required",
    "unique",
    "range",
    "accepted",
    "longest",
    "reference",
    "ordered",
    "adds_up",
    "reconciles",
    "freshness",
    "completeness",
    "volume",
    "distribution",
    "share",
    "days",
    "varied",
    "readable",
]
LAYERS: Final[tuple[Layer, ...]] = ("lake", "bronze", "silver", "gold")
# The kinds that count the rows which break them: the figure is a number of rows.
ROW_KINDS: Final[frozenset[Kind]] = frozenset(
    {"required", "unique", "range", "accepted", "longest", "reference", "ordered", "adds_up"}
)
LARGEST_FLOAT: Final = 1.7976931348623157e308


@dataclass(frozen=True)
class Expectation:
    """One check: where it looks, what it asks, and what happens when the answer is no.

    ``least`` and ``most`` bound a value (range) or a figure (rows, freshness, volume …); ``allowed_share`` is the share
    of rows that may break a check on rows.
    """

    layer: Layer
    table: str
    kind: Kind
    columns: tuple[str, ...] = ()
    severity: Severity = "block"
    least: float | str | None = None
    most: float | str | None = None
    values: tuple[str, ...] = ()
    none_of: bool = False
    parent: str = ""
    allowed_share: float = 0.0
    words: str = ""
    to_do: str = ""
    rule: str = ""

    @property
    def name(self) -> str:
        """Its stable name, the same in every export: gold.scores.probability_alive.range."""
        return ".".join(filter(None, (self.layer, self.table, "+".join(self.columns), self.kind, self.rule)))

    def warning(self) -> Expectation:
        """The same check, which stops nothing."""
        return replace(self, severity="warn")


@dataclass(frozen=True)
class Verdict:
    """What one check found: its figure, the bounds that were allowed, and words."""

    expectation: Expectation
    value: float
    least: float | None
    most: float | None
    words: str
    subject: str = ""

    @property
    def passed(self) -> bool:
        if math.isnan(self.value):
            return False
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    @property
    def blocks(self) -> bool:
        return not self.passed and self.expectation.severity == "block"

    @property
    def told(self) -> str:
        """The whole verdict in one line: where, what was found, what was allowed."""
        where = f"{self.expectation.name}{f' ({self.subject})' if self.subject else ''}"
        return f"{where}: {self.words}; allowed: {self.allowed}."

    @property
    def allowed(self) -> str:
        if self.expectation.kind in ROW_KINDS and not self.most:
            return "no row"
        if self.least is not None and self.most is not None:
            return figure(self.least) if self.least == self.most else f"{figure(self.least)} to {figure(self.most)}"
        if self.least is not None:
            return f"at least {figure(self.least)}"
        return f"at most {figure(self.most)}" if self.most is not None else "anything"


def rows_verdict(expectation: Expectation, broken: int, rows: int, subject: str = "") -> Verdict:
    """The verdict of a check on rows, of which so many broke it."""
    what = expectation.words or _BROKEN.get(expectation.kind, "break it")
    words = f"{broken:,} of {rows:,} rows: {what}"
    return Verdict(expectation, float(broken), None, math.floor(expectation.allowed_share * rows), words, subject)


_WHOLE_FROM: Final = 1000


def figure(number: float) -> str:
    """A figure for people: whole numbers with separators, others with four digits."""
    if not math.isfinite(number):
        return str(number)
    return f"{number:,.0f}" if float(number).is_integer() or abs(number) >= _WHOLE_FROM else f"{number:,.4g}"


_BROKEN: Final[dict[Kind, str]] = {
    "required": "the value is missing",
    "unique": "repeat a key that must be unique",
    "range": "the value is outside its range",
    "accepted": "the value is none of those that are known",
    "longest": "the text is too long",
    "reference": "the value is no key of the table it refers to",
    "ordered": "the values are not in order",
    "adds_up": "the parts do not add up to the whole",
}
