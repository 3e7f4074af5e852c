"""The catalog: which tables a Spark warehouse holds, and in which folders of Parquet each one's rows lie.

Folders never change once written. The catalog is one small file that is swapped whole, so whoever opens the warehouse
finds all that a transaction wrote, or nothing of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from patron.errors import DamagedWarehouse
from patron.warehouse.spark_types import Columns

FILE_NAME: Final = "catalog.json"
Name = tuple[str, str]


@dataclass(frozen=True)
class StoredTable:
    """One table: its columns, and the folders that hold its rows, in order, each with how many it holds."""

    columns: Columns
    folders: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(self.folders.values())


@dataclass(frozen=True)
class Catalog:
    """Every table by schema and name, at one moment.

    ``owner`` begins the name of every folder, so that two warehouses under one root never take each other's for
    their own; ``root`` is the place that was asked for, empty for the workspace itself.
    """

    owner: str
    root: str
    tables: Mapping[Name, StoredTable] = field(default_factory=dict)

    @classmethod
    def new(cls, root: str) -> Catalog:
        return cls(uuid4().hex[:8], root)

    @property
    def folders(self) -> frozenset[str]:
        """Every folder that holds rows of some table."""
        return frozenset(folder for table in self.tables.values() for folder in table.folders)

    def holding(self, name: Name, table: StoredTable) -> Catalog:
        """The same with this table in it."""
        return replace(self, tables={**self.tables, name: table})

    def without(self, name: Name) -> Catalog:
        """The same without this table."""
        return replace(self, tables={key: table for key, table in self.tables.items() if key != name})


def read_catalog(folder: Path) -> Catalog | None:
    """The catalog of a warehouse's folder, None if there is none; raises DamagedWarehouse if it cannot be read."""
    path = folder / FILE_NAME
    try:
        told = json.loads(path.read_text("utf-8"))
        tables = {
            tuple(name.split(".", 1)): StoredTable(table["columns"], table["folders"])
            for name, table in told["tables"].items()
        }
        return Catalog(told["owner"], told["root"], tables)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedWarehouse(
            f"{path} cannot be read as the catalog of a warehouse: {error}",
            to_do="Move its folder away and run again: everything is made anew from your files.",
        ) from error


def write_catalog(catalog: Catalog, folder: Path) -> None:
    """Put the catalog in the place of the one before, at once, and on the disk before anything old is removed."""
    tables = {f"{schema}.{name}": asdict(table) for (schema, name), table in catalog.tables.items()}
    told = json.dumps({"owner": catalog.owner, "root": catalog.root, "tables": tables}, indent=1)
    draft = folder / f"{FILE_NAME}.new"
    with draft.open("w", encoding="utf-8") as file:
        file.write(told)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / FILE_NAME)
