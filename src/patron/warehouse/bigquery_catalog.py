"""Which stored table holds which of Patron's: one row of text, changed by one statement.

BigQuery changes many tables in one transaction only by INSERT, UPDATE and DELETE, and makes none in it. So a step writes tables
beside those that hold, and what makes them hold is the update of this one row: before it nothing has happened, after it
everything has. The row carries a version: of two runs that change it, the second is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from patron.errors import WorkspaceBusy
from patron.warehouse.bigquery_session import Session
from patron.warehouse.bigquery_sql import StoredColumn, quoted

ROW: Final = "catalog"
Name = tuple[str, str]


@dataclass(frozen=True)
class StoredTable:
    """One table as it is stored: the name it was given when it was made, and its columns."""

    id: str
    columns: tuple[StoredColumn, ...]


@dataclass(frozen=True)
class Catalog:
    """The tables that hold, by schema and name, and those whose view does not show it yet."""

    version: int = 0
    tables: Mapping[Name, StoredTable] = field(default_factory=dict)
    unshown: frozenset[Name] = frozenset()

    def to_json(self) -> str:
        tables = {
            ".".join(name): {"id": table.id, "columns": [[column.name, column.kind] for column in table.columns]}
            for name, table in sorted(self.tables.items())
        }
        return json.dumps({"tables": tables, "unshown": sorted(".".join(name) for name in self.unshown)})


def read_catalog(session: Session, store: str) -> Catalog:
    """The catalog of a store, made empty if there is none."""
    row = f"{quoted(session.project)}.{quoted(store)}.{quoted(ROW)}"
    session.run(f"CREATE TABLE IF NOT EXISTS {row} (version INT64, body STRING)")
    empty = Catalog()
    session.run(
        f"INSERT INTO {row} (version, body) SELECT @version, @body FROM (SELECT COUNT(*) AS told FROM {row}) WHERE told = 0",
        {"version": empty.version, "body": empty.to_json()},
    )
    (found,) = [line for batch in session.rows(f"SELECT version, body FROM {row}") for line in batch.to_pylist()]
    return _read(found["version"], found["body"])


def write_catalog(session: Session, store: str, known: Catalog, made: Catalog) -> Catalog:
    """Make a catalog hold in place of the one that is known; WorkspaceBusy if another has taken its place since."""
    row = f"{quoted(session.project)}.{quoted(store)}.{quoted(ROW)}"
    told = Catalog(known.version + 1, made.tables, made.unshown)
    changed = session.run(
        f"UPDATE {row} SET version = @next, body = @body WHERE version = @version",
        {"next": told.version, "body": told.to_json(), "version": known.version},
    )
    if changed != 1:
        raise WorkspaceBusy(
            f"Another run has written to the warehouse {store} since this one began.",
            to_do="Wait until it ends, then run again; or give this workspace a warehouse.schema_prefix of its own.",
        )
    return told


def _read(version: int, body: str) -> Catalog:
    told = json.loads(body)
    tables = {
        _name(name): StoredTable(table["id"], tuple(StoredColumn(*column) for column in table["columns"]))
        for name, table in told["tables"].items()
    }
    return Catalog(version, tables, frozenset(map(_name, told["unshown"])))


def _name(text: str) -> Name:
    schema, _, name = text.partition(".")
    return schema, name
