"""The content of landed rows, by where they stand: what a person is shown, and what a decision is about."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from patron.pipeline.landing.landed import raw_table
from patron.quality.decisions import canonical_content
from patron.tables import FILES, REJECTS
from patron.warehouse import Warehouse

_ASKED = "asked_lines"
Place = tuple[str, int]  # the file's id, and the line in it


@dataclass(frozen=True)
class Record:
    """A row as it came, in canonical text; or a line that could not be read as one, as it stands."""

    content: str
    readable: bool


def records(warehouse: Warehouse, source: str, places: Collection[Place]) -> dict[Place, Record]:
    """What stands in these places of a source's files."""
    if not places:
        return {}
    asked = pa.table(
        {
            "file_id": pa.array([file for file, _ in places], pa.string()),
            "line": pa.array([line for _, line in places], pa.int64()),
        }
    )
    warehouse.replace("work", _ASKED, asked)
    wanted = warehouse.table("work", _ASKED)
    rejects = warehouse.table("bronze", REJECTS.name)
    unread = rejects.filter(rejects.source == source).semi_join(wanted, ["file_id", "line"])
    found = {
        (row["file_id"], row["line"]): Record(row["raw"], readable=False)
        for row in warehouse.fetch(unread.select("file_id", "line", "raw")).to_pylist()
    }
    if warehouse.exists("bronze", raw_table(source)):
        columns = _columns(warehouse, source)
        rows = warehouse.table("bronze", raw_table(source)).semi_join(wanted, ["file_id", "line"])
        for row in warehouse.fetch(rows).to_pylist():
            found[row["file_id"], row["line"]] = _record(row, columns[row["file_id"]])
    warehouse.drop("work", _ASKED)
    return found


def _record(row: dict[str, Any], columns: list[str]) -> Record:  # Any: a row of the warehouse
    stored = {name.lower(): name for name in row}
    return Record(
        canonical_content({name: row[name if name in row else stored[name.lower()]] for name in columns}), readable=True
    )


def _columns(warehouse: Warehouse, source: str) -> dict[str, list[str]]:
    """Each file's columns by their own names: a warehouse may not mind their case."""
    files = warehouse.table("bronze", FILES.name)
    rows = warehouse.fetch(files.filter(files.source == source).select("file_id", "columns")).to_pylist()
    return {row["file_id"]: json.loads(row["columns"]) for row in rows}
