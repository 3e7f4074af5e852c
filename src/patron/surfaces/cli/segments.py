"""`patron segments`: the groups of a view, or the members of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import typer

from patron.releases.contents import Release
from patron.reports.segment_lists import VIEW_TITLES, VIEWS, SegmentRow, found_segment, segment_members, segment_rows
from patron.reports.wording import count, estimate, listed, number, printable, share
from patron.surfaces.cli.listing import first_rows, keep_csv, print_json, print_table
from patron.surfaces.cli.writable import writable
from patron.surfaces.effective import effective_release


@dataclass(frozen=True)
class Asked:
    """A segment or none, a view or none, how many members to show, and a release or none."""

    name: str | None
    by: str | None
    limit: int
    release: str | None


def show_segments(workspace: Path, asked: Asked, csv: Path | None, *, as_json: bool) -> None:
    """Print the segments of a view, or the members of one."""
    if csv is not None:
        writable(csv)
    release = effective_release(workspace, asked.release)
    if asked.name is None:
        _show_view(release, asked.by or VIEWS[0], csv, as_json=as_json)
    else:
        _show_members(release, *found_segment(release, asked.name, asked.by), asked.limit, csv, as_json=as_json)


def _as_table(rows: Sequence[SegmentRow]) -> pa.Table:
    """The groups as a table that has its columns also without any row."""
    names = [field.name for field in fields(SegmentRow)]
    return pa.table({name: pa.array([getattr(row, name) for row in rows]) for name in names})


def _show_view(release: Release, view: str, csv: Path | None, *, as_json: bool) -> None:
    rows = segment_rows(release, view)
    if as_json:
        print_json({"release": release.id, "view": view, "segments": [asdict(row) for row in rows]})
    elif not rows:
        typer.echo("No rule of your own was in this run. Write [[segments.rules]] in patron.toml: docs/segments.md.")
    else:
        _tell_view(rows, view, release.manifest.currency)
        if view == "cluster":
            _tell_clusters(release)
        if view == "rule":
            typer.echo("\nA customer may belong to several of these groups, or to none.")
            empty = [row.name for row in rows if not row.customers]
            if empty:
                typer.echo(
                    printable(f"Nobody is in {listed(empty)}: --check notes names in rules that no customer has.")
                )
        typer.echo(f"\nOther views: --by {', '.join(one for one in VIEWS if one != view)}")
    keep_csv(_as_table(rows), csv, "segment", quiet=as_json)


def _tell_view(rows: tuple[SegmentRow, ...], view: str, currency: str) -> None:
    moved = any(row.moved_in is not None for row in rows)
    headings = [VIEW_TITLES[view], "customers", "share", "expected value", "share", "at risk"]
    print_table(
        [*headings, "moved in", "moved out"] if moved else headings,
        (
            [
                row.name,
                number(row.customers),
                share(row.share_of_customers),
                estimate(row.expected_value, currency),
                share(row.share_of_value),
                estimate(row.value_at_risk, currency),
                *([number(row.moved_in), number(row.moved_out)] if moved else []),
            ]
            for row in rows
        ),
    )


def _tell_clusters(release: Release) -> None:
    """What each cluster does, how the clusters were chosen, and how well they are told again."""
    found: Mapping[str, Any] = release.segmentation().get("segmentation", {})  # Any: plain data
    told = found.get("clusters") or {}
    typer.echo(f"\nNo clusters: {found['no_clusters']}." if found.get("no_clusters") else "")
    for profile in told.get("profiles", []):
        typer.echo(printable(f"{profile['name']}: {profile['sentence']}"))
    if told:
        typer.echo(f"\n{told['choice']['sentence']} {told['agreement_in_words']}")


def _show_members(release: Release, view: str, name: str, limit: int, csv: Path | None, *, as_json: bool) -> None:
    members = segment_members(release, view, name)
    first = first_rows(members, limit)
    if as_json:
        told = {"release": release.id, "view": view, "segment": name, "customers": members.num_rows, "members": first}
        print_json(told)
    else:
        currency = release.manifest.currency
        typer.echo(f"{printable(name)}, by {VIEW_TITLES[view]}: {count(members.num_rows, 'customer')}\n")
        print_table(
            ("customer", "tier", "RFM", "stage", "alert", "expected value", "at risk"),
            (
                (
                    row["customer_id"],
                    row["tier"],
                    row["rfm_segment"],
                    row["lifecycle"],
                    row["alert"],
                    estimate(row["expected_value"], currency),
                    estimate(row["value_at_risk"], currency),
                )
                for row in first
            ),
            words=5,
        )
        if members.num_rows > limit:
            typer.echo(f"\n{count(members.num_rows - limit, 'more customer')}: -n N, or --csv FILE for all")
    keep_csv(members, csv, "customer", quiet=as_json)
