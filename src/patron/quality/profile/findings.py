"""What a profile says: plain values, the same for the terminal, JSON and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Family = Literal["number", "text", "date", "flag"]
Level = Literal["mend", "look", "know"]


@dataclass(frozen=True)
class ValueCount:
    """A value, and in how many rows it stands."""

    value: str
    rows: int


@dataclass(frozen=True)
class Bin:
    """How many rows lie from ``low`` to below ``high``."""

    low: float
    high: float
    rows: int


@dataclass(frozen=True)
class Numbers:
    """How a column's numbers are spread. ``quantiles`` maps 0.01 … 0.99 to values; bins span the middle 98 %."""

    least: float
    most: float
    mean: float
    deviation: float
    zeros: int
    negatives: int
    whole: bool
    quantiles: dict[str, float]
    bins: tuple[Bin, ...]
    below: int
    above: int


@dataclass(frozen=True)
class Pattern:
    """A shape of texts (A for capital letters, a for small ones, 9 for digits), with its share of the sample and an example."""

    shape: str
    share: float
    example: str


@dataclass(frozen=True)
class Texts:
    """How long a column's texts are, and what they look like."""

    shortest: int
    longest: int
    mean_length: float
    padded: int
    patterns: tuple[Pattern, ...]
    variants: tuple[tuple[str, ...], ...]
    holds: str


@dataclass(frozen=True)
class Gap:
    """Days without any row between two that have some."""

    after: str
    before: str
    days: int


@dataclass(frozen=True)
class Dates:
    """When a column's days fall. ``months`` counts rows by month, ``weekdays`` from Monday on, ``hours`` from 0 (or is empty)."""

    first: str
    last: str
    days: int
    months: tuple[ValueCount, ...]
    weekdays: tuple[int, ...]
    hours: tuple[int, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True)
class Shift:
    """How a column's values in the newest batch differ from those before, and by how much they may by chance.

    ``index`` is the population stability index; ``distance`` the largest gap between the two distributions (numbers).
    """

    index: float
    index_limit: float
    distance: float | None
    distance_limit: float | None
    missing_before: float
    missing_now: float
    new_values: tuple[ValueCount, ...]
    gone_values: tuple[ValueCount, ...]

    @property
    def moved(self) -> bool:
        """Whether this is more than chance, and more than a little."""
        far = self.distance is not None and self.distance_limit is not None and self.distance > self.distance_limit
        return self.index > self.index_limit or far


@dataclass(frozen=True)
class ColumnProfile:
    """One column. ``declared`` is the type that the table promises ('' where none is), ``seen`` what the values are.

    ``unread`` counts texts that are no value of the seen type; they count neither as given nor as missing.
    """

    name: str
    family: Family
    declared: str
    seen: str
    meaning: str
    rows: int
    given: int
    unread: int
    unread_examples: tuple[str, ...]
    distinct: int
    top: tuple[ValueCount, ...]
    numbers: Numbers | None = None
    texts: Texts | None = None
    dates: Dates | None = None
    shift: Shift | None = None

    @property
    def missing(self) -> int:
        """Rows in which nothing stands."""
        return self.rows - self.given - self.unread

    @property
    def missing_share(self) -> float:
        """Share of rows in which nothing stands."""
        return self.missing / self.rows if self.rows else 0.0

    @property
    def is_key(self) -> bool:
        """Whether every row has a value of its own."""
        return self.rows > 1 and self.distinct == self.rows


@dataclass(frozen=True)
class Pair:
    """How strongly two columns go together, on the sample. ``measure``: pearson, spearman (−1 to 1) or cramers_v (0 to 1)."""

    one: str
    other: str
    measure: Literal["pearson", "spearman", "cramers_v"]
    strength: float


@dataclass(frozen=True)
class Advice:
    """A suggestion: how much it matters, what is the case, and what to do."""

    level: Level
    column: str
    words: str
    to_do: str


@dataclass(frozen=True)
class Batch:
    """The newest batch that was compared, and with how many rows of earlier ones."""

    name: str
    rows: int
    earlier_rows: int
    earlier_batches: int


@dataclass(frozen=True)
class TableProfile:
    """A whole table. ``sampled`` rows told what goes together and what texts look like; all else counts every row."""

    name: str
    meaning: str
    rows: int
    sampled: int
    equal_rows: int
    columns: tuple[ColumnProfile, ...]
    keys: tuple[tuple[str, ...], ...]
    pairs: tuple[Pair, ...]
    batch: Batch | None
    advice: tuple[Advice, ...]

    def column(self, name: str) -> ColumnProfile:
        """The column of this name."""
        return next(column for column in self.columns if column.name == name)
