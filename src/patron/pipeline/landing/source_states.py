"""What can be fetched and what has been: the connectors there are, and the state of a workspace's sources."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from patron.pipeline.workspace import Workspace
from patron.settings import FILES_CONNECTOR
from patron.sources.connectors.installed import connector_named, connector_names
from patron.sources.fetching import last_watermark
from patron.sources.files import find_files
from patron.sources.lake import lake_files


@dataclass(frozen=True)
class OptionFacts:
    """One option of a connector; ``default`` is None where it must be given."""

    name: str
    default: Any  # whatever JSON holds
    required: bool
    meaning: str


@dataclass(frozen=True)
class ConnectorFacts:
    """One connector and what it can be told."""

    name: str
    meaning: str
    options: tuple[OptionFacts, ...]


@dataclass(frozen=True)
class SourceState:
    """One source: how many files it has, how many rows were fetched (None: not counted), when last, and up to where."""

    name: str
    table: str
    connector: str
    files: int
    rows: int | None
    fetched_at: str | None
    watermark: str | None


def connectors() -> tuple[ConnectorFacts, ...]:
    """Every connector that is installed, by name."""
    found = (connector_named(name) for name in connector_names())
    return tuple(
        ConnectorFacts(
            connector.name,
            connector.meaning,
            tuple(_option(name, field) for name, field in connector.options.model_fields.items()),
        )
        for connector in found
    )


def source_states(folder: Path) -> tuple[SourceState, ...]:
    """The state of each source of a workspace."""
    workspace = Workspace.at(folder)
    return tuple(_state(workspace, name) for name in workspace.settings.sources)


def _option(name: str, field: FieldInfo) -> OptionFacts:
    default = None if field.is_required() else field.default
    return OptionFacts(name, default, field.is_required(), field.description or "")


def _state(workspace: Workspace, name: str) -> SourceState:
    source = workspace.settings.sources[name]
    if source.connector == FILES_CONNECTOR:
        files = find_files(source, workspace.folder)
        return SourceState(name, source.table, source.connector, len(files), None, None, None)
    landed = lake_files(workspace.folder, name)
    counted = [file.manifest.rows for file in landed if file.manifest.rows is not None]
    reached = last_watermark(landed)
    return SourceState(
        name,
        source.table,
        source.connector,
        len(landed),
        sum(counted) if counted else None,
        landed[-1].manifest.fetched_at if landed else None,
        str(reached) if reached else None,
    )
