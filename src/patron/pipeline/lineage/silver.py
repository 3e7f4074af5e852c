"""The left end of lineage: from the sources' own columns by way of bronze to silver, as patron.toml maps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from patron.origins import Edge, How, Made, Place, declared, place
from patron.pipeline.landing.landed import raw_table
from patron.quality_terms import OwnRule
from patron.settings import Source
from patron.sources.parsed_from import parsed_from
from patron.sources.rows import stored_name
from patron.tables import (
    BATCH_PROFILES,
    DECIDED,
    FILES,
    INTAKE,
    IS_DELETED,
    QUARANTINE,
    REJECTS,
    REVIEW,
    ROW_VERSION,
    TRANSACTIONS,
    source_table,
)

# Facts of a file that stand in none of its columns, written so that no column can be called alike.
BYTES, NAME, LINES, HEADER, ARRIVAL = "(bytes)", "(name)", "(lines)", "(header)", "(arrival)"
_OF_FILE: Final = {
    "file_id": BYTES,
    "name": NAME,
    "path": NAME,
    "bytes": BYTES,
    "columns": HEADER,
    "rows_in": LINES,
    "arrived_at": ARRIVAL,
}
_OF_REJECT: Final = {
    "file_id": BYTES,
    "line": LINES,
    "reason": LINES,
    "detail": LINES,
    "raw": LINES,
    "arrived_at": ARRIVAL,
}
QUEUE: Final = "queue"
"""What people decide of single rows is a source as well."""


def ingested(name: str, source: Source, label: str, columns: Sequence[str]) -> Iterator[Edge]:
    """What landing a source's files gives: its rows as they came, the list of files, and lines that are no rows."""
    raw = raw_table(name)
    for column in dict.fromkeys((*columns, *_mapped(source))):
        yield Edge("ingest", Place("source", label, column), Place("bronze", raw, stored_name(column)), "copied")
    for column, fact in (("file_id", BYTES), ("line", LINES)):
        yield Edge("ingest", Place("source", label, fact), Place("bronze", raw, column), "computed")
    for table, facts in ((FILES, _OF_FILE), (REJECTS, _OF_REJECT)):
        for column, fact in facts.items():
            yield Edge("ingest", Place("source", label, fact), Place("bronze", table.name, column), "computed")
        yield Edge("ingest", place(f"setting.sources.{name}"), Place("bronze", table.name, "source"), "copied")
    yield Edge("ingest", place(f"setting.sources.{name}"), Place("bronze", FILES.name, "reading"), "computed")


def checked(name: str, source: Source, columns: Sequence[str], rules: Sequence[OwnRule]) -> Iterator[Edge]:
    """What judging a source's rows gives: its silver table, what is set aside or marked, and the count of it all."""
    raw = f"bronze.{raw_table(name)}"
    table = source_table(source.table)
    yield from declared(
        "check",
        "silver",
        table.name,
        (*parsed_from(source, table, raw), *_provenance(name, source, raw), *_let_through(source, raw, rules)),
    )
    everything = tuple(f"{raw}.{stored_name(column)}" for column in dict.fromkeys((*columns, *_mapped(source))))
    mapped = tuple(f"{raw}.{stored_name(column)}" for column in _mapped(source))
    own = f"setting.sources.{name}"
    for kept, words in ((QUARANTINE, ("reason", "detail")), (REVIEW, ("flag", "detail")), (DECIDED, ("reason",))):
        told = [
            Made("source", "copied", (own,), ""),
            Made("file_id", "copied", (f"{raw}.file_id",), ""),
            Made("line", "copied", (f"{raw}.line",), ""),
            Made("entry", "computed", everything, "a digest of the row"),
            *(Made(word, "computed", (*mapped, own), "the rules that the row meets") for word in words),
        ]
        yield from declared("check", "silver", kept.name, told)
    yield from declared("check", "silver", QUARANTINE.name, _set_aside(everything))
    yield from declared("check", "silver", DECIDED.name, _decided())
    yield from declared("check", "silver", INTAKE.name, _counted(own, table.name, raw))
    yield from declared("check", "silver", BATCH_PROFILES.name, _profiled(own, table.name, raw, source))


def _provenance(name: str, source: Source, raw: str) -> Iterator[Made]:
    own, arrival = f"setting.sources.{name}", "bronze.files.arrived_at"
    yield Made("source", "copied", (own,), "")
    yield Made("file_id", "copied", (f"{raw}.file_id",), "")
    yield Made("line", "copied", (f"{raw}.line",), "")
    yield Made("arrived_at", "copied", (arrival,), "")
    yield Made("superseded_at", "computed", (arrival, f"{raw}.file_id"), "when a row that corrects this one arrived")
    yield from _versions(source, raw)
    if source.table == TRANSACTIONS.name:
        words = "the source's; a row without one is an order of its own"
        row = (f"{raw}.{stored_name(source.row_id)}",) if source.row_id else (f"{raw}.file_id", f"{raw}.line")
        yield Made("order_id", "computed", row, words)


def _let_through(source: Source, raw: str, rules: Sequence[OwnRule]) -> Iterator[Made]:
    """What decides which rows become silver: the rules on them, the user's own ones, and what people said of single rows."""
    judged = _JUDGED if source.table == TRANSACTIONS.name else ()
    own = [rule.column for rule in rules if rule.table == source.table and rule.action == "quarantine"]
    asked = [source.columns[column] for column in dict.fromkeys((*judged, *own)) if column in source.columns]
    places = [f"{raw}.{stored_name(column)}" for column in asked] + (["setting.quality.rules"] if own else [])
    for column in source_table(source.table).names:
        if column in source.columns:
            yield Made(column, "filtered", tuple(places), "rows that break a rule are set aside")
            yield Made(column, "filtered", (f"source.{QUEUE}.verdict",), "a person accepted, fixed or dropped rows")


def _versions(source: Source, raw: str) -> Iterator[Made]:
    if source.row_version:
        version = (f"{raw}.{stored_name(source.row_version)}",)
        yield Made(ROW_VERSION, "computed", version, "its place among the versions of the row")
        yield Made("superseded_at", "filtered", version, "the highest version holds")
    if source.deleted_when:
        rule = (f"{raw}.{stored_name(source.deleted_when.column)}",)
        yield Made(IS_DELETED, "computed", rule, "the source's rule says that the row is gone")


_JUDGED: Final = ("occurred_at", "known_at", "amount", "currency")
"""What the rules on transactions look at."""


def _set_aside(everything: tuple[str, ...]) -> Iterator[Made]:
    yield Made("raw", "copied", (*everything, "bronze.rejects.raw"), "the whole row as it came")
    yield Made("arrived_at", "copied", ("bronze.files.arrived_at", "bronze.rejects.arrived_at"), "")
    for column in ("source", "file_id", "line", "reason", "detail"):
        yield Made(column, "copied", (f"bronze.rejects.{column}",), "")


def _decided() -> Iterator[Made]:
    how: How = "copied"
    for column in ("verdict", "changes", "by", "because", "decided_at"):
        yield Made(column, how, (f"source.{QUEUE}.{column}",), "what a person decided")


def _counted(own: str, table: str, raw: str) -> Iterator[Made]:
    yield Made("source", "copied", (own,), "")
    yield Made("file_id", "copied", (f"{raw}.file_id",), "")
    yield Made("table_name", "copied", (own,), "")
    yield Made("meaning", "computed", (own, "setting.quality.earliest", "setting.value.currency"), "a digest")
    yield Made("rows_in", "copied", ("bronze.files.rows_in",), "")
    yield Made("accepted", "counted", (f"silver.{table}.file_id",), "")
    yield Made("duplicate", "counted", (f"{raw}.line", f"silver.{table}.file_id"), "")
    yield Made("quarantined", "counted", ("silver.quarantine.file_id",), "")
    yield Made("superseded_at", "computed", ("bronze.files.arrived_at", "bronze.files.path"), "when a newer state came")
    if table == TRANSACTIONS.name:
        yield Made("anonymous", "counted", (f"silver.{table}.customer_id",), "")


def _profiled(own: str, table: str, raw: str, source: Source) -> Iterator[Made]:
    yield Made("source", "copied", (own,), "")
    yield Made("file_id", "copied", (f"{raw}.file_id",), "")
    yield Made("table_name", "copied", (own,), "")
    yield Made("column_name", "copied", (own,), "")
    yield Made(
        "bin", "computed", tuple(f"silver.{table}.{column}" for column in source.columns), "values in coarse steps"
    )
    yield Made("rows", "counted", (f"silver.{table}.file_id",), "")


def _mapped(source: Source) -> tuple[str, ...]:
    rules = tuple(rule.column for rule in (source.refund_when, source.deleted_when) if rule)
    own = tuple(column for column in (source.row_id, source.row_version) if column)
    return tuple(dict.fromkeys((*source.columns.values(), *own, *rules)))
