"""The step that decides, row by row, what can be believed: bronze → silver, quarantine and review."""

from __future__ import annotations

from pathlib import Path

from patron.errors import BrokenContract
from patron.pipeline.judging.judge import judge
from patron.pipeline.judging.review import review
from patron.pipeline.landing.landed import LandedFile, landed_files, meaning_digest, reading_digest
from patron.pipeline.step import Run, StepReport
from patron.sources.header import require_kept_columns
from patron.tables import (
    BATCH_PROFILES,
    DECIDED,
    INTAKE,
    QUARANTINE,
    REVIEW,
    SOURCE_TABLES,
    TRANSACTIONS,
    silver_columns,
)

_OWN = (QUARANTINE, REVIEW, DECIDED, INTAKE, BATCH_PROFILES)
_COUNTED = ("rows_in", "accepted", "anonymous", "duplicate", "quarantined")


def check(run: Run) -> StepReport:
    """Judge each landed file that was not judged by today's settings; rows in = accepted + duplicate + quarantined.

    Where a table's mapping has changed, or one of its sources is gone, the table is made anew from bronze.
    """
    _drop_outdated(run)
    for table in _OWN:
        run.warehouse.create("silver", table.name, table.columns)
    intakes = [judge(run, file) for file in _to_judge(run)]
    review(run)
    total = {name: sum(getattr(intake, name) for intake in intakes) for name in _COUNTED}
    words = f"{total['accepted']:,} accepted, {total['duplicate']:,} duplicate, {total['quarantined']:,} quarantined"
    return StepReport(words if intakes else "no new rows", total)


def _drop_outdated(run: Run) -> None:
    """Let go of silver where an earlier Patron left a table of other columns: all of it is made anew from bronze."""
    declared = {table.name: table.names for table in _OWN}
    declared |= {table.name: tuple(column.name for column in silver_columns(table)) for table in SOURCE_TABLES}
    there = [name for name in run.warehouse.names("silver") if name in declared]
    if any(set(run.warehouse.table("silver", name).columns) != set(declared[name]) for name in there):
        for name in there:
            run.warehouse.drop("silver", name)


def _to_judge(run: Run) -> list[LandedFile]:
    """Today's files that are new, and all files of a table whose rows mean something else now; oldest first."""
    judged = run.warehouse.fetch(run.warehouse.table("silver", INTAKE.name)).to_pylist()
    changed = {
        row["table_name"]
        for row in judged
        if row["meaning"] != meaning_digest(run.settings, row["table_name"], run.decisions)
    }
    for row in judged:
        if row["table_name"] in changed:
            _forget(run, row["source"], row["table_name"])
    still = {(row["source"], row["file_id"]) for row in judged if row["table_name"] not in changed}
    again = {(row["source"], row["file_id"]) for row in judged if row["table_name"] in changed}
    today = {(file.source_name, file.file_id) for file in run.files}
    # A file that was refused is judged again only while it is among today's files: it may have been mended since.
    chosen = [file for file in landed_files(run) if file.identity in (again | today) - still]
    _refuse_unreadable(run, chosen)
    # What transactions may refer to must be there first.
    return sorted(chosen, key=lambda file: file.source.table == TRANSACTIONS.name)


def _refuse_unreadable(run: Run, files: list[LandedFile]) -> None:
    """Stop where a file's rows were cut by other settings and it is not there to be read anew, or lacks a mapped column."""
    for file in files:
        if file.reading != reading_digest(run.settings, file.source):
            raise BrokenContract(
                f"{file.path} was read with other settings (encoding, delimiter, …) than source '{file.source_name}' has now.",
                allowed="To read it anew it must be where it was.",
                to_do="Put the file back, or undo the change of those settings; nothing downstream was changed.",
            )
        require_kept_columns(Path(file.path), file.columns, file.source)


def _forget(run: Run, source: str, table: str) -> None:
    for own in _OWN:
        run.warehouse.delete("silver", own.name, {"source": source})
    run.warehouse.delete("silver", table, {})
