"""Where columns come from, as data: places, the edges between them, and what a program declares of what it makes.

The layers of a place are those of ``patron.tables`` and four more: ``source`` (a file's or a database's own column), ``setting``
(a line of patron.toml), ``release`` (a column of the release before) and ``work`` (the tables of a run).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from patron.errors import UsageError

How = Literal["copied", "computed", "counted", "learnt", "filtered"]
HOW: Final[dict[How, str]] = {
    "copied": "as it is, at most rewritten as another type",
    "computed": "a formula reads it",
    "counted": "rows are counted, and it decides which",
    "learnt": "a model was taught with it or is asked with it",
    "filtered": "it decides which rows take part, or which belong together",
}
OUTSIDE: Final = ("source", "setting", "release")
LAYERS: Final = ("source", "setting", "release", "bronze", "silver", "work", "gold")


@dataclass(frozen=True, order=True)
class Place:
    """One column of one table of one layer."""

    layer: str
    table: str
    column: str

    def __str__(self) -> str:
        own = f"{self.table}: {self.column}"  # as people write it: online_retail.xlsx: UnitPrice
        return own if self.layer in OUTSIDE else f"{self.layer}.{self.table}.{self.column}"


@dataclass(frozen=True)
class Edge:
    """That one column is made from another: in which step, how, and by which formula or words."""

    step: str
    source: Place
    target: Place
    how: How
    formula: str = ""


@dataclass(frozen=True)
class Made:
    """What a program declares of one column it makes: from which columns, how, and in words.

    A column is written ``layer.table.column``, a line of patron.toml ``setting.section.key``.
    """

    column: str
    how: How
    sources: tuple[str, ...]
    words: str


def place(text: str) -> Place:
    """The place that a text of ``Made`` names; a column may hold dots itself."""
    layer, _, rest = text.partition(".")
    if layer == "setting" and rest:
        return setting(rest)
    table, _, column = rest.partition(".")
    if layer not in LAYERS or not table or not column:
        raise UsageError(
            f"'{text}' names no column.", allowed=f"layer.table.column, the layer one of {', '.join(LAYERS)}."
        )
    return Place(layer, table, column)


def setting(key: str) -> Place:
    """A line of patron.toml as a place."""
    return Place("setting", "patron.toml", key)


def declared(step: str, layer: str, table: str, columns: Iterable[Made]) -> tuple[Edge, ...]:
    """The edges that a program declares of a table it makes."""
    return tuple(
        Edge(step, place(source), Place(layer, table, made.column), made.how, made.words)
        for made in columns
        for source in made.sources
    )
