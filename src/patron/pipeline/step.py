"""What a step is, and what it is handed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from patron.pipeline.workspace import Workspace
from patron.quality.decisions import Decision
from patron.quality.expectations import Verdict
from patron.settings import Settings, Source
from patron.warehouse import Warehouse

FACTS = ("work", "facts")


@dataclass(frozen=True)
class SourceFile:
    """One file of one source, known by its content; ``origin`` is what the place it was fetched from calls it.

    ``copies`` are other files of the source with the same content: they are read once.
    """

    source_name: str
    source: Source
    path: Path
    file_id: str
    origin: str = ""
    copies: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepReport:
    """What a step says when it is done: a few counts, in words and for machines."""

    words: str
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One run: its workspace, its open warehouse, its input files, the moment it began, and what people decided on rows."""

    workspace: Workspace
    warehouse: Warehouse
    files: tuple[SourceFile, ...]
    key: str
    started_at: datetime
    say: Callable[[str], None]
    decisions: tuple[Decision, ...] = ()

    @property
    def settings(self) -> Settings:
        return self.workspace.settings

    def remember(self, name: str, fact: Any) -> None:
        """Keep a JSON-able fact for later steps; it is committed with the step that found it."""
        self.warehouse.delete(*FACTS, {"name": name})
        row = {"name": [name], "run_key": [self.key], "body": [json.dumps(fact, sort_keys=True)]}
        self.warehouse.append(*FACTS, pa.table(row))

    def recall(self, name: str) -> Any:
        """A fact that an earlier step of this run kept."""
        facts = self.warehouse.table(*FACTS)
        found = self.warehouse.fetch(facts.filter((facts.name == name) & (facts.run_key == self.key)).select("body"))
        return json.loads(found["body"][0].as_py())


Gate = Callable[[Run], Sequence[Verdict]]


@dataclass(frozen=True)
class Step:
    """One step of the program: what it reads, what it writes, and the function that does it.

    ``before`` and ``after`` are the gates that must be open before it begins and before its writes are kept.
    """

    name: str
    title: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    do: Callable[[Run], StepReport]
    before: Gate | None = None
    after: Gate | None = None
