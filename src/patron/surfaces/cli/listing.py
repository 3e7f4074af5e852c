"""How lists are printed: tables whose cells are taken as they are, JSON, and CSV files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from patron.reports.segment_lists import write_list
from patron.reports.wording import count, printable
from patron.scores.plain_data import without_nan

WIDTH: Final = 100
_WORD_WIDTH: Final = 28


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1, *, sentence: bool = False
) -> None:
    """Print rows beneath headings; the first so many columns hold words, and with ``sentence`` the last one, the others figures.

    Where room is short words take a second line; figures are never cut.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(headings))
    for place, heading in enumerate(headings):
        if sentence and place == len(headings) - 1:
            table.add_column(heading, overflow="fold")
        elif place < words:
            table.add_column(heading, max_width=_WORD_WIDTH, overflow="fold")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console(highlight=False, width=WIDTH).print(table)


def print_json(facts: Any) -> None:  # Any: JSON
    """Print plain data; days as 2024-06-30."""
    typer.echo(json.dumps(without_nan(facts), indent=2, ensure_ascii=False, allow_nan=False, default=str))


def keep_csv(table: pa.Table, path: Path | None, noun: str, *, quiet: bool = False) -> None:
    """Write a list where that was asked for, and say so."""
    if path is None:
        return
    write_list(table, path)
    if not quiet:
        typer.echo(f"\n{count(table.num_rows, noun)} written to {path}")


def first_rows(table: pa.Table, limit: int) -> list[dict[str, Any]]:
    """The first rows as plain data."""
    return [dict(row) for row in table.slice(0, limit).to_pylist()]
