"""The step that lands every file's rows in bronze, as they came."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa

from patron.errors import BrokenContract
from patron.governance.vault.vault import Vault
from patron.pipeline.landing.landed import LandedFile, landed_files, path_of, raw_table, reading_digest
from patron.pipeline.landing.sealing import (
    opened_vault,
    refuse_plain_leftovers,
    sealed_file,
    sealing_of,
    without_content,
)
from patron.pipeline.step import Run, SourceFile, StepReport
from patron.quality.batch import refuse_empty
from patron.settings import FILES_CONNECTOR, Source
from patron.sources.files import file_id
from patron.sources.raw import Limits, RawFile, RejectedRow, read_raw
from patron.tables import FILES, REJECTS
from patron.warehouse import Batches

_REJECTS_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("file_id", pa.string()),
        ("line", pa.int64()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("raw", pa.string()),
        ("arrived_at", pa.timestamp("us")),
    ]
)


def ingest(run: Run) -> StepReport:
    """Read each file that has not been read before; a file is known by its bytes, not its name."""
    run.warehouse.create("bronze", FILES.name, FILES.columns)
    run.warehouse.create("bronze", REJECTS.name, REJECTS.columns)
    refuse_plain_leftovers(run)
    known = _known_files(run)
    fresh = [file for file in run.files if known.get((file.source_name, file.file_id)) != _reading(run, file)]
    with opened_vault(run.workspace) as vault:
        rows = sum(_land(run, file, vault) for file in fresh)
    old = len(run.files) - len(fresh)
    gone = _moved_away(run)
    words = f"{rows:,} rows from {len(fresh)} new file{'s' * (len(fresh) != 1)}"
    words += f", {old} already read" if old else ""
    for file in _back_to_earlier(run):
        words += f"; {file.path.name} holds again what it held before its last change, which is not read again"
    words += f"; {gone} read before and no longer there still count" if gone else ""
    return StepReport(words, {"files": len(fresh), "rows": rows, "gone": gone})


def _back_to_earlier(run: Run) -> list[SourceFile]:
    """Today's files whose content was read before another content of the same path."""
    landed = landed_files(run)
    latest = {(file.source_name, file.path): file.file_id for file in landed}
    today = {file.file_id for file in run.files}  # of what is fetched, every state lies in the lake
    newest = ((file, latest.get((file.source_name, path_of(run.workspace.folder, file)))) for file in run.files)
    return [file for file, last in newest if last not in (None, *today)]


def _moved_away(run: Run) -> int:
    """How many files that still count are not among today's."""
    today = {(file.source_name, file.file_id) for file in run.files}
    states = {
        (file.source_name, path_of(run.workspace.folder, file))
        for file in run.files
        if _takes_its_own_place(file.source)
    }
    return sum(
        1 for one in landed_files(run) if one.identity not in today and (one.source_name, one.path) not in states
    )


def _takes_its_own_place(source: Source) -> bool:
    """Whether another content of a path is its new state, and what it held before counts no more."""
    return source.repeated_rows == "replace" or source.connector != FILES_CONNECTOR


def _known_files(run: Run) -> dict[tuple[str, str], str]:
    """The files that have been read, each with the settings it was read with."""
    files = run.warehouse.fetch(run.warehouse.table("bronze", FILES.name).select("source", "file_id", "reading"))
    return {(row["source"], row["file_id"]): row["reading"] for row in files.to_pylist()}


def _reading(run: Run, file: SourceFile) -> str:
    return reading_digest(run.settings, file.source)


def _land(run: Run, file: SourceFile, vault: Vault | None) -> int:
    sealing = sealing_of(vault, run.settings, file.source)
    with without_content(sealing):
        raw = read_raw(file.path, file.source, Limits(run.settings.reading.memory_gb, run.settings.reading.seconds))
    return _land_rows(run, file, raw if sealing is None else sealed_file(raw, sealing))


def _land_rows(run: Run, file: SourceFile, raw: RawFile) -> int:
    rejected: list[RejectedRow] = []
    _forget(run, file)
    run.warehouse.create_raw("bronze", raw_table(file.source_name), list(raw.columns))
    schema = pa.schema([("file_id", pa.string()), ("line", pa.int64()), *((c, pa.string()) for c in raw.columns)])
    batches = Batches(schema, _batches(raw, file, schema, rejected))
    kept = run.warehouse.append("bronze", raw_table(file.source_name), batches)
    rows_in = kept + len(rejected)
    _refuse_moving(file)
    refuse_empty(file.path.name, rows_in)
    run.warehouse.append("bronze", REJECTS.name, rejects_table(file, rejected, run))
    run.warehouse.append("bronze", FILES.name, _file_row(run, file, raw, rows_in))
    return rows_in


def _refuse_moving(file: SourceFile) -> None:
    if file_id(file.path) != file.file_id:
        raise BrokenContract(
            f"{file.path.name} was written to while it was read.",
            to_do="Run again when it is whole; nothing was changed.",
        )


def _forget(run: Run, file: SourceFile) -> None:
    """Take out what an earlier reading of the same bytes, with other settings, made of them."""
    mine = {"source": file.source_name, "file_id": file.file_id}
    for table in (FILES, REJECTS):
        run.warehouse.delete("bronze", table.name, mine)
    if run.warehouse.exists("bronze", raw_table(file.source_name)):
        run.warehouse.delete("bronze", raw_table(file.source_name), {"file_id": file.file_id})


def _batches(
    raw: RawFile, file: SourceFile, schema: pa.Schema, rejected: list[RejectedRow]
) -> Iterator[pa.RecordBatch]:
    for batch in raw.batches():
        rejected.extend(batch.rejected)
        values = [batch.rows.column(column).cast(pa.string()) for column in raw.columns]
        identity = pa.array([file.file_id], pa.string()).take(pa.array([0] * batch.rows.num_rows, pa.int8()))
        yield pa.RecordBatch.from_arrays([identity, batch.rows.column("line"), *values], schema=schema)


def rejects_table(file: SourceFile | LandedFile, rejected: list[RejectedRow], run: Run) -> pa.Table:
    """Rejected rows as quarantine rows."""
    rows = [
        {
            "source": file.source_name,
            "file_id": file.file_id,
            "line": row.line,
            "reason": row.reason,
            "detail": row.detail,
            "raw": row.raw,
            "arrived_at": run.started_at.replace(tzinfo=None),
        }
        for row in rejected
    ]
    return pa.Table.from_pylist(rows, schema=_REJECTS_SCHEMA)


def _file_row(run: Run, file: SourceFile, raw: RawFile, rows_in: int) -> pa.Table:
    row = {
        "file_id": file.file_id,
        "source": file.source_name,
        "name": file.path.name,
        "path": path_of(run.workspace.folder, file),
        "bytes": file.path.stat().st_size,
        "columns": json.dumps(raw.columns),
        "reading": _reading(run, file),
        "rows_in": rows_in,
        "arrived_at": run.started_at.replace(tzinfo=None),
    }
    return pa.Table.from_pylist([row])
