"""One landed file, judged row by row: into silver, quarantine and review."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import chain
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.pipeline.judging.decided import DecidedRows, decided_rows
from patron.pipeline.judging.set_aside import flag, quarantine
from patron.pipeline.landing.landed import LandedFile, meaning_digest, raw_rows
from patron.pipeline.step import Run
from patron.quality.batch import Intake, balance, is_broken, refuse_broken, refuse_overlap
from patron.quality.decisions import CONFLICTING_ID
from patron.quality.oddities import REPEATED_ROW
from patron.quality.own_rules import parents, row_rules
from patron.quality.repeats import (
    CONFLICT,
    CORRECTION,
    DUPLICATE,
    FRESH,
    repeated_share,
    sorted_by_content,
    sorted_by_key,
)
from patron.quality.rules import judged, transaction_rules, with_decisions
from patron.quality.versions import CLOSES, EARLIER, sorted_by_version
from patron.settings import FILES_CONNECTOR
from patron.sources.parse import Parser
from patron.sources.raw import RejectedRow
from patron.tables import (
    FILES,
    INTAKE,
    IS_DELETED,
    QUARANTINE,
    REVIEW,
    ROW_VERSION,
    TRANSACTIONS,
    Table,
    silver_columns,
    source_table,
)
from patron.warehouse import Batches

STAGED, SORTED, MARKS = "staged", "sorted", "decided_lines"
REFUSED_ROWS = "refused-rows.log"
TOLD_TWICE = "this version of the id is told in another way as well; neither holds until a higher version comes"
REPEATED = "repeated"  # equal to a row of an earlier file, in a file of which most is new: counted, and flagged


def judge(run: Run, file: LandedFile) -> Intake:
    """Sort one landed file's rows into silver, quarantine and review; raises BrokenContract for the whole file."""
    table = source_table(file.source.table)
    run.warehouse.create("silver", table.name, silver_columns(table))
    if _replaces(file, table):
        _retire_earlier(run, file, table)
    decided = decided_rows(run, file)
    unreadable = _stage(run, file, table, decided)
    rows = _sorted(run, file, table, decided)
    refused = decided.as_they_came(unreadable) + _refused_rows(run, file, rows, decided)
    quarantine(run, file, refused, decided.made)
    accepted, anonymous, duplicate = _admit(run, file, table, rows)
    aside = run.warehouse.table("silver", QUARANTINE.name)
    mine = aside.filter((aside.file_id == file.file_id) & (aside.source == file.source_name))
    quarantined = _scalar(run, mine.count())
    intake = Intake(
        file.source_name, file.file_id, file.name, file.rows_in, accepted, anonymous, duplicate, quarantined
    )
    balance(intake)
    # What a person took out is no sign of a feed that broke.
    if is_broken(replace(intake, quarantined=quarantined - decided.taken_out), run.settings.quality):
        refuse_broken(intake, *_reasons(run, mine), run.settings.quality, _shown(run, mine))
    row = {key: value for key, value in asdict(intake).items() if key in INTAKE.names}
    row |= {"table_name": table.name, "meaning": meaning_digest(run.settings, table.name, run.decisions)}
    counted = pa.Table.from_pylist([row]).append_column("superseded_at", pa.nulls(1, pa.timestamp("us")))
    run.warehouse.append("silver", INTAKE.name, counted)
    _flag_repeats(run, file, rows)
    return intake


def _replaces(file: LandedFile, table: Table) -> bool:
    """Whether a file takes the place of what it was: where its source says so, and where a source without a key is fetched
    anew, for then it is another state of the same table or object."""
    fetched = file.source.connector != FILES_CONNECTOR and not _key(file, table)
    return file.source.repeated_rows == "replace" or (fetched and file.source.repeated_rows == "refuse")


def _retire_earlier(run: Run, file: LandedFile, table: Table) -> None:
    """Close the rows of what the same file held before; they stay, with the time until which they were believed.

    What waited for a person waits no longer: bronze still holds it.
    """
    files = run.warehouse.table("bronze", FILES.name)
    earlier = files.filter(
        (files.source == file.source_name) & (files.path == file.path) & (files.file_id != file.file_id)
    )
    earlier = earlier.select("file_id", "source")
    for name in (table.name, INTAKE.name):
        run.warehouse.supersede("silver", name, earlier, file.arrived_at)
    for gone in run.warehouse.fetch(earlier).to_pylist():
        for name in (QUARANTINE.name, REVIEW.name):
            run.warehouse.delete("silver", name, gone)


def _stage(run: Run, file: LandedFile, table: Table, decided: DecidedRows) -> list[RejectedRow]:
    """Parse the file's bronze rows into the work table ``staged``; gives the rows that could not be parsed."""
    reader = run.warehouse.stream(raw_rows(run, file))
    parser = Parser(file.source, table)
    unreadable: list[RejectedRow] = []
    nothing = reader.schema.empty_table().to_batches() or [pa.RecordBatch.from_pylist([], schema=reader.schema)]
    batches = _parsed(parser, decided.patched(chain(nothing[:1], reader), file.columns), unreadable)
    first = next(batches)
    run.warehouse.replace("work", STAGED, Batches(first.schema, chain([first], batches)))
    return unreadable


def _parsed(
    parser: Parser, batches: Iterator[pa.RecordBatch], unreadable: list[RejectedRow]
) -> Iterator[pa.RecordBatch]:
    """The typed rows of each batch, or a batch of none, so that the first always tells the schema."""
    for batch in batches:
        outcome = parser.parse(batch)
        unreadable.extend(outcome.rejected)
        yield from outcome.rows.to_batches() or [pa.RecordBatch.from_pylist([], schema=outcome.rows.schema)]


def _sorted(run: Run, file: LandedFile, table: Table, decided: DecidedRows) -> ir.Table:
    """The staged rows with reason, detail and fate."""
    rows = _believed(run, file, table, decided)
    believable, refused = rows.filter(rows.reason.isnull()), rows.filter(rows.reason.notnull())
    if _key(file, table):
        fated = _sorted_by_key(run, file, table, believable)
    else:
        repeats = _repeats(run, file, believable, _held(run, table))
        if repeats is None:
            return _all_fresh(run, rows)
        fated = repeats
        if file.source.repeated_rows == "refuse":
            kept = (fated.fate == DUPLICATE) & fated.line.notin(decided.dropped_repeats)
            fated = fated.mutate(fate=kept.ifelse(REPEATED, fated.fate))
    refused = refused.mutate(fate=ibis.literal(CONFLICT), **{CLOSES: ibis.literal(False)})
    whole = fated.union(refused.select(*fated.columns))
    # Kept as a table: it is asked several times, and writing to silver would change the answer.
    run.warehouse.replace("work", SORTED, whole)
    return run.warehouse.table("work", SORTED)


def _all_fresh(run: Run, rows: ir.Table) -> ir.Table:
    """The rows with their fate where none can repeat another: most of a first load, which is large, goes this way."""
    whole = rows.mutate(fate=rows.reason.isnull().ifelse(FRESH, CONFLICT))
    if not run.settings.quality.rules:
        return whole  # it asks no table that is written to, and can be asked again
    run.warehouse.replace("work", SORTED, whole)
    return run.warehouse.table("work", SORTED)


def _sorted_by_key(run: Run, file: LandedFile, table: Table, rows: ir.Table) -> ir.Table:
    """The rows of a table with a key, with their fate: by version where the source declares it, else by arrival."""
    key, held = _key(file, table), run.warehouse.table("silver", table.name)
    if _is_by_row_id(key):
        # Ids are a source's own: another source may number its rows alike.
        held = held.filter(held.source == file.source_name)
    content = [name for name in table.names if name in file.source.columns or name == "amount"]
    if file.source.row_version:
        fated = sorted_by_version(rows, held, key, content)
        return fated.mutate(detail=(fated.fate == CONFLICT).ifelse(TOLD_TWICE, fated.detail))
    return sorted_by_key(rows, held.filter(held.superseded_at.isnull()), key, content)


def _believed(run: Run, file: LandedFile, table: Table, decided: DecidedRows) -> ir.Table:
    """The staged rows with reason and detail, by the rules and by what people decided."""
    rows = run.warehouse.table("work", STAGED)
    if decided:
        run.warehouse.replace("work", MARKS, decided.marks())
        rows = rows.left_join(run.warehouse.table("work", MARKS), "line").drop("line_right")
    rules = run.settings.quality.rules
    own = row_rules(rules, table.name, parents(run.warehouse, rules))
    if table is TRANSACTIONS:
        rows = judged(_with_own_orders(rows, file), (*transaction_rules(run.settings, file.arrived_at), *own))
    else:
        rows = judged(rows, own)
    version = (ROW_VERSION,) if file.source.row_version else ()
    return with_decisions(rows, (*_key(file, table), *version)) if decided else rows


def _key(file: LandedFile, table: Table) -> tuple[str, ...]:
    if file.source.row_id and "row_id" in table.names:
        return ("row_id",)
    return () if table is TRANSACTIONS else table.key


def _is_by_row_id(key: tuple[str, ...]) -> bool:
    return key == ("row_id",)


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
    """Transactions where a row without an order id is an order of its own, which stays the same where the row comes again."""
    if file.source.row_id:
        own = ibis.literal(f"{file.source_name}-") + staged.row_id
    else:
        own = ibis.literal(f"{file.file_id[:12]}-") + staged.line.cast("string")
    return staged.mutate(order_id=ibis.coalesce(staged.order_id, own))


def _refused_rows(run: Run, file: LandedFile, rows: ir.Table, decided: DecidedRows) -> list[RejectedRow]:
    """The sorted rows that rules, conflicting ids or people refuse, with their raw content from bronze."""
    refused = rows.filter((rows.reason.notnull()) | (rows.fate == CONFLICT)).select("line", "reason", "detail")
    why = {row["line"]: row for row in run.warehouse.fetch(refused).to_pylist()}
    if not why:
        return []
    raw = raw_rows(run, file)
    found = run.warehouse.fetch(raw.semi_join(refused, "line").order_by("line")).to_pylist()
    content = {row["line"]: _as_json({name: row[name] for name in file.columns}) for row in found}
    content |= {line: decisions[0].content for line, decisions in decided.unreadable.items()}
    return [_refused_row(why[line], content[line]) for line in sorted(why)]


def _as_json(content: dict[str, str | None]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _refused_row(why: dict[str, Any], raw: str) -> RejectedRow:  # Any: a row of the warehouse
    reason = why["reason"] or CONFLICTING_ID
    detail = why["detail"] or "the same id stands on another line of this file with different content"
    return RejectedRow(line=why["line"], reason=reason, detail=detail, raw=raw)


def _admit(run: Run, file: LandedFile, table: Table, rows: ir.Table) -> tuple[int, int, int]:
    """Write fresh rows and corrections to silver; gives accepted, anonymous and duplicate counts."""
    closing = rows.filter(rows[CLOSES]) if CLOSES in rows.columns else rows.filter(rows.fate == CORRECTION)
    if _scalar(run, closing.count()):
        _supersede(run, file, table, closing)
    arrived = ibis.literal(file.arrived_at).cast("timestamp")
    versions = {} if file.source.row_version else {ROW_VERSION: ibis.null("int64"), IS_DELETED: ibis.literal(False)}
    admitted = rows.filter(rows.fate.isin([FRESH, CORRECTION, REPEATED, EARLIER])).mutate(
        source=ibis.literal(file.source_name),
        file_id=ibis.literal(file.file_id),
        arrived_at=arrived,
        superseded_at=(rows.fate == EARLIER).ifelse(arrived, ibis.null("timestamp")),
        **versions,
    )
    accepted = run.warehouse.append("silver", table.name, admitted.select(*[c.name for c in silver_columns(table)]))
    anonymous = _scalar(run, admitted.filter(admitted.customer_id.isnull()).count()) if table is TRANSACTIONS else 0
    return accepted, anonymous, _scalar(run, rows.filter(rows.fate == DUPLICATE).count())


def _supersede(run: Run, file: LandedFile, table: Table, rows: ir.Table) -> None:
    """Close what holds for the keys of these rows; it stays, with the time until which it was believed."""
    key = _key(file, table)
    corrected = rows.select(*key).distinct()
    if _is_by_row_id(key):
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
    path = run.workspace.folder / REFUSED_ROWS
    path.touch(0o600)
    path.chmod(0o600)  # customers' own data: for whoever runs this alone
    path.write_text("".join(lines), "utf-8")
    return REFUSED_ROWS


def _flag_repeats(run: Run, file: LandedFile, rows: ir.Table) -> None:
    repeated = rows.filter(rows.fate == REPEATED).mutate(
        source=ibis.literal(file.source_name),
        file_id=ibis.literal(file.file_id),
        flag=ibis.literal(REPEATED_ROW),
        detail=ibis.literal("an equal row stands in an earlier file; it is counted again"),
    )
    flag(run, repeated)


def _scalar(run: Run, expression: ir.Scalar) -> Any:
    """One number of the warehouse; its type is the expression's."""
    return run.warehouse.fetch(expression.as_table()).column(0)[0].as_py()
