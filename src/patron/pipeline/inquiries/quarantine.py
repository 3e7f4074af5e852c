"""The quarantined rows of a workspace, to be looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from patron.errors import NothingThere
from patron.pipeline.workspace import Workspace
from patron.tables import QUARANTINE


def quarantined_rows(folder: Path, limit: int) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Counts by reason (most first) and the first rows, each with the name of its file.

    Raises NothingThere before the first run and WorkspaceBusy while one is at work.
    """
    with Workspace.at(folder).made_warehouse() as warehouse:
        if not warehouse.exists("silver", QUARANTINE.name):
            raise NothingThere("Nothing has been read in this workspace yet.", to_do="Run 'patron run' first.")
        rows = warehouse.table("silver", QUARANTINE.name)
        files = warehouse.table("bronze", "files").select("file_id", "source", "name")
        counted = rows.group_by("reason").aggregate(rows=rows.count()).order_by(["rows", "reason"])
        reasons = {row["reason"]: row["rows"] for row in reversed(warehouse.fetch(counted).to_pylist())}
        named = rows.join(files, ["file_id", "source"]).order_by(["name", "line"]).limit(limit)
        return reasons, warehouse.fetch(named.drop("file_id")).to_pylist()
