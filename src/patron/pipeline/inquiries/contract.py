"""The contract of a workspace, handed out; and a file held against it without a run."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from patron.errors import DataError, UnknownName, UsageError
from patron.pipeline.gates.gate import warnings_of
from patron.pipeline.runner import Watcher, run_in, run_until
from patron.pipeline.workspace import Workspace
from patron.quality.contract.contract import contract_of
from patron.quality.contract.exports import exported
from patron.quality.decisions import STATE_FILE
from patron.quality.declared import all_expectations
from patron.quality.own_rules import expectation_of
from patron.segments.rfm import RFM_CATALOGUE
from patron.settings import WarehouseSettings


@dataclass(frozen=True)
class FileVerdict:
    """Whether a file keeps the contract, in words, with what became of its rows."""

    file: str
    source: str
    kept: bool
    words: str
    counts: dict[str, int]
    warnings: tuple[str, ...] = ()


def export_contract(folder: Path, form: str, into: Path) -> tuple[Path, ...]:
    """Write the checks on a workspace's silver and gold tables in another tool's form; gives the files."""
    settings = Workspace.at(folder).settings
    filled = {source.table for source in settings.sources.values()}
    names = tuple(segment.name for segment in RFM_CATALOGUE)
    rules = [expectation_of(rule) for rule in settings.quality.rules if rule.action == "block"]
    contract = contract_of(
        [*all_expectations(names, filled), *rules], _dialect(settings.warehouse), settings.warehouse.schemas_begin
    )
    written = []
    for name, text in exported(contract, form).items():
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        written.append(path)
    return tuple(written)


def check_file(folder: Path, file: Path, source: str | None = None, *, now: datetime | None = None) -> FileVerdict:
    """Read and judge one file by a workspace's settings, rules and decisions on rows, in a place of its own that is gone afterwards.

    What needs other files (earlier batches, tables that it refers to) is not asked.
    """
    if not file.is_file():
        raise UsageError(f"There is no file {file}.", to_do="Name the file that is to be sent.")
    workspace = Workspace.at(folder)
    name = source or _only_source(workspace, file)
    if name not in workspace.settings.sources:
        raise UnknownName("source", name, workspace.settings.sources)
    with tempfile.TemporaryDirectory(prefix="patron-contract-") as place:
        alone = _alone(workspace, name, file, Path(place))
        if (workspace.folder / STATE_FILE).is_file():
            shutil.copy(workspace.folder / STATE_FILE, place)
        try:
            with run_in(alone, Watcher(), now=now or datetime.now(UTC)) as run:
                checked = run_until(run, "check", Watcher())[-1]
                warnings = warnings_of(run)
        except DataError as error:
            return FileVerdict(str(file), name, False, str(error), {})
    fates = ", ".join(f"{checked.counts[fate]:,} {fate}" for fate in ("accepted", "duplicate", "quarantined"))
    return FileVerdict(str(file), name, True, fates, checked.counts, warnings)


def _dialect(warehouse: WarehouseSettings) -> str:
    return {"postgres": "postgres", "bigquery": "bigquery", "spark": "spark"}.get(warehouse.engine, "duckdb")


def _only_source(workspace: Workspace, file: Path) -> str:
    names = list(workspace.settings.sources)
    if len(names) != 1:
        raise UsageError(
            f"For which source is {file.name} meant?",
            allowed=f"Sources: {', '.join(names)}.",
            to_do="Add --source NAME.",
        )
    return names[0]


def _alone(workspace: Workspace, name: str, file: Path, place: Path) -> Workspace:
    """A workspace of this one source and file, with the same settings and rules, on the default engine."""
    source = workspace.settings.sources[name].model_copy(
        update={"files": (file.resolve().as_posix(),), "connector": "files", "options": {}}
    )
    settings = workspace.settings.model_copy(update={"sources": {name: source}, "warehouse": WarehouseSettings()})
    return replace(workspace, folder=place, settings=settings, proposed_rules=settings.quality.rules)
