"""What is proposed for a workspace's raw files, and the steps on the way there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from patron.settings import Source
from patron.sources.column_looks import ColumnLook
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


@dataclass(frozen=True)
class UnusedFile:
    """A file that is left out, and why."""

    path: Path
    why: str


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
    """A group of files and the table it is to fill."""

    group: Group
    fit: Fit
    rows: int
