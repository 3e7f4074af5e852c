"""`patron sources`: the connectors there are, and what each source has fetched."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from patron.pipeline.landing.source_states import ConnectorFacts, SourceState, connectors, source_states
from patron.settings import FILE_NAME


def show_sources(workspace: Path, *, as_json: bool) -> None:
    """List connectors with their options; where there is a patron.toml, the state of its sources too."""
    states = source_states(workspace) if (workspace / FILE_NAME).is_file() else ()
    known = connectors()
    if as_json:
        told = {"connectors": [asdict(c) for c in known], "sources": [asdict(state) for state in states]}
        typer.echo(json.dumps(told, indent=2))
        return
    console = Console(highlight=False)
    for connector in known:
        console.print(_options_table(connector))
        console.print()
    if states:
        console.print(_states_table(states))


def _options_table(connector: ConnectorFacts) -> Table:
    title = f'connector = "{connector.name}": {connector.meaning}'
    table = Table("option", "default", "meaning", title=escape(title), title_justify="left", box=None, pad_edge=False)
    for option in connector.options:
        default = "required" if option.required else json.dumps(option.default)
        table.add_row(option.name, escape(default), escape(option.meaning))
    return table


def _states_table(states: tuple[SourceState, ...]) -> Table:
    heads = ("source", "table", "connector", "files", "rows", "last fetched", "up to")
    table = Table(*heads, title="Sources of this workspace", title_justify="left", box=None, pad_edge=False)
    for state in states:
        rows = "" if state.rows is None else f"{state.rows:,}"
        last = (state.fetched_at or "")[:19].replace("T", " ")
        table.add_row(
            state.name, state.table, state.connector, f"{state.files:,}", rows, last, escape(state.watermark or "")
        )
    return table
