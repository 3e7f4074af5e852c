"""`patron bridge`: why the value changed between two releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console
from rich.status import Status

from patron.errors import UsageError
from patron.reports.bridge_words import (
    PART_MEANINGS,
    PART_WORDS,
    moves_of,
    rounded_amounts,
    rounded_ends,
    row_step_of,
)
from patron.reports.segment_lists import VIEW_TITLES
from patron.reports.wording import printable, short_money
from patron.scores.bridge import SCALE, Sums
from patron.surfaces.bridge import BridgeReport, bridge
from patron.surfaces.cli.listing import print_json, print_table

_LARGEST_SHOWN: Final = 3
_MOST_PARTS: Final = 6
_UNIT: Final = 10**SCALE


def show_bridge(
    workspace: Path, names: tuple[str | None, str | None], by: str | None, customer: str | None, *, as_json: bool
) -> None:
    """Print the bridge of the portfolio, of each group of a grouping, or of one customer."""
    if by and customer:
        raise UsageError("--by and --customer ask for two things.", to_do="Leave out one of them.")
    with Status("Compare …", console=Console(stderr=True)) as status:
        report = bridge(workspace, *names, says=status.update)
    groups = report.by(by) if by else {}
    one = report.of(customer) if customer else None
    if as_json:
        print_json(_facts(report, by, groups, customer, one))
    elif by:
        typer.echo(f"{report.sentence()}\n")
        _tell_groups(by, groups, report.currency)
    elif one:
        typer.echo(f"{report.sentence(one, f'Customer {customer}')}\n")
        _tell_parts(report, one)
    else:
        typer.echo(f"{report.sentence()}\n")
        _tell_parts(report)
        _tell_largest(report)


def _facts(
    report: BridgeReport, by: str | None, groups: Mapping[str, Sums], customer: str | None, one: Sums | None
) -> dict[str, Any]:  # Any: JSON
    ends = {name: report.told[name] for name in ("previous", "previous_as_of", "as_of", "currency")}
    if one:
        return {
            **ends,
            "customer_id": customer,
            **one.to_dict(),
            "sentence": report.sentence(one, f"Customer {customer}"),
        }
    whole = {
        **ends,
        "total": report.told["total"],
        "sentence": report.told["sentence"],
        "changed": report.told["changed"],
    }
    if by:
        return {**whole, "by": by, "groups": [{"label": name, **sums.to_dict()} for name, sums in groups.items()]}
    return {**whole, "up": report.told["up"], "down": report.told["down"]}


def _tell_parts(report: BridgeReport, sums: Sums | None = None) -> None:
    """The reckoning line by line, each part with what it means."""
    meanings = {PART_WORDS[part]: words for part, words in PART_MEANINGS.items()}
    rows = [(label, figure, meanings.get(label, "")) for label, figure in report.lines(sums)]
    print_table(("", "", ""), rows, sentence=True)


def _tell_largest(report: BridgeReport) -> None:
    for title, rows in (("Risen most", report.told["up"]), ("Fallen most", report.told["down"])):
        if rows:
            typer.echo(f"\n{title}:")
        for row in rows[:_LARGEST_SHOWN]:
            typer.echo(f"  {report.sentence(Sums.from_dict(row), printable(row['customer_id']))}")


def _tell_groups(by: str, groups: Mapping[str, Sums], currency: str) -> None:
    """A row per group, a column per part that is not nothing everywhere; small parts are told together where many are.

    Each row is rounded to a step of its own, so that it adds up as it is shown.
    """
    sizes = {part: sum(abs(moves_of(sums)[part]) for sums in groups.values()) for part in PART_WORDS}
    largest = sorted((part for part in sizes if sizes[part]), key=lambda part: -sizes[part])[:_MOST_PARTS]
    shown = [part for part in PART_WORDS if part in largest]
    rest = [part for part in PART_WORDS if sizes[part] and part not in largest]
    print_table(
        (VIEW_TITLES.get(by, by), "before", *(_heading(part) for part in shown), *(["rest"] if rest else []), "now"),
        (
            (name, *_group_row(sums, shown, rest, currency))
            for name, sums in sorted(groups.items(), key=lambda item: -item[1].now)
        ),
    )


def _group_row(sums: Sums, shown: Sequence[str], rest: Sequence[str], currency: str) -> list[str]:
    step, moves = row_step_of(sums), moves_of(sums)
    exact = {part: moves[part] for part in shown} | ({"rest": sum(moves[part] for part in rest)} if rest else {})
    told = rounded_amounts(exact, step)
    before, now = (short_money(end / _UNIT, currency, step / _UNIT) for end in rounded_ends(sums, step))
    return [before, *(_signed(exact[part], told[part], currency, step) for part in exact), now]


def _heading(part: str) -> str:
    """Two words, one above the other."""
    return PART_WORDS[part].replace(" ", "\n")


def _signed(exact: int, shown: int, currency: str, step: int) -> str:
    """A part in short: '+£1.2k', '·' for nothing, '+<£10' for less than the step, which is rounded to none."""
    if not exact and not shown:
        return "·"
    sign = "+" if (shown or exact) > 0 else ""
    if shown:
        return f"{sign}{short_money(shown / _UNIT, currency, step / _UNIT)}"
    return f"{sign or '−'}<{short_money(step / _UNIT, currency)}"
