"""Which connectors there are: those built in, and those other packages offer as entry points."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from patron.errors import UnknownName, UsageError
from patron.settings import FILES_CONNECTOR
from patron.sources.connectors.connector import Connector, Options

GROUP: Final = "patron.sources"
# Each is the module whose ``CONNECTOR`` it is. What these need beyond Patron's own is loaded when they fetch.
_BUILT_IN: Final = {
    "database": "patron.sources.connectors.database",
    "object_store": "patron.sources.connectors.object_store",
    "bigquery": "patron.sources.connectors.bigquery",
    "rest": "patron.sources.connectors.rest",
    "told": "patron.sources.connectors.told",
}


def connector_names() -> tuple[str, ...]:
    """Every connector that a source can name, but for 'files', which needs none."""
    return tuple(sorted({*_BUILT_IN, *(entry.name for entry in entry_points(group=GROUP))}))


def connector_named(name: str) -> Connector:
    """The connector of this name; UnknownName with the known ones otherwise."""
    if name in _BUILT_IN:
        connector: Connector = import_module(_BUILT_IN[name]).CONNECTOR
        return connector
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            return _loaded(entry)
    raise UnknownName("connector", name, (FILES_CONNECTOR, *connector_names()))


def _loaded(entry: EntryPoint) -> Connector:
    try:
        connector = entry.load()
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"The connector '{entry.name}' ({entry.value}) cannot be loaded: {error}.",
            to_do="Reinstall its package, or remove it.",
        ) from error
    lacks = [part for part in ("name", "meaning", "options", "lands", "fetch") if not hasattr(connector, part)]
    if lacks or not issubclass(connector.options, Options) or connector.name != entry.name:
        raise UsageError(
            f"'{entry.value}' is no connector named '{entry.name}': "
            + (f"it has no {', '.join(lacks)}." if lacks else "its name or its options are of another kind."),
            allowed="name, meaning, options (a subclass of patron.sources.connectors.Options), lands and fetch.",
            to_do="Mend or uninstall the package that brings it.",
        )
    found: Connector = connector  # an entry point can be anything; the lines above judged it
    return found
