"""The dbt package, written for one workspace: with the warehouse to read and the tables that its sources fill."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from patron.errors import NothingThere, UsageError
from patron.pipeline.mapped import columns_that_sources_fill
from patron.pipeline.workspace import Workspace
from patron.warehouse import WAREHOUSE_FILE

DUCKDB: Final = "duckdb"
DATABASE: Final = "patron"
_VARS: Final = ('patron_database: ""', 'patron_schemas_begin: ""', "patron_tables: [transactions]")
_PROFILE: Final = """\
# Patron's warehouse is read, never written: what dbt makes goes to for_bi.duckdb beside this file, for BI tools to open.
patron:
  target: workspace
  outputs:
    workspace:
      type: duckdb
      path: for_bi.duckdb
      schema: reports
      threads: 2
      attach: [{{path: {path}, alias: {database}, read_only: true}}]
"""


@dataclass(frozen=True)
class WrittenPackage:
    """Where it is, and whether dbt can run it as it stands: of other engines than DuckDB the profile is the user's."""

    folder: Path
    has_profile: bool


def write_dbt_package(workspace_folder: Path, folder: Path) -> WrittenPackage:
    """Write the package into a folder that is empty or not there yet; UsageError otherwise."""
    workspace = Workspace.at(workspace_folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty.", allowed="A new or an empty folder.", to_do="Name another folder.")
    shutil.copytree(_package(), folder, ignore=shutil.ignore_patterns("target", "logs"), dirs_exist_ok=True)
    local = workspace.settings.warehouse.engine == DUCKDB
    tables = ", ".join(sorted(columns_that_sources_fill(workspace.settings)))
    project = folder / "dbt_project.yml"
    text = project.read_text("utf-8")
    told = (
        f'patron_database: "{DATABASE if local else ""}"',
        f'patron_schemas_begin: "{workspace.settings.warehouse.schemas_begin}"',
        f"patron_tables: [{tables}]",
    )
    for line, written in zip(_VARS, told, strict=True):
        text = text.replace(line, written)
    project.write_text(text, "utf-8")
    if local:
        path = json.dumps(str((workspace.folder / WAREHOUSE_FILE).resolve()))  # YAML reads JSON's text
        (folder / "profiles.yml").write_text(_PROFILE.format(path=path, database=DATABASE), "utf-8")
    return WrittenPackage(folder, local)


def _package() -> Path:
    """Where the package lies: in an installed Patron inside it, in a checkout beside ``src``."""
    home = Path(__file__).resolve().parents[2]
    for folder in (home / "integrations" / "dbt", home.parents[1] / "integrations" / "dbt" / "patron"):
        if (folder / "dbt_project.yml").is_file():
            return folder
    raise NothingThere(
        "This installation of Patron lacks its dbt package.", to_do="Install Patron again, from a wheel or a checkout."
    )
