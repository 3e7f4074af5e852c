"""`patron moves`: who belongs to another segment than in the release before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Final

import pyarrow as pa
import typer

from patron.releases.contents import load_release
from patron.reports.segment_lists import VIEW_TITLES, Flow, flows, moved_customers, previous_release
from patron.reports.wording import count, estimate, number
from patron.surfaces.cli.listing import first_rows, keep_csv, print_json, print_table
from patron.surfaces.cli.writable import writable

_FLOWS_SHOWN: Final = 6


def show_moves(
    workspace: Path, view: str | None, limit: int, release: str | None, csv: Path | None, *, as_json: bool
) -> None:
    """Print moves counted by where from and where to, and the customers whose value changed most."""
    if csv is not None:
        writable(csv)
    opened = load_release(workspace, release)
    moved, before = moved_customers(opened, view), previous_release(opened)
    counted = flows(moved)
    if as_json:
        told = {"release": opened.id, "previous": before, "moves": moved.num_rows}
        print_json({**told, "flows": [asdict(flow) for flow in counted], "largest": first_rows(moved, limit)})
    elif before is None:
        typer.echo("This is a first release: there is none before it from which anybody could have moved.")
    else:
        typer.echo(f"{count(moved.num_rows, 'move')} since release {before}\n")
        _tell(counted, moved, limit, opened.manifest.currency)
    keep_csv(moved, csv, "move", quiet=as_json)


def _tell(counted: Sequence[Flow], moved: pa.Table, limit: int, currency: str) -> None:
    if not counted:
        typer.echo("Everybody is where they were.")
        return
    print_table(
        ("view", "before", "now", "customers", "value before", "value now"), _flow_rows(counted, currency), words=3
    )
    typer.echo("\nWhose value changed most:\n")
    print_table(
        ("customer", "value", "moved, and why"),
        (
            (
                row["customer_id"],
                f"{estimate(row['value_before'], currency)} → {estimate(row['value_now'], currency)}",
                f"{VIEW_TITLES[row['view']]}: {row['before']} → {row['now']}. {row['because']}",
            )
            for row in first_rows(moved, limit)
        ),
        sentence=True,
    )


def _flow_rows(counted: Sequence[Flow], currency: str) -> Iterator[tuple[str, ...]]:
    """The largest flows of each view, and how many more there are."""
    for view, held in groupby(counted, key=lambda flow: flow.view):
        rows = list(held)
        for row in rows[:_FLOWS_SHOWN]:
            money = (estimate(row.value_before, currency), estimate(row.value_now, currency))
            yield VIEW_TITLES[view], row.before, row.now, number(row.customers), *money
        rest = rows[_FLOWS_SHOWN:]
        if rest:
            yield VIEW_TITLES[view], f"{len(rest)} more", "", number(sum(row.customers for row in rest)), "", ""
