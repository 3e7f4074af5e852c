"""Fetching one source in a test, and looking at what has landed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
from pydantic import JsonValue

from patron.credentials import Credentials, Secret
from patron.settings import Source
from patron.sources.connectors import Connector
from patron.sources.connectors.installed import connector_named
from patron.sources.fetching import Place, SourceFetch, fetch_source
from patron.sources.lake import lake_files

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def fetch(
    folder: Path, connector: str | Connector, options: dict[str, JsonValue], *, secret: str = "", **source: str
) -> SourceFetch:
    """Fetch a source named sales that asks this of a connector."""
    asked = connector_named(connector) if isinstance(connector, str) else connector
    made = Source.model_construct(table="transactions", connector=asked.name, options=options, columns={}, **source)  # type: ignore[arg-type]
    credentials = Credentials({"sales": Secret(secret)} if secret else {})
    return fetch_source(Place(folder, "sales", credentials), made, asked, NOW)


def landed(folder: Path) -> list[list[dict[str, str | None]]]:
    """The rows of each landed Parquet file."""
    return [pq.read_table(file.path).to_pylist() for file in lake_files(folder, "sales")]


def whole_folder(folder: Path) -> bytes:
    """Every byte of every file of a folder, and the files' names."""
    return b"\n".join(
        part
        for path in sorted(folder.rglob("*"))
        for part in (str(path).encode(), path.read_bytes() if path.is_file() else b"")
    )
