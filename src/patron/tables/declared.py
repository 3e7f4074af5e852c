"""What a table is: its name, layer, key and columns, each with its kind and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from patron.errors import UnknownName

Kind = Literal["id", "text", "money", "quantity", "count", "day", "moment", "date", "share", "real", "flag"]
Layer = Literal["bronze", "silver", "gold"]

MONEY_SCALE: Final = 4
KINDS: Final[dict[Kind, str]] = {
    "id": "a name of a thing, compared exactly",
    "text": "words",
    "money": "decimal(18,4) in the value contract's currency",
    "quantity": "decimal(18,4)",
    "count": "whole number",
    "day": "whole days since 1970-01-01",
    "moment": "date and time, UTC",
    "date": "calendar day",
    "share": "0 to 1",
    "real": "64-bit float",
    "flag": "true or false",
}


@dataclass(frozen=True)
class Column:
    """One column: what it is called, what kind of value it holds, and what it means."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One table: where it lives, what identifies a row, and its columns."""

    name: str
    layer: Layer
    key: tuple[str, ...]
    meaning: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownName(f"column of table {self.name}", name, self.names)


def column(name: str, kind: Kind, meaning: str, required: bool = False) -> Column:
    return Column(name, kind, meaning, required)
