"""One source is asked for what is new, and what it gives lands in the lake."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from patron.credentials import Credentials
from patron.errors import BrokenContract, PatronError, UsageError
from patron.settings import Source
from patron.sources.connectors import Connector, Fetched, Request, Watermark
from patron.sources.connectors.checked import parsed_options
from patron.sources.header import mapped_columns, require_columns
from patron.sources.lake import LakeFile, lake_files, lake_folder
from patron.sources.landing_zone import LandingZone, common_facts, landing_zone


@dataclass(frozen=True)
class SourceFetch:
    """What one fetch brought: new files and rows (None: files as they are), and up to where it is fetched now."""

    source: str
    connector: str
    files: int
    rows: int | None
    watermark: str | None


@dataclass(frozen=True)
class Place:
    """The workspace's folder, the source's name in it, and the credentials at hand."""

    folder: Path
    source: str
    credentials: Credentials


def fetch_source(place: Place, source: Source, connector: Connector, now: datetime) -> SourceFetch:
    """Bring what is new into the lake: all of it or nothing. One process at a time."""
    landed, asked = lake_files(place.folder, place.source), _asked(connector, source)
    _refuse_other_question(place, landed, asked)
    before = last_watermark(landed)
    options, mapped = parsed_options(connector, source), mapped_columns(source)
    since = before.less(options.looks_back) if before else None
    with landing_zone(place.folder, place.source, decimal=source.decimal, since=since) as zone:
        request = Request(place.source, options, place.credentials, before, place.folder, zone, mapped)
        after = _asked_of(connector, request)
        if not after.may_be_empty:
            _refuse_nothing(place.source, connector, bool(landed), zone, before or after.watermark)
        if zone.columns:
            require_columns(Path(f"Source '{place.source}'"), zone.columns, source)
        files = zone.land(common_facts(place.source, connector.name, asked, now, (before, after.watermark)))
    rows = sum(file.manifest.rows or 0 for file in files) if connector.lands == "rows" else None
    reached = last_watermark((*landed, *files))
    return SourceFetch(place.source, connector.name, len(files), rows, str(reached) if reached else None)


def last_watermark(landed: tuple[LakeFile, ...]) -> Watermark | None:
    """Up to where a source has been fetched: the newest manifest that says so."""
    return next((f.manifest.watermark_to for f in reversed(landed) if f.manifest.watermark_to), None)


def _asked_of(connector: Connector, request: Request) -> Fetched:
    """Ask a connector. Whatever a driver or a plugin raises becomes words, for its own may show a credential."""
    try:
        return connector.fetch(request)
    except PatronError as error:
        if request.hidden_in(str(error)) == str(error):
            raise
        failure = request.failed(error)
    except OSError as error:
        failure = request.failed(f"{error.strerror or error} ({type(error).__name__})")
    except Exception as error:  # noqa: BLE001 - a plugin is foreign code, and its traceback may hold a credential
        failure = request.failed(f"{type(error).__name__}: {error}")
    raise failure from None


def _asked(connector: Connector, source: Source) -> str:
    """A digest of what decides which rows a source gives and how they are written down."""
    tuning = connector.options.tuning()
    asked = {key: value for key, value in source.options.items() if key not in tuning}
    signs = source.decimal if connector.lands == "rows" else ""
    return hashlib.sha256(json.dumps([connector.name, asked, signs], sort_keys=True).encode()).hexdigest()[:24]


def _refuse_other_question(place: Place, landed: tuple[LakeFile, ...], asked: str) -> None:
    if any(file.manifest.asked != asked for file in landed):
        raise UsageError(
            f"Source '{place.source}' asks for something else than what {lake_folder(place.folder, place.source)} was fetched by.",
            allowed="What decides which rows come (table, query, url, watermark, decimal …) stays as it is for the life of a source.",
            to_do="Give the source another name in patron.toml: everything is then fetched anew.",
        )


def _refuse_nothing(
    name: str, connector: Connector, fetched_before: bool, zone: LandingZone, watermark: Watermark | None
) -> None:
    """Stop where a whole table has become empty, or nothing was ever fetched: a feed that broke looks just like that."""
    whole_table = connector.lands == "rows" and watermark is None
    if zone.is_empty() and (whole_table or not fetched_before):
        raise BrokenContract(
            f"Source '{name}' gave nothing: no row, no file.",
            allowed="At least one row or file when it is first fetched, and in each fetch without a watermark.",
            to_do="Check table, query or address in patron.toml; nothing was changed.",
        )
