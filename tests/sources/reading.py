"""Short ways to read and parse what a test writes down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from patron.settings import Source
from patron.sources.formats import read_here
from patron.sources.parse import Parsed, Parser
from patron.sources.rows import RejectedRow
from patron.tables import TRANSACTIONS, source_table

COLUMNS = {"order_id": "order_id", "customer_id": "customer_id", "occurred_at": "date", "amount": "amount"}


def a_source(path: Path | str = "orders.csv", **options: Any) -> Source:
    """A source of transactions with the usual four columns."""
    return Source.model_validate({"table": "transactions", "columns": COLUMNS, **options, "files": [str(path)]})


def read(path: Path, **options: Any) -> tuple[list[dict[str, Any]], list[RejectedRow]]:
    """Every row as text, with its line, and every rejected one."""
    rows: list[dict[str, Any]] = []
    rejected: list[RejectedRow] = []
    for batch in read_here(path, a_source(path, **options)).batches():
        rows += batch.rows.to_pylist()
        rejected += batch.rejected
    return rows, rejected


def parsed(rows: list[dict[str, str | None]], **options: Any) -> Parsed:
    """Rows of text, parsed; the first is line 2."""
    source = a_source(**options)
    names = dict.fromkeys(name for row in rows for name in row)
    arrays = [pa.array([row.get(name) for row in rows], pa.string()) for name in names]
    batch = pa.RecordBatch.from_arrays([pa.array(range(2, 2 + len(rows)), pa.int64()), *arrays], ["line", *names])
    return Parser(source, source_table(source.table)).parse(batch)


def whole(path: Path, source: Source) -> Parsed:
    """A file, read and parsed."""
    raw, parser = read_here(path, source), Parser(source, TRANSACTIONS)
    rejected: list[RejectedRow] = []
    tables = []
    for batch in raw.batches():
        found = parser.parse(batch.rows)
        tables.append(found.rows)
        rejected += [*batch.rejected, *found.rejected]
    return Parsed(pa.concat_tables(tables), rejected)
