"""The test kit for connectors: one call that fetches for real into a folder of its own and checks what every run relies on."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
from pydantic import JsonValue, ValidationError

from patron.credentials import Credentials, Secret
from patron.errors import PatronError
from patron.secret_looks import secret_looking
from patron.section import NAME_FORM
from patron.settings import Source
from patron.sources.connectors import Connector, Options, Request
from patron.sources.connectors.hiding import hidden_parts
from patron.sources.fetching import Place, fetch_source
from patron.sources.lake import ROWS, lake_files, lake_folder

Row = Mapping[str, str | None]
_SOURCE: Final = "kit"
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


def check_connector(
    connector: Connector,
    options: Mapping[str, JsonValue],
    expected_rows: Sequence[Row] = (),
    *,
    expected_files: Mapping[str, bytes] | None = None,
    secret: str = "",
    folder: Path | None = None,
) -> None:
    """Hold a connector to the rules; AssertionError says which one it breaks.

    ``options`` are as in patron.toml, ``secret`` is its credential, and ``folder`` the workspace that its paths begin at.
    It must fetch ``expected_rows`` (texts by column, in any order; a column without a value may be left out), or
    ``expected_files`` (bytes by name) where it lands files as they are.
    """
    _check_shape(connector)
    source = _source_of(connector, options)
    with tempfile.TemporaryDirectory() as made, _nothing_left(folder or Path(made)) as home:
        place = Place(home, _SOURCE, Credentials({_SOURCE: Secret(secret)} if secret else {}))
        _check_that_failures_pass(connector, place, source)
        fetch_source(place, source, connector, _NOW)
        if connector.lands == "rows":
            _check_rows(place, expected_rows)
        else:
            _check_files(place, expected_files or {})
        _check_that_nothing_comes_twice(connector, place, source)
        _check_that_it_keeps_secrets(place, secret)


@contextmanager
def _nothing_left(folder: Path) -> Iterator[Path]:
    """The folder, and in the end without what landed in it."""
    try:
        yield folder
    finally:
        shutil.rmtree(lake_folder(folder, _SOURCE), ignore_errors=True)


def _check_shape(connector: Connector) -> None:
    assert re.match(NAME_FORM, connector.name), f"its name {connector.name!r} cannot stand in patron.toml"
    assert connector.meaning, "it does not say in a few words what it fetches"
    assert connector.lands in ("rows", "objects"), f"it lands {connector.lands!r}, which is neither rows nor objects"
    assert issubclass(connector.options, Options), "its options are no subclass of patron.sources.connectors.Options"
    fields = connector.options.model_fields
    silent = [name for name, field in fields.items() if not field.description]
    assert not silent, f"the options {silent} do not say what they mean"
    secret = secret_looking(dict.fromkeys(fields, ""))
    assert not secret, f"the options {secret} are named like credentials, which patron.toml refuses"


def _source_of(connector: Connector, options: Mapping[str, JsonValue]) -> Source:
    try:
        connector.options.model_validate_json(json.dumps({**options, "no_such_option": 1}))
    except ValidationError as error:
        assert any(item["type"] == "extra_forbidden" for item in error.errors()), (
            "it takes options that it does not know"
        )
    else:
        raise AssertionError("it takes options that it does not know")
    connector.options.model_validate_json(json.dumps(dict(options)), strict=True)
    return Source.model_construct(table="transactions", connector=connector.name, options=dict(options), columns={})


@dataclass(frozen=True)
class _FullDisk:
    """A landing where nothing can be put."""

    def add_rows(self, columns: Sequence[str], rows: Any) -> None:  # noqa: ARG002 - never looked at
        raise _NoRoom

    def add_batch(self, batch: Any) -> None:  # noqa: ARG002 - never looked at
        raise _NoRoom

    def add_object(self, name: str, version: str, blocks: Any) -> None:  # noqa: ARG002 - never looked at
        raise _NoRoom

    def has(self, name: str, version: str) -> bool:  # noqa: ARG002 - nothing is there
        return False


class _NoRoom(PatronError):
    """What a landing raises that can take nothing."""

    def __init__(self) -> None:
        super().__init__("There is no room to land anything.")


def _check_that_failures_pass(connector: Connector, place: Place, source: Source) -> None:
    options = connector.options.model_validate(source.options)
    request = Request(place.source, options, place.credentials, None, place.folder, _FullDisk())
    try:
        connector.fetch(request)
    except PatronError:
        return
    raise AssertionError("it goes on, or fetches nothing, although what it fetches cannot land")


def _check_rows(place: Place, expected: Sequence[Row]) -> None:
    found = [
        row
        for file in lake_files(place.folder, place.source)
        if file.manifest.origin == ROWS
        for row in pq.read_table(file.path).to_pylist()
    ]
    lacking, more = _without(expected, found), _without(found, expected)
    assert not lacking and not more, f"it did not fetch {lacking[:3]} and fetched {more[:3]} instead"


def _without(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """The rows that are not among the others, each as many times as it is not."""
    left = [_told(row) for row in others]
    lacking = []
    for row in rows:
        if _told(row) in left:
            left.remove(_told(row))
        else:
            lacking.append(row)
    return lacking


def _told(row: Row) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in row.items() if value not in (None, ""))


def _check_files(place: Place, expected: Mapping[str, bytes]) -> None:
    found = {file.manifest.origin: file.path.read_bytes() for file in lake_files(place.folder, place.source)}
    assert sorted(found) == sorted(expected), f"it fetched the files {sorted(found)}, not {sorted(expected)}"
    changed = [name for name, content in expected.items() if found[name] != content]
    assert not changed, f"the bytes of {changed} are not those that were expected"


def _check_that_nothing_comes_twice(connector: Connector, place: Place, source: Source) -> None:
    before = lake_files(place.folder, place.source)
    fetch_source(place, source, connector, _NOW)
    after = lake_files(place.folder, place.source)
    assert after == before, f"a second fetch of the same landed {len(after) - len(before)} more files"


def _check_that_it_keeps_secrets(place: Place, secret: str) -> None:
    for part in hidden_parts(secret) if secret else ():
        holding = [
            file.path.name
            for file in lake_files(place.folder, place.source)
            for text in (file.path.read_bytes(), json.dumps(str(file.manifest)).encode())
            if part.encode() in text
        ]
        assert not holding, f"the credential stands in {holding}"
