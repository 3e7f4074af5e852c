"""What is proposed for a workspace's raw files, and the steps on the way there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from patron.settings import Source
from patron.sources.column_looks import ColumnLook
from patron.sources.header import mapped_columns
from patron.sources.mapping import Fit


@dataclass(frozen=True)
class ProposedColumn:
    """A declared column, the source's column that seems to be it, how sure that is (0 to 1), and a value of it."""

    name: str
    source_column: str
    confidence: float
    example: str


@dataclass(frozen=True)
class ProposedSource:
    """One source: its name, its settings, its columns, one of its rows, and what is worth knowing in words."""

    name: str
    source: Source
    files: tuple[Path, ...]
    columns: tuple[ProposedColumn, ...]
    example: dict[str, str | None]
    notes: tuple[str, ...]

    @property
    def unused_columns(self) -> tuple[str, ...]:
        """The file's columns that mean nothing to Patron, in the file's order."""
        used = set(mapped_columns(self.source))
        return tuple(name for name in self.example if name not in used)


@dataclass(frozen=True)
class UnusedFile:
    """A file, or a sheet of one, that is left out, and why."""

    path: Path
    why: str
    sheet: str = ""

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return f"{self.path.name}, sheet '{self.sheet}'" if self.sheet else self.path.name


@dataclass(frozen=True)
class Proposal:
    """What a patron.toml would say, before it is written."""

    profile: str
    currency: str
    sources: tuple[ProposedSource, ...]
    unused: tuple[UnusedFile, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """What the user has said already, and need not be found out."""

    profile: str
    date_format: str | None
    currency: str | None
    delimiter: str | None
    encoding: str | None
    decimal: Literal[".", ","] | None
    timezone: str


@dataclass(frozen=True)
class Group:
    """Files with the same columns, written alike."""

    files: tuple[Path, ...]
    reading: Source
    columns: tuple[str, ...]
    looks: tuple[ColumnLook, ...]
    example: dict[str, str | None]


@dataclass(frozen=True)
class Candidate:
    """A group of files, the table it is to fill, and what is worth knowing of how they belong together."""

    group: Group
    fit: Fit
    rows: int
    notes: tuple[str, ...] = ()
