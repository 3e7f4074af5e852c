"""One landed file, judged row by row: into silver, quarantine and review."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.pipeline.ingest import rejects_table
from patron.pipeline.landing import LandedFile, meaning_digest, raw_table
from patron.pipeline.step import Run
from patron.quality.batch import Intake, balance, is_broken, refuse_broken, refuse_overlap
from patron.quality.oddities import oddities, usual_amount
from patron.quality.repeats import (
    CONFLICT,
    CORRECTION,
    DUPLICATE,
    FRESH,
    repeated_share,
    sorted_by_content,
    sorted_by_key,
)
from patron.quality.rules import judged, transaction_rules
from patron.sources.parse import Parser
from patron.sources.raw import RejectedRow
from patron.tables import (
    FILES,
    INTAKE,
    QUARANTINE,
    REJECTS,
    REVIEW,
    TRANSACTIONS,
    Table,
    silver_columns,
    source_table,
)
from patron.warehouse import Batches

STAGED, SORTED = "staged", "sorted"
REFUSED_ROWS = "refused-rows.log"
REPEATED = "repeated"  # equal to a row of an earlier file, in a file of which most is new: counted, and flagged


def judge(run: Run, file: LandedFile) -> Intake:
    """Sort one landed file's rows into silver, quarantine and review; raises BrokenContract for the whole file."""
    table = source_table(file.source.table)
    run.warehouse.create("silver", table.name, silver_columns(table))
    if file.source.repeated_rows == "replace":
        _retire_earlier(run, file, table)
    unreadable = _stage(run, file, table)
    rows = _sorted(run, file, table)
    _quarantine(run, file, unreadable + _refused_rows(run, file, rows))
    accepted, anonymous, duplicate = _admit(run, file, table, rows)
    quarantine = run.warehouse.table("silver", QUARANTINE.name)
    mine = quarantine.filter((quarantine.file_id == file.file_id) & (quarantine.source == file.source_name))
    quarantined = _scalar(run, mine.count())
    intake = Intake(
        file.source_name, file.file_id, file.name, file.rows_in, accepted, anonymous, duplicate, quarantined
    )
    balance(intake)
    if is_broken(intake, run.settings.quality):
        refuse_broken(intake, *_reasons(run, mine), run.settings.quality, _shown(run, mine))
    row = {key: value for key, value in asdict(intake).items() if key in INTAKE.names}
    row |= {"table_name": table.name, "meaning": meaning_digest(run.settings, table.name)}
    run.warehouse.append("silver", INTAKE.name, pa.Table.from_pylist([row]))
    if table is TRANSACTIONS:
        _flag_oddities(run, file, rows)
    return intake


def _retire_earlier(run: Run, file: LandedFile, table: Table) -> None:
    """Close the rows of what the same file held before; they stay, with the time until which they were believed."""
    files = run.warehouse.table("bronze", FILES.name)
    earlier = files.filter(
        (files.source == file.source_name) & (files.path == file.path) & (files.file_id != file.file_id)
    )
    run.warehouse.supersede("silver", table.name, earlier.select("file_id", "source"), file.arrived_at)


def _stage(run: Run, file: LandedFile, table: Table) -> list[RejectedRow]:
    """Parse the file's bronze rows into the work table ``staged``; gives the rows that could not be parsed."""
    reader = run.warehouse.stream(_raw_rows(run, file))
    parser = Parser(file.source, table)
    unreadable: list[RejectedRow] = []
    batches = _parsed(parser, reader, unreadable)
    first = next(batches)
    run.warehouse.replace("work", STAGED, Batches(first.schema, chain([first], batches)))
    return unreadable


def _parsed(parser: Parser, reader: pa.RecordBatchReader, unreadable: list[RejectedRow]) -> Iterator[pa.RecordBatch]:
    """Typed batches, at least one (of no rows) so that the reader always has a schema."""
    nothing = reader.schema.empty_table().to_batches() or [pa.RecordBatch.from_pylist([], schema=reader.schema)]
    for batch in chain(nothing[:1], reader):
        outcome = parser.parse(batch)
        unreadable.extend(outcome.rejected)
        yield from outcome.rows.to_batches() or [pa.RecordBatch.from_pylist([], schema=outcome.rows.schema)]


def _sorted(run: Run, file: LandedFile, table: Table) -> ir.Table:
    """The staged rows with reason, detail and fate."""
    rows = run.warehouse.table("work", STAGED)
    if table is TRANSACTIONS:
        rows = judged(_with_own_orders(rows, file), transaction_rules(run.settings, file.arrived_at))
    else:
        rows = judged(rows, ())
    believable, refused = rows.filter(rows.reason.isnull()), rows.filter(rows.reason.notnull())
    key, held = _key(file, table), _held(run, table)
    if key:
        # Ids are a source's own: another source may number its rows alike.
        own = held.filter(held.source == file.source_name) if table is TRANSACTIONS else held
        content = [name for name in table.names if name in file.source.columns or name == "amount"]
        fated = sorted_by_key(believable, own, key, content)
    else:
        repeats = _repeats(run, file, believable, held)
        fated = believable.mutate(fate=ibis.literal(FRESH)) if repeats is None else repeats
        if repeats is not None and file.source.repeated_rows == "refuse":
            fated = fated.mutate(fate=(fated.fate == DUPLICATE).ifelse(REPEATED, fated.fate))
    whole = fated.union(refused.mutate(fate=ibis.literal(CONFLICT)).select(*fated.columns))
    # Kept as a table: it is asked several times, and writing to silver would change the answer.
    run.warehouse.replace("work", SORTED, whole)
    return run.warehouse.table("work", SORTED)


def _key(file: LandedFile, table: Table) -> tuple[str, ...]:
    if table is TRANSACTIONS:
        return ("row_id",) if file.source.row_id else ()
    return table.key


def _held(run: Run, table: Table) -> ir.Table:
    """The rows that hold now."""
    held = run.warehouse.table("silver", table.name)
    return held.filter(held.superseded_at.isnull())


def _repeats(run: Run, file: LandedFile, rows: ir.Table, held: ir.Table) -> ir.Table | None:
    """Rows without a key, sorted into fresh and repeated ones; None if none repeats or the user takes them as new.

    Raises BrokenContract where so many repeat that the file seems to be another export of what is there.
    """
    if file.source.repeated_rows in ("keep", "replace") or not _scalar(run, held.count()):
        return None
    share = _scalar(run, repeated_share(rows, held)) or 0.0
    if file.source.repeated_rows == "refuse" and share >= run.settings.quality.repeat_limit:
        refuse_overlap(file.name, share)
    return sorted_by_content(rows, held) if share else None


def _with_own_orders(staged: ir.Table, file: LandedFile) -> ir.Table:
    """Transactions where a row without an order id is an order of its own."""
    own = ibis.literal(f"{file.file_id[:12]}-") + staged.line.cast("string")
    return staged.mutate(order_id=ibis.coalesce(staged.order_id, own))


def _raw_rows(run: Run, file: LandedFile) -> ir.Table:
    """The file's rows as they landed: line, and its columns by their own names (a warehouse may not mind their case)."""
    bronze = run.warehouse.table("bronze", raw_table(file.source_name))
    stored = {name.lower(): name for name in bronze.columns}
    columns = {name: bronze[stored[name.lower()]] for name in file.columns}
    return bronze.filter(bronze.file_id == file.file_id).select("line", **columns)


def _refused_rows(run: Run, file: LandedFile, rows: ir.Table) -> list[RejectedRow]:
    """The sorted rows that rules or conflicting ids refuse, with their raw content from bronze."""
    refused = rows.filter((rows.reason.notnull()) | (rows.fate == CONFLICT)).select("line", "reason", "detail")
    why = {row["line"]: row for row in run.warehouse.fetch(refused).to_pylist()}
    if not why:
        return []
    raw = _raw_rows(run, file)
    found = run.warehouse.fetch(raw.semi_join(refused, "line").order_by("line")).to_pylist()
    return [_refused_row(why[row["line"]], {name: row[name] for name in file.columns}) for row in found]


def _refused_row(why: dict[str, Any], content: dict[str, Any]) -> RejectedRow:  # Any: a row of the warehouse
    reason = why["reason"] or "conflicting_id"
    detail = why["detail"] or "the same id stands on another line of this file with different content"
    return RejectedRow(line=why["line"], reason=reason, detail=detail, raw=json.dumps(content, ensure_ascii=False))


def _quarantine(run: Run, file: LandedFile, refused: list[RejectedRow]) -> None:
    """Set aside what ingest could not read as rows, what could not be parsed, and what rules refuse."""
    rejects = run.warehouse.table("bronze", REJECTS.name)
    mine = rejects.filter((rejects.file_id == file.file_id) & (rejects.source == file.source_name))
    run.warehouse.append("silver", QUARANTINE.name, mine)
    if refused:
        run.warehouse.append("silver", QUARANTINE.name, rejects_table(file, refused, run))


def _admit(run: Run, file: LandedFile, table: Table, rows: ir.Table) -> tuple[int, int, int]:
    """Write fresh rows and corrections to silver; gives accepted, anonymous and duplicate counts."""
    if _scalar(run, rows.filter(rows.fate == CORRECTION).count()):
        _supersede(run, file, table, rows)
    admitted = rows.filter(rows.fate.isin([FRESH, CORRECTION, REPEATED])).mutate(
        source=ibis.literal(file.source_name),
        file_id=ibis.literal(file.file_id),
        arrived_at=ibis.literal(file.arrived_at).cast("timestamp"),
        superseded_at=ibis.null("timestamp"),
    )
    accepted = run.warehouse.append("silver", table.name, admitted.select(*[c.name for c in silver_columns(table)]))
    anonymous = _scalar(run, admitted.filter(admitted.customer_id.isnull()).count()) if table is TRANSACTIONS else 0
    return accepted, anonymous, _scalar(run, rows.filter(rows.fate == DUPLICATE).count())


def _supersede(run: Run, file: LandedFile, table: Table, rows: ir.Table) -> None:
    """Close the rows that a correction replaces; they stay, with the time until which they were believed."""
    corrected = rows.filter(rows.fate == CORRECTION).select(*_key(file, table))
    if table is TRANSACTIONS:
        corrected = corrected.mutate(source=ibis.literal(file.source_name))
    run.warehouse.supersede("silver", table.name, corrected, file.arrived_at)


def _reasons(run: Run, mine: ir.Table) -> tuple[dict[str, int], str]:
    counted = run.warehouse.fetch(mine.group_by("reason").aggregate(rows=mine.count()))
    first = run.warehouse.fetch(mine.order_by("line").limit(1)).to_pylist()[0]
    reasons = dict(zip(counted["reason"].to_pylist(), counted["rows"].to_pylist(), strict=True))
    return reasons, f"line {first['line']}, {first['detail']}"


def _shown(run: Run, mine: ir.Table) -> str:
    """Write a refused file's bad rows where they can be looked at: silver forgets them with the refusal."""
    rows = run.warehouse.fetch(mine.order_by("line").select("line", "reason", "detail", "raw")).to_pylist()
    lines = [f"line {row['line']}: {row['reason']}: {row['detail']}\n    {row['raw']}\n" for row in rows]
    (run.workspace.folder / REFUSED_ROWS).write_text("".join(lines), "utf-8")
    return REFUSED_ROWS


def _flag_oddities(run: Run, file: LandedFile, rows: ir.Table) -> None:
    transactions = run.warehouse.table("silver", TRANSACTIONS.name)
    usual = float(_scalar(run, usual_amount(transactions)) or 0)
    mine = transactions.filter((transactions.file_id == file.file_id) & (transactions.source == file.source_name))
    flags = oddities(mine, usual, run.settings.quality.outlier_factor)
    repeated = rows.filter(rows.fate == REPEATED).select(
        "line",
        file_id=ibis.literal(file.file_id),
        flag=ibis.literal("repeated_row"),
        detail=ibis.literal("an equal row stands in an earlier file; it is counted again"),
    )
    for found in (flags, repeated):
        run.warehouse.append("silver", REVIEW.name, found.mutate(source=ibis.literal(file.source_name)))


def _scalar(run: Run, expression: ir.Scalar) -> Any:
    """One number of the warehouse; its type is the expression's."""
    return run.warehouse.fetch(expression.as_table()).column(0)[0].as_py()
