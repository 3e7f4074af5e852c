"""Options of sources, judged by the connectors they are for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from patron.errors import UnknownName
from patron.settings import FILES_CONNECTOR, OptionFault, Settings, Source
from patron.sources.connectors.connector import Connector, Options
from patron.sources.connectors.installed import connector_named

# How a file is cut into rows: nothing that a table's rows need to be told.
_OF_FILES = ("format", "delimiter", "quote", "encoding", "skip_lines", "sheet")


def option_faults(settings: Settings) -> Iterator[OptionFault]:
    """Whatever is wrong with the options of any source, each with its place in patron.toml."""
    for name, source in settings.sources.items():
        if source.connector != FILES_CONNECTOR:
            yield from _faults_of_source(("sources", name), source)


def parsed_options(connector: Connector, source: Source) -> Options:
    """A source's options as its connector knows them; to be asked once ``option_faults`` found none."""
    return connector.options.model_validate_json(json.dumps(source.options), strict=True)


def _faults_of_source(place: tuple[str, ...], source: Source) -> Iterator[OptionFault]:
    try:
        connector = connector_named(source.connector)
    except UnknownName as error:
        yield OptionFault((*place, "connector"), error.what, error.allowed, error.to_do)
        return
    try:
        options = parsed_options(connector, source)
    except ValidationError as error:
        for item in error.errors():
            yield _worded(place, item, connector)
        return
    if connector.lands == "rows":
        needless = [key for key in _OF_FILES if key in source.model_fields_set]
        for key in needless:
            yield OptionFault(
                (*place, key), f"says how a file is written, and '{connector.name}' fetches rows.", to_do="Remove it."
            )
    if misfit := options.misfit(source):
        yield OptionFault((*place, "options"), misfit)


def _worded(place: tuple[str, ...], item: Any, connector: Connector) -> OptionFault:  # Any: pydantic's own record
    path = tuple(str(part) for part in item["loc"])
    key, fields = (*place, "options", *path), connector.options.model_fields
    if item["type"] == "extra_forbidden":
        close = get_close_matches(path[-1], list(fields), n=1)
        return OptionFault(
            key,
            f"is not an option of '{connector.name}'.",
            f"Known: {', '.join(sorted(fields))}.",
            f"Did you mean '{close[0]}'?" if close else "Remove it.",
        )
    field = fields.get(path[0]) if path else None
    meaning = f"It means: {field.description}." if field and field.description else ""
    if item["type"] == "missing":
        return OptionFault(key, "is missing.", to_do=meaning)
    if path[:1] == ("credential",):  # what was given may be the secret itself
        return OptionFault(
            key,
            "is not the name of a credential.",
            "Names such as shop_db: a lower-case letter, then letters, digits or _.",
            "Put the credential itself into the environment's PATRON_SECRET_<NAME> or secrets.toml.",
        )
    words = str(item["msg"]).removeprefix("Value error, ").rstrip(".")
    given = "" if isinstance(item["input"], dict) else f"{item['input']!r}: "
    return OptionFault(key, f"{given}{words}.", to_do=meaning)
