"""`patron alerts`: whom to act on, and how often such lists were right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import typer

from patron.errors import UsageError
from patron.periods import day_of
from patron.reports.behaviour_story import ALL_SAVABLE, days_sentence
from patron.reports.segment_lists import ListKind, act_on
from patron.reports.wording import NONE, count, estimate, share, short_day
from patron.segments.behaviour.at_risk import hardly_left
from patron.surfaces.cli.listing import first_rows, keep_csv, print_json, print_table
from patron.surfaces.cli.writable import writable
from patron.surfaces.effective import effective_release

Measured = Mapping[str, Any]  # Any: plain data
_TITLES: Final[Mapping[ListKind, str]] = {
    "alerts": "who may be lost, act now before watch, those with most to save first in each",
    "at_risk": "with value at risk, those with most to save first",
    "rising": "who may grow most",
}


def show_alerts(
    workspace: Path,
    level: str | None,
    limit: int,
    release: str | None,
    csv: Path | None,
    *,
    rising: bool,
    at_risk: bool,
    as_json: bool,
) -> None:
    """Print a list to act on, with how it did on a past day that it had not learnt from."""
    if rising and (at_risk or level):
        raise UsageError("--rising is a list of its own.", to_do="Leave out --at-risk and --level.")
    if csv is not None:
        writable(csv)
    kind: ListKind = "rising" if rising else "at_risk" if at_risk else "alerts"
    opened = effective_release(workspace, release)
    rows = act_on(opened, kind, level)
    measured: Measured = opened.segmentation().get("behaviour", {}).get("measured") or {}
    words = _measured(measured, kind, opened.manifest.currency)
    if as_json:
        told = {"release": opened.id, "list": kind, "level": level, "customers": rows.num_rows, "measured": words}
        print_json({**told, "precision": measured.get("alerts", []), "rows": first_rows(rows, limit)})
    else:
        typer.echo(f"{count(rows.num_rows, 'customer')} {_TITLES[kind]}")
        typer.echo(f"{words}\n")
        if kind != "rising" and (note := _savable_note(rows)):
            typer.echo(f"{note}\n")
        _tell(rows, kind, limit, opened.manifest.currency)
    keep_csv(rows, csv, "customer", quiet=as_json)


def _measured(measured: Measured, kind: ListKind, currency: str) -> str:
    """How the list did on the newest past day, beside chance and a list of as many by RFM; in one line."""
    if not measured:
        return "Not measured: the past holds no day from which to tell."
    on = f"Measured on {short_day(day_of(measured['day']))}"
    match kind:
        case "alerts":
            return f"{on}: {_precision(measured['alerts'])}."
        case "at_risk":
            return f"{on}: {_lost(measured['at_risk'], currency)}."
        case "rising":
            return f"{on}: {_gained(measured['rising'], currency)}."


def _savable_note(rows: pa.Table) -> str:
    """Why the columns of what is at risk and what can be saved are the same, where they are."""
    at_risk, savable = (pc.sum(rows[name]).as_py() or 0.0 for name in ("value_at_risk", "savable_value"))
    return ALL_SAVABLE if hardly_left(at_risk, savable) else ""


def _precision(levels: Sequence[Measured]) -> str:
    told = [row for row in levels if row["level"] != "calm"]
    if not told:
        return "nobody was told to be in danger"
    right = ", ".join(f"{share(row['precision'])} of {row['customers']:,} '{row['level']}'" for row in told)
    return (
        f"{right} then brought less than half as much; of all who had something to lose, {share(told[0]['base_rate'])}"
    )


def _lost(test: Measured, currency: str) -> str:
    held, days = test["list"], test.get("days", 0)
    if held is None:
        return "too few customers to tell"
    each, rfm, chance, best = (estimate(held[name], currency) for name in ("value", "by_rfm", "by_chance", "best"))
    within = f" in {days} days" if days else ""
    told = f"the first {held['customers']:,} lost {each} each{within}; by RFM {rfm}, by chance {chance}, at best {best}"
    return f"{told}. {days_sentence(days)}".strip(". ")


def _gained(held: Measured | None, currency: str) -> str:
    if held is None:
        return "nobody was told to be rising"
    (each, rfm, chance), (more, _, more_by_chance) = (
        [estimate(held[what][name], currency) for name in ("value", "by_rfm", "by_chance")]
        for what in ("value", "gain")
    )
    return (
        f"{held['value']['customers']:,} such customers then brought {each} each; by RFM {rfm}, by chance {chance}. "
        f"That was {more} more than before, by chance {more_by_chance}"
    )


def _tell(rows: pa.Table, kind: ListKind, limit: int, currency: str) -> None:
    if not rows.num_rows:
        typer.echo("Nobody is on this list.")
        return
    first = first_rows(rows, limit)
    if kind == "rising":
        print_table(
            ("customer", "tier", "RFM", "expected value", "more than lately", "engagement"),
            (
                (
                    row["customer_id"],
                    row["tier"],
                    row["rfm_segment"],
                    estimate(row["expected_value"], currency),
                    f"+{estimate(row['potential'], currency)}",
                    f"{row['engagement']:.0f}",
                )
                for row in first
            ),
            words=3,
        )
    else:
        _tell_dangers(first, currency)
    if rows.num_rows > limit:
        typer.echo(f"\n{count(rows.num_rows - limit, 'more customer')}: -n N, or --csv FILE for all")


def _tell_dangers(rows: list[dict[str, Any]], currency: str) -> None:  # Any: rows of the list
    print_table(
        ("customer", "alert", "at risk", "to save", "chance", "why"),
        (
            (
                row["customer_id"],
                row["alert"],
                estimate(row["value_at_risk"], currency),
                estimate(row["savable_value"], currency),
                NONE if row["alert_chance"] is None else share(row["alert_chance"]),
                row["alert_because"] or NONE,
            )
            for row in rows
        ),
        words=2,
        sentence=True,
    )
