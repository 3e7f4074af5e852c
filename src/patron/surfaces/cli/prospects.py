"""`patron prospects`: what newcomers are worth by how they came, what winning one may cost, and whether that holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.csv
import typer
from rich.console import Console
from rich.table import Table

from patron.models.validation.resampling import Estimate
from patron.models.valuing.prospects import LEVEL
from patron.periods import day_of
from patron.pipeline.inquiries.prospects import ProspectReport, ProspectTerms, value_prospects
from patron.reports.wording import (
    NONE,
    count,
    estimate,
    in_words,
    money,
    money_range,
    number,
    period,
    printable,
    rounding_step,
    share,
    short_day,
    signed_share,
    span,
)
from patron.scores.prospects import EVERYBODY, FIRST_ORDER_RULE, GroupValue, Proof, Ranking
from patron.surfaces.cli.progress import watched
from patron.surfaces.cli.writable import writable

WIDTH: Final = 100
_WORD_WIDTH: Final = 22
_COVERAGE_SLACK: Final = 0.05
# Some twenty groups of one test share its season: fewer than six in ten is more than bad luck.
_GROUPS_SLACK: Final = 0.2
_AGAINST: Final = {"better": "prospects better", "no better": "no clear difference", "worse": "prospects worse"}
_OURS_AGAINST: Final = {"better": "✓ Better than", "no better": "! No better than", "worse": "✗ Worse than"}


@dataclass(frozen=True)
class Shown:
    """What of the report is shown: one attribute only, how many words of each, as JSON, and where single customers go."""

    by: str | None = None
    limit: int = 8
    as_json: bool = False
    out: Path | None = None


def show_prospects(workspace: Path, asked: ProspectTerms, shown: Shown) -> None:
    """Value a workspace's newcomers, with progress on stderr and the result on stdout."""
    if shown.out is not None:
        writable(shown.out)
    with watched("prospects") as watcher:
        report = value_prospects(workspace, asked, watcher=watcher)
    attributes = _attributes(report, shown.by)
    if shown.out is not None:
        pyarrow.csv.write_csv(report.customers, shown.out)
    if shown.as_json:
        typer.echo(json.dumps(report.facts(attributes), indent=2, ensure_ascii=False, allow_nan=False))
        return
    terminal = Console(highlight=False)
    console = Console(highlight=False, width=min(WIDTH, terminal.width) if terminal.is_terminal else WIDTH)
    _tell(console, report, attributes, shown.limit)
    if shown.out is not None:
        typer.echo(f"\n{count(report.customers.num_rows, 'customer')} written to {shown.out}")


def _attributes(report: ProspectReport, by: str | None) -> tuple[str, ...]:
    """The attribute asked for, or all that tell newcomers apart; UnknownName for one that there is not."""
    if by is not None:
        report.group(by)
        return (by,)
    return tuple(name for name, rows in report.groups.items() if len(rows) > 1)


def _tell(console: Console, report: ProspectReport, attributes: Sequence[str], limit: int) -> None:
    title = f"What a newcomer brings in the {period(report.horizon_days)} after the first day, and what winning one may cost"
    console.print(f"\n{title}", style="bold", markup=False)
    for line in (_learnt(report), _valued(report), _terms(report), ""):
        console.print(line, markup=False)
    console.print(_worth(report, attributes, limit))
    if report.proof is None:
        console.print("\n! Not tested: too few newcomers came to set some aside. Take these values as a guess.")
    else:
        _tell_proof(console, report.proof, report)


def _learnt(report: ProspectReport) -> str:
    first_seen = "" if report.signed_up else " (who was seen before may have come before the history began)"
    return (
        f"Learnt from {count(report.taught, 'newcomer')} since {short_day(report.since)}{first_seen} whose "
        f"{count(report.horizon_days, 'day')} are over; {share(report.came_back / report.taught)} of them brought something after "
        "the first day."
    )


def _valued(report: ProspectReport) -> str:
    row = report.everybody
    return (
        f"Valued are the {number(row.value.customers)} who came later, each as on the first day; "
        f"{number(row.without_repeat)} of them have one order or none so far."
    )


def _terms(report: ProspectReport) -> str:
    terms, asked = report.terms, []
    if report.basis == "margin":
        earned = "all of it margin"
    elif terms.margin_rate == 1:
        earned = "all of it taken as earned (--margin-rate says how much truly is)"
    else:
        earned = f"of which {terms.margin_rate * 100:g}% is earned"
    if terms.yearly_discount_rate:
        asked.append(f"a year's wait costs {terms.yearly_discount_rate * 100:g}%")
    if terms.required_return:
        asked.append(f"each 1.00 spent must bring {1 + terms.required_return:.2f}")
    return "; ".join([f"What winning one may cost counts the first order and what follows it, {earned}", *asked]) + "."


def _worth(report: ProspectReport, attributes: Sequence[str], limit: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True, max_width=_WORD_WIDTH, overflow="ellipsis")
    ahead = f"then, in {report.horizon_days} days"
    for head in (
        "newcomers",
        "no repeat\nyet",
        "first\norder",
        ahead,
        "80% sure",
        "may cost\nat most",
        "cautious:\nat most",
    ):
        table.add_column(head, justify="right", no_wrap="\n" not in head and head != ahead)
    _add_row(table, "All newcomers", report.everybody, report.currency)
    for name in attributes:
        rows = report.group(name)
        table.add_section()
        table.add_row("")
        table.add_row(f"By {in_words(name)}", style="bold")
        largest = {row.value.channel for row in sorted(rows, key=lambda row: -row.value.customers)[:limit]}
        for row in rows:
            if row.value.channel in largest:
                _add_row(table, f"  {printable(row.value.channel) or 'unknown'}", row, report.currency)
        rest = [row for row in rows if row.value.channel not in largest]
        if rest:
            others = sum(row.value.customers for row in rest)
            table.add_row(f"  {len(rest)} more", number(others), number(sum(row.without_repeat for row in rest)))
    return table


def _add_row(table: Table, label: str, row: GroupValue, currency: str) -> None:
    value = row.value
    step = rounding_step(value.value_low, value.value_high)
    amounts = (value.expected_value, value.maximum_cost)
    later, cost = (estimate(one, currency, 2) if row.unsure else money(one, currency, step) for one in amounts)
    table.add_row(
        label,
        number(value.customers),
        number(row.without_repeat),
        estimate(value.first_order_value, currency),
        later,
        "too few" if row.unsure else money_range(value.value_low, value.value_high, currency).replace(" to ", "–"),
        cost,
        NONE if row.unsure else money(value.cautious_maximum_cost, currency, step),
    )


def _tell_proof(console: Console, proof: Proof, report: ProspectReport) -> None:
    days = span(day_of(proof.tested_from_day), day_of(proof.tested_to_day))
    apart = (
        f"whose {count(report.horizon_days, 'day')} were over by then"
        if proof.apart
        else "whose time partly overlaps theirs: the test is somewhat easier than the future"
    )
    console.print(
        f"\nTested on {count(proof.tested, 'newcomer')} of {days}, taught by {number(proof.taught)} older ones {apart}:\n",
        markup=False,
    )
    console.print(_ranking_table(proof))
    console.print()
    for line in (*_verdicts(proof), *_held(proof)):
        console.print(line, markup=False)


def _ranking_table(proof: Proof) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("How newcomers were ranked", no_wrap=True)
    for head in ("Gini", "rank corr.", "total off by", "by Gini"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in (proof.ours, *proof.rivals):
        against = "" if row is proof.ours else _AGAINST[row.verdict]
        bias = None if row.bias != row.bias else row.bias
        table.add_row(_rule_title(row), _written(row.gini), _written(row.spearman), signed_share(bias), against)
    return table


def _written(figure: Estimate) -> str:
    if figure.value != figure.value:
        return NONE
    error = "" if figure.error != figure.error else f" ± {figure.error:.2f}"
    return f"{figure.value:.2f}{error}".replace("-", "−")


def _rule_title(row: Ranking) -> str:
    titles = {"prospects": "prospects", FIRST_ORDER_RULE: "a multiple of the first order", EVERYBODY: "all alike"}
    return titles.get(row.rule) or f"average of the {in_words(row.rule)}"


def _verdicts(proof: Proof) -> list[str]:
    """A line on each rule worth comparing with, and one where newcomers cannot be told apart at all."""
    average = proof.by_attribute
    lines = [f"{_OURS_AGAINST[row.verdict]} {_rule_title(row)}{_advice(row)}" for row in _compared(proof)]
    if average is not None:
        lines[0] = lines[0].replace("average", "the average", 1)
    if not proof.tells_apart:
        lines.append(
            "! Their first day says too little to tell single newcomers apart: trust the averages of all alone."
        )
    return lines


def _compared(proof: Proof) -> list[Ranking]:
    """The strongest of the attributes' averages, and the first order where that does at least as well."""
    average = proof.by_attribute
    others = [
        row for row in proof.rivals if row.rule == FIRST_ORDER_RULE and (average is None or row.verdict != "better")
    ]
    return others if average is None else [average, *others]


def _advice(row: Ranking) -> str:
    if row.verdict == "better":
        return " at telling who brings more."
    does = "as well" if row.verdict == "no better" else "better"
    return f": to tell who brings more, that simple rule does {does}."


def _held(proof: Proof) -> list[str]:
    """How often the intervals of single newcomers held, and those of groups, on which costs rest."""
    fairly = (
        "" if round(proof.held, 2) == round(proof.smoothed, 2) else f" ({share(proof.smoothed)} counting zeros fairly)"
    )
    single = "✓" if abs(proof.smoothed - LEVEL) <= _COVERAGE_SLACK else "!"
    grouped = "✓" if proof.groups_held >= (LEVEL - _GROUPS_SLACK) * proof.groups else "!"
    return [
        f"{single} The 80% intervals of single newcomers held {share(proof.held)} of the time{fairly}; "
        f"{share(proof.zeros)} of those tested brought nothing after the first day.",
        f"{grouped} Those of group means, on which costs rest, held for {number(proof.groups_held)} of "
        f"{count(proof.groups, 'group')}{'.' if grouped == '✓' else ': take them as too narrow.'}",
    ]
