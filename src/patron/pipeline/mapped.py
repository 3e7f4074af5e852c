"""What a workspace's sources fill: silver tables and their columns, by the mapping of patron.toml."""

from __future__ import annotations

import ibis.expr.types as ir

from patron.pipeline.step import Run
from patron.quality.value import with_value
from patron.settings import Settings
from patron.tables import SOURCE_TABLES, TRANSACTIONS


def silver_tables(run: Run) -> dict[str, ir.Table]:
    """The silver tables that some source fills; transactions carry their value."""
    tables = {
        table.name: run.warehouse.table("silver", table.name)
        for table in SOURCE_TABLES
        if any(source.table == table.name for source in run.settings.sources.values())
    }
    tables[TRANSACTIONS.name] = with_value(tables[TRANSACTIONS.name], run.settings.value)
    return tables


def mapped_columns(run: Run) -> dict[str, frozenset[str]]:
    """For each silver table, the columns that every source of it fills."""
    return columns_that_sources_fill(run.settings)


def columns_that_sources_fill(settings: Settings) -> dict[str, frozenset[str]]:
    """The same from the settings alone, before anything has run."""
    mapped: dict[str, frozenset[str]] = {}
    for source in settings.sources.values():
        columns = frozenset(source.columns)
        mapped[source.table] = mapped.get(source.table, columns) & columns
    return mapped
