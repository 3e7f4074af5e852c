"""The profile of a table of the warehouse, or of any file that Patron can read, before there is a workspace."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.errors import NothingThere, UnknownName, UsageError
from patron.pipeline.landing.landed import raw_table
from patron.pipeline.profiling.text_types import UNREAD, TextType, Typing, text_types, unread_texts
from patron.pipeline.workspace import Workspace
from patron.quality.profile.findings import Batch, TableProfile
from patron.quality.profile.looks import mixed_decimals
from patron.quality.profile.measure import NEWEST, SAMPLED, AskedColumn, AskedTable, measure
from patron.settings import WarehouseSettings
from patron.sources.raw import RawFile
from patron.sources.unmapped import read_unmapped
from patron.tables import ALL_TABLES, DERIVED, FILES, PROVENANCE, Column, Table, silver_columns, source_table
from patron.warehouse import Batches, DuckDBWarehouse, Warehouse

_LAYERS: Final = ("silver", "gold", "bronze")
_TYPED, _RAW = "profiled", "profiled_text"
_ASIDE: Final = frozenset({column.name for column in (*PROVENANCE, *DERIVED)} - {"source", "is_refund"})


def profile(target: str, folder: Path = Path(), *, now: datetime | None = None) -> TableProfile:
    """The profile of a file, if there is one of this name, or else of a table of the workspace in ``folder``.

    A table may be named with its layer (``silver.transactions``) or without, a source's raw rows by the source's name.
    Raises UnknownName for what is neither, and UnreadableFile for a file that cannot be read.
    """
    today = (now or datetime.now(UTC)).date()
    if Path(target).is_file():
        return _of_file(Path(target), today)
    if Path(target).is_dir():
        raise UsageError(
            f"{target} is a folder.", allowed="A file, or a table of a workspace.", to_do="Name one of its files."
        )
    workspace = _workspace(folder, target)
    with workspace.warehouse() as warehouse:
        layer, name = _found(warehouse, target)
        if layer == "bronze" and name.startswith(raw_table("")):
            return measure(warehouse, _raw(warehouse, name), today)
        return measure(warehouse, _declared(warehouse, workspace, layer, name), today)


def _of_file(path: Path, today: date) -> TableProfile:
    raw = read_unmapped(path)
    with _scratch() as warehouse:
        warehouse.replace("work", _RAW, _batches(raw))
        rows = warehouse.table("work", _RAW)
        asked = _typed(warehouse, path.name, f"the rows of {path.name}, as they can be read", rows, raw.columns, ())
        return measure(warehouse, asked, today)


@contextmanager
def _scratch() -> Iterator[Warehouse]:
    """A warehouse in memory that spills beside the system's temporary files."""
    with (
        tempfile.TemporaryDirectory(prefix="patron-profile-") as folder,
        DuckDBWarehouse(None, WarehouseSettings(), spill=Path(folder)) as warehouse,
    ):
        yield warehouse


def _batches(raw: RawFile) -> Batches:
    schema = pa.schema([("line", pa.int64()), *((name, pa.string()) for name in raw.columns)])
    return Batches(schema, (batch.rows.cast(schema) for batch in raw.batches()))


def _workspace(folder: Path, target: str) -> Workspace:
    try:
        workspace = Workspace.at(folder)
    except NothingThere as error:
        raise NothingThere(
            f"There is no file {target}, and no workspace in {folder.resolve()} with a table of that name.",
            to_do="Check the name, or name the workspace with -w.",
        ) from error
    if workspace.is_new:
        raise NothingThere(
            f"There is no file {target}, and no table yet: nothing has been read in this workspace.",
            to_do="Run 'patron run' first, or name a file.",
        )
    return workspace


def _found(warehouse: Warehouse, target: str) -> tuple[str, str]:
    known = [(layer, name) for layer in _LAYERS for name in warehouse.names(layer)]
    for layer, name in known:
        if target in (f"{layer}.{name}", name) or (layer == "bronze" and name == raw_table(target)):
            return layer, name
    raise UnknownName("table or file", target, [f"{layer}.{name}" for layer, name in known])


def _declared(warehouse: Warehouse, workspace: Workspace, layer: str, name: str) -> AskedTable:
    """A table of silver or gold, or one of bronze's own: the rows that hold."""
    rows = warehouse.table(layer, name)
    table = next((table for table in ALL_TABLES if (table.layer, table.name) == (layer, name)), None)
    told = {column.name: column for column in _columns(table)} if table else {}
    batch = None
    if "superseded_at" in rows.columns:
        rows = rows.filter(rows.superseded_at.isnull())
        sources = [source for source, settings in workspace.settings.sources.items() if settings.table == name]
        rows, batch = _with_newest(warehouse, rows, sources)
    aside = {NEWEST, *_unfilled(workspace, name, layer), *(_ASIDE if "line" in rows.columns else ())}
    columns = [column for column in rows.columns if column not in aside]
    return AskedTable(
        f"{layer}.{name}",
        table.meaning if table else "",
        rows,
        tuple(_asked(column, told.get(column)) for column in columns),
        _order(rows, table),
        batch,
    )


def _unfilled(workspace: Workspace, name: str, layer: str) -> set[str]:
    """The columns of a silver table that no source fills: that they are empty says nothing of the data."""
    sources = [source for source in workspace.settings.sources.values() if source.table == name]
    if layer != "silver" or not sources:
        return set()
    filled = {column for source in sources for column in source.columns} | {"amount"}
    filled |= {"row_id"} if any(source.row_id for source in sources) else set()
    return set(source_table(name).names) - filled | ({"source"} if len(sources) == 1 else set())


def _columns(table: Table) -> Sequence[Column]:
    return silver_columns(table) if table.layer == "silver" else table.columns


def _asked(name: str, column: Column | None) -> AskedColumn:
    return AskedColumn(name, column.kind, column.meaning) if column else AskedColumn(name)


def _order(rows: ir.Table, table: Table | None) -> tuple[str, ...]:
    """Columns that put the rows in one order only."""
    if {"file_id", "line"} <= set(rows.columns):
        return ("source", "file_id", "line") if "source" in rows.columns else ("file_id", "line")
    if table is not None:
        return table.key
    return ("customer_id",) if "customer_id" in rows.columns else tuple(rows.columns)


def _raw(warehouse: Warehouse, name: str) -> AskedTable:
    """A source's rows as they came, as the values that their texts seem to be."""
    rows = warehouse.table("bronze", name)
    source = name.removeprefix(raw_table(""))
    columns = [column for column in rows.columns if column not in ("file_id", "line")]
    meaning = f"the rows of source '{source}', as they came"
    return _typed(warehouse, f"bronze.{name}", meaning, rows, columns, ("file_id",), sources=[source])


def _typed(
    warehouse: Warehouse,
    name: str,
    meaning: str,
    texts: ir.Table,
    columns: Sequence[str],
    places: tuple[str, ...],
    sources: Sequence[str] = (),
) -> AskedTable:
    """A table of texts, typed by what a sample of them seems to be; what is no such value is counted."""
    sample = _text_sample(warehouse, texts, columns)
    typing = Typing(text_types(sample, columns), (*places, "line"))
    warehouse.map_rows("work", _TYPED, texts.select(*columns, *typing.kept), typing, typing.schema)
    rows, batch = warehouse.table("work", _TYPED), None
    if sources:
        rows, batch = _with_newest(warehouse, rows, sources)
    marks = [rows[f"{UNREAD}{place}"].sum().name(f"{place}") for place in range(len(columns))]
    counts = warehouse.fetch(rows.aggregate(marks)).to_pylist()[0]
    asked = [_asked_text(column, int(counts[str(place)] or 0), sample) for place, column in enumerate(typing.columns)]
    return AskedTable(name, meaning, rows, tuple(asked), typing.kept, batch)


def _asked_text(column: TextType, unread: int, sample: pa.Table) -> AskedColumn:
    examples = unread_texts(column, sample) if unread else ()
    mixed = mixed_decimals(sample[column.name].combine_chunks())
    return AskedColumn(column.name, "text", "", column.seen, unread, examples, mixed)


def _text_sample(warehouse: Warehouse, texts: ir.Table, columns: Sequence[str]) -> pa.Table:
    """Rows at even distances by their lines."""
    step = max(1, warehouse.fetch(texts.count().name("rows").as_table()).column(0)[0].as_py() // SAMPLED)
    return warehouse.fetch(texts.filter(texts.line % step == 0).select(*columns).limit(2 * SAMPLED))


def _with_newest(warehouse: Warehouse, rows: ir.Table, sources: Sequence[str]) -> tuple[ir.Table, Batch | None]:
    """The rows with a mark on those of the newest file, where earlier ones have rows as well."""
    files = warehouse.table("bronze", FILES.name)
    counted = rows.group_by("file_id").aggregate(rows=rows.count())
    named = files.filter(files.source.isin(list(sources))).select("file_id", "name", "arrived_at")
    order = [ibis.desc("arrived_at"), ibis.desc("name"), "file_id"]
    found = warehouse.fetch(counted.join(named, "file_id").order_by(order)).to_pylist()
    if len(found) < 2:
        return rows, None
    newest, earlier = found[0], found[1:]
    batch = Batch(newest["name"], newest["rows"], sum(file["rows"] for file in earlier), len(earlier))
    return rows.mutate(**{NEWEST: rows.file_id == newest["file_id"]}), batch
