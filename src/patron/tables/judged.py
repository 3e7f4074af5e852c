"""What reading and judging keep: where rows come from, files, and what became of every row."""

from __future__ import annotations

from typing import Final

from patron.tables.declared import Column, Table, column
from patron.tables.sources import TRANSACTIONS

ROW_VERSION: Final = "row_version"
IS_DELETED: Final = "is_deleted"
PROVENANCE: Final = (
    column("source", "id", "the source the row came from", required=True),
    column("file_id", "id", "sha256 of the file the row came from", required=True),
    column("line", "count", "its line (or row) in that file, counting from 1", required=True),
    column("arrived_at", "moment", "when the file arrived", required=True),
    column("superseded_at", "moment", "when a corrected or newer row replaced this one; empty while it holds"),
    column(
        ROW_VERSION,
        "count",
        "which version of the row this is, where its source declares it: a whole number, or microseconds since 1970-01-01",
    ),
    column(IS_DELETED, "flag", "true for a version that says the row is gone; such a version never holds"),
)
# Columns that Patron computes for each accepted transaction.
DERIVED: Final = (
    column("occurred_day", "day", "day of occurred_at", required=True),
    column(
        "visible_day",
        "day",
        "the later of occurred_day and the day it became known: from here on features may see it",
        required=True,
    ),
    column("is_refund", "flag", "a cancellation or return", required=True),
    column("row_hash", "count", "64-bit hash of the row's content, for finding repeats", required=True),
)

FILES = Table(
    "files",
    "bronze",
    ("file_id", "source"),
    "Every file that was ever read, once.",
    (
        column("file_id", "id", "sha256 of its bytes", required=True),
        column("source", "id", "the source it belongs to", required=True),
        column("name", "text", "its name", required=True),
        column("path", "text", "where it was found, from the workspace", required=True),
        column("bytes", "count", "its size", required=True),
        column("columns", "text", "its columns in order, a JSON list", required=True),
        column("reading", "id", "digest of the settings it was read with", required=True),
        column("rows_in", "count", "data rows found in it", required=True),
        column("arrived_at", "moment", "when it was first read", required=True),
    ),
)
_ENTRY: Final = column(
    "entry", "id", "under which a person finds it in the queue: the same for the same content", required=True
)
QUARANTINE = Table(
    "quarantine",
    "silver",
    ("file_id", "line"),
    "Rows that cannot be believed, whole, with the reason.",
    (
        column("source", "id", "the source", required=True),
        column("file_id", "id", "the file", required=True),
        column("line", "count", "the line in it", required=True),
        column("reason", "id", "reason code", required=True),
        column("detail", "text", "what was wrong, with the value", required=True),
        column("raw", "text", "the row as it came", required=True),
        column("arrived_at", "moment", "when it arrived", required=True),
        _ENTRY,
    ),
)
REVIEW = Table(
    "review",
    "silver",
    ("file_id", "line", "flag"),
    "Rows that are odd but possible: kept, counted, and listed for a person to look at.",
    (
        column("source", "id", "the source", required=True),
        column("file_id", "id", "the file", required=True),
        column("line", "count", "the line in it", required=True),
        column("flag", "id", "what is odd", required=True),
        column("detail", "text", "with the value", required=True),
        _ENTRY,
    ),
)
REJECTS = Table(
    "rejects",
    "bronze",
    ("file_id", "line"),
    "Lines that could not be read as a row of their file at all, whole, with the reason.",
    QUARANTINE.columns[:-1],
)
DECIDED = Table(
    "decided",
    "silver",
    ("file_id", "line", "entry"),
    "Rows that are what they are because a person decided it, with who, when and why.",
    (
        column("source", "id", "the source", required=True),
        column("file_id", "id", "the file", required=True),
        column("line", "count", "the line in it", required=True),
        _ENTRY,
        column("reason", "id", "why the row was asked about", required=True),
        column("verdict", "text", "accept, fix or drop", required=True),
        column("changes", "text", "of a fix: by the source's column, what came and what stands in its place, JSON"),
        column("by", "text", "who decided", required=True),
        column("because", "text", "why", required=True),
        column("decided_at", "moment", "when", required=True),
    ),
)
INTAKE = Table(
    "intake",
    "silver",
    ("file_id", "source"),
    "For each file: rows in = accepted + duplicate + quarantined.",
    (
        column("source", "id", "the source", required=True),
        column("file_id", "id", "the file", required=True),
        column("table_name", "id", "the silver table it fills", required=True),
        column("meaning", "id", "digest of the settings its rows were judged by", required=True),
        column("rows_in", "count", "data rows in the file", required=True),
        column("accepted", "count", "believed", required=True),
        column("anonymous", "count", "of the accepted ones, without a customer", required=True),
        column("duplicate", "count", "already there, or repeated under one row id", required=True),
        column("quarantined", "count", "set aside", required=True),
        column("superseded_at", "moment", "when another state of the file took its place; empty while its rows count"),
    ),
)
BATCH_PROFILES = Table(
    "batch_profiles",
    "silver",
    ("source", "file_id", "column_name", "bin"),
    "Each file in a few counts, by which later files are told to be usual: values of a column by bin, rows and days of the whole.",
    (
        column("source", "id", "the source", required=True),
        column("file_id", "id", "the file", required=True),
        column("table_name", "id", "the silver table it fills", required=True),
        column("column_name", "id", "the column; empty for counts of the whole file", required=True),
        column(
            "bin",
            "text",
            "sign and tenth of a decade of a number, three hours of a day, a word; or what is counted",
            required=True,
        ),
        column("rows", "count", "how many rows", required=True),
    ),
)
QUALITY_RESULTS = Table(
    "quality_results",
    "silver",
    ("checked_at", "check_name", "subject"),
    "What every quality check found, run by run; kept also where it stopped the run.",
    (
        column("run_key", "id", "the run", required=True),
        column("checked_at", "moment", "when the run began", required=True),
        column("layer", "id", "lake, bronze, silver or gold", required=True),
        column("check_name", "id", "the check, named alike in every export", required=True),
        column("table_name", "id", "the table (or source) it looks at", required=True),
        column("column_name", "text", "its columns; empty for the whole table"),
        column("kind", "id", "what it asks: unique, range, volume …", required=True),
        column("severity", "id", "block or warn", required=True),
        column("subject", "text", "the file it is about; empty for the whole table"),
        column("passed", "flag", "whether the figure is within its bounds", required=True),
        column("figure", "real", "what was measured; empty where it is no number"),
        column("least", "real", "the least allowed"),
        column("most", "real", "the most allowed"),
        column("words", "text", "what was found, in words", required=True),
        column("to_do", "text", "what to do about it"),
    ),
)


def silver_columns(table: Table) -> tuple[Column, ...]:
    """A source table's columns as stored in silver: mapped, computed, provenance."""
    derived = DERIVED if table.name == TRANSACTIONS.name else ()
    return (*table.columns, *derived, *PROVENANCE)
