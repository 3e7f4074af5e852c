"""`patron profile`: what a table or file holds, and what to make of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from patron.pipeline.profiling.profile import profile
from patron.quality.profile.findings import ColumnProfile, TableProfile
from patron.reports.profile_page import headline, profile_facts, render_profile, type_of
from patron.reports.wording import number, printable, share

_WIDTH: Final = 120
_SIGNS: Final = {"mend": ("✗", "red"), "look": ("!", "yellow"), "know": ("·", "cyan")}
_LONGEST: Final = 34


def show_profile(target: str, workspace: Path, html: Path | None, *, as_json: bool) -> TableProfile:
    """Print the profile, and write its page where asked."""
    found = profile(target, workspace)
    if html is not None:
        html.write_text(render_profile(found), "utf-8")
        typer.echo(f"✓ {html}", err=True)
    if as_json:
        typer.echo(json.dumps(profile_facts(found), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _tell(found)
    return found


def _tell(found: TableProfile) -> None:
    console = Console(highlight=False)
    width = min(_WIDTH, console.width)
    console.print(Text.assemble((printable(found.name), "bold"), f"  {headline(found)}."), width=width)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name, justify in (
        ("column", "left"),
        ("type", "left"),
        ("empty", "right"),
        ("different", "right"),
        ("", "left"),
    ):
        table.add_column(name, justify="right" if justify == "right" else "left", overflow="fold")
    for column in found.columns:
        empty = share(column.missing_share, 1) if column.missing else "–"
        table.add_row(printable(column.name), type_of(column), empty, number(column.distinct), _told(column))
    console.print(table, width=width)
    for one in found.advice:
        sign, colour = _SIGNS[one.level]
        words = printable(f"{one.column} {one.words}" if one.column else one.words)
        console.print(Text.assemble((f"{sign} ", colour), words, (f"  {one.to_do}", "dim")), width=width)


def _told(column: ColumnProfile) -> str:
    """A column's values in a few words."""
    if column.dates is not None:
        return f"{column.dates.first} to {column.dates.last}"
    if column.numbers is not None:
        middle = column.numbers.quantiles["0.5"]
        return f"{column.numbers.least:,.6g} to {column.numbers.most:,.6g}, median {middle:,.6g}"
    if not column.top:
        return ""
    first = printable(" ".join(column.top[0].value.split()))
    shown = first if len(first) <= _LONGEST else first[: _LONGEST - 1] + "…"
    return f"{shown} ({share(column.top[0].rows / column.given, 1)})"
