"""Fetching: every source that is no local file is brought into the lake before a run looks for its files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from patron.errors import UnknownName, UsageError
from patron.pipeline.workspace import Workspace
from patron.settings import FILES_CONNECTOR, Source
from patron.sources.connectors.installed import connector_named
from patron.sources.fetching import Place, SourceFetch, fetch_source
from patron.sources.lake import LakeFile, lake_files

Say = Callable[[str], None]


def fetch_workspace(
    folder: Path, source: str | None = None, *, say: Say = lambda _: None, now: datetime | None = None
) -> tuple[SourceFetch, ...]:
    """Fetch what is new, without a run: of one source, or of all that are no local files.

    Raises SourceFailed where a source cannot be reached; what other sources landed before stays.
    """
    began = now or datetime.now(UTC)
    workspace = Workspace.at(folder)
    fetched = fetched_sources(workspace)
    if source is not None and source not in fetched:
        if source in workspace.settings.sources:
            raise UsageError(
                f"Source '{source}' is of local files; there is nothing to fetch.", to_do="Run: patron run"
            )
        raise UnknownName("source", source, fetched)
    with workspace.locked(began):
        return fetch_sources(workspace, began, say, only=source)


def fetched_sources(workspace: Workspace) -> dict[str, Source]:
    """The sources that a connector fetches, by name."""
    return {name: s for name, s in workspace.settings.sources.items() if s.connector != FILES_CONNECTOR}


def fetch_sources(
    workspace: Workspace, now: datetime, say: Say = lambda _: None, *, only: str | None = None
) -> tuple[SourceFetch, ...]:
    """Bring what is new into the lake; the workspace is locked by the one who asks."""
    done = []
    for name, source in fetched_sources(workspace).items():
        if only in (None, name):
            say(f"Fetching {name} …")
            place = Place(workspace.folder, name, workspace.credentials)
            done.append(fetch_source(place, source, connector_named(source.connector), now))
    return tuple(done)


def lake_paths(workspace: Workspace, name: str) -> list[tuple[LakeFile, str]]:
    """The landed files of a source with their sha256, each held against its manifest; of what was fetched again, the newest state.

    A state that was refused must not stand in the way of the one that mends it.
    """
    newest = {file.known_as: file for file in lake_files(workspace.folder, name)}
    states = sorted(newest.values(), key=lambda file: file.manifest.number)
    return [(file, file.verified()) for file in states]
