"""Which warehouses there are: those built in, and those other packages offer as entry points."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from patron.credentials import Credentials
from patron.errors import UnknownName, UsageError
from patron.settings import WarehouseSettings
from patron.warehouse.warehouse import Warehouse

GROUP: Final = "patron.warehouses"
Opener = Callable[[Path, WarehouseSettings, Credentials], Warehouse]
# Each is the module whose ``open_warehouse`` opens it, loaded when it is asked for: an engine is an extra.
_BUILT_IN: Final = {
    "bigquery": "patron.warehouse.bigquery",
    "duckdb": "patron.warehouse.duckdb",
    "postgres": "patron.warehouse.postgres",
    "spark": "patron.warehouse.spark",
}


def open_warehouse(folder: Path, settings: WarehouseSettings, credentials: Credentials) -> Warehouse:
    """The warehouse of a workspace folder, opened; UnknownName for an engine that is not installed."""
    return _opener(settings.engine)(folder, settings, credentials)


def engine_names() -> tuple[str, ...]:
    """Every engine that ``warehouse.engine`` can name."""
    return tuple(sorted({*_BUILT_IN, *(entry.name for entry in entry_points(group=GROUP))}))


def _opener(engine: str) -> Opener:
    if engine in _BUILT_IN:
        opener: Opener = import_module(_BUILT_IN[engine]).open_warehouse
        return opener
    for entry in entry_points(group=GROUP):
        if entry.name == engine:
            return _loaded(entry.value, entry.load)
    raise UnknownName("warehouse engine", engine, engine_names())


def _loaded(value: str, load: Callable[[], Opener]) -> Opener:
    try:
        return load()
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"The warehouse '{value}' cannot be loaded: {error}", to_do="Reinstall its package, or remove it."
        ) from error
