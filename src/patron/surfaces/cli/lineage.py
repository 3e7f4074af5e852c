"""`patron lineage`: where a column comes from, and what is made from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from patron.origins import OUTSIDE, Edge, Place
from patron.pipeline.inquiries.lineage import meanings, stages, workspace_lineage
from patron.reports.lineage import CLOSE, Branch, Lineage, is_file_fact
from patron.reports.lineage_page import render_lineage

_DEPTHS = (4, 1)  # of one column, and of a table's columns, where nobody says how far


@dataclass(frozen=True)
class Asked:
    """What is wanted: a column (or a table, or nothing), the direction, with or without what only decides on rows."""

    column: str
    downstream: bool
    filters: bool
    depth: int | None = None
    """How many steps away to go; 0: to the end."""


def show_lineage(workspace: Path, asked: Asked, html: Path | None, *, as_json: bool) -> None:
    """Print the tree of a column, or write the picture of all."""
    told = workspace_lineage(workspace)
    roots = told.find(asked.column) if asked.column else ()
    if html is not None:
        html.write_text(render_lineage(told, stages(), meanings(), roots[0] if roots else None), "utf-8")
    if as_json:
        edges = _edges_of(told, roots, asked) if roots else told.edges
        typer.echo(json.dumps([_plain(edge) for edge in edges], indent=2))
    elif roots:
        _tell(told, roots, asked)
    elif html is None:
        for line in _overview(told):
            typer.echo(line)
    if html is not None:
        typer.echo(f"Picture  {html}", err=True)


def _tell(told: Lineage, roots: Sequence[Place], asked: Asked) -> None:
    """The trees as far as asked, and where they end."""
    far, beyond, ends = _DEPTHS[len(roots) > 1] if asked.depth is None else asked.depth, 0, dict[str, None]()
    for root in roots:
        for branch in told.tree(root, upstream=not asked.downstream, filters=asked.filters):
            if not far or branch.depth <= far:
                typer.echo(_line(branch, asked))
            else:
                beyond += 1
            if branch.place.layer in OUTSIDE:
                ends[str(branch.place)] = None
    if beyond:
        typer.echo(f"… and {beyond:,} more further {'on' if asked.downstream else 'back'}: --depth 0 shows them all")
    if ends and not asked.downstream:
        typer.echo(f"It all begins with: {', '.join(ends)}")


def _edges_of(told: Lineage, roots: Iterable[Place], asked: Asked) -> list[Edge]:
    """The edges of the roots' trees, each once."""
    branches = (b for root in roots for b in told.tree(root, upstream=not asked.downstream, filters=asked.filters))
    return list(dict.fromkeys(branch.edge for branch in branches if branch.edge))


def _line(branch: Branch, asked: Asked) -> str:
    edge = branch.edge
    how = f"  ({edge.how})" if edge else ""
    again = " …" if branch.seen else ""
    formula = ""
    if edge is None or not asked.downstream:
        formula = "" if branch.seen else branch.formula
    return "  " * branch.depth + str(branch.place) + how + (f"  = {formula}" if formula else "") + again


def _plain(edge: Edge) -> dict[str, object]:
    return {
        "step": edge.step,
        "from": asdict(edge.source),
        "to": asdict(edge.target),
        "how": edge.how,
        "formula": edge.formula,
    }


def _overview(told: Lineage) -> Iterable[str]:
    """Each table with the number of its columns and the tables it is made from."""
    tables: dict[str, set[Place]] = {}
    made_from: dict[str, set[str]] = {}
    for edge in told.edges:
        if edge.how in CLOSE and not is_file_fact(edge.source):
            tables.setdefault(_table(edge.target), set()).add(edge.target)
            made_from.setdefault(_table(edge.target), set()).add(_table(edge.source))
    for table, columns in tables.items():
        others = ", ".join(sorted(made_from[table] - {table}))
        yield f"{table}  ({len(columns)} columns)\n    from {others}"
    yield ""
    yield "A column's own lineage: patron lineage TABLE.COLUMN; all of it as a picture: patron lineage --html FILE"


def _table(place: Place) -> str:
    return place.table if place.layer in ("source", "setting") else f"{place.layer}.{place.table}"
