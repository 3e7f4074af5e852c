"""`patron forecast`: revenue by month, as the current release expects it."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from patron.errors import NothingThere
from patron.releases.shelf import Shelf
from patron.reports.evidence import ForecastEvidence
from patron.reports.forecast_story import bounds, cohort_sentence, finding, gap, how
from patron.reports.valuation import read_evidence
from patron.reports.wording import estimate, number

WIDTH = 100


def show_forecast(workspace: Path, name: str | None, *, as_json: bool) -> None:
    """Print the months ahead with both views and the cohorts behind them."""
    evidence = read_evidence(Shelf(workspace / "releases").path(name))
    if evidence.forecast is None:
        raise NothingThere(
            "This release holds no forecast by month.",
            to_do="It takes three months that are over: run again when there are; 'patron release show' tells what there is.",
        )
    if as_json:
        typer.echo(json.dumps(_plain(evidence.forecast), indent=2))
        return
    _tell(evidence.forecast, evidence.run.currency)


def _plain(forecast: ForecastEvidence) -> dict[str, object]:
    return {
        "months": [vars(month) | {"gap": month.bottom_up - month.top_down} for month in forecast.months],
        "cohorts": [vars(cohort) for cohort in forecast.cohorts],
        "series_model": forecast.series_model,
        "weight_bottom_up": forecast.weight_bottom_up,
        "origins": forecast.origins,
    }


def _tell(forecast: ForecastEvidence, currency: str) -> None:
    console = Console(highlight=False, width=WIDTH)
    console.print(f"{finding(forecast, currency)}.\n")
    table = Table("month", box=None, pad_edge=False)
    for heading in ("expected", "80% interval", "from customers", "from the series", "gap"):
        table.add_column(heading, justify="right")
    for month in forecast.months:
        amounts = (month.bottom_up, month.top_down, month.bottom_up - month.top_down)
        told = (estimate(amount, currency) for amount in amounts)
        table.add_row(
            month.month + (" *" if month.so_far else ""),
            estimate(month.expected, currency),
            bounds(month, currency),
            *told,
        )
    console.print(table)
    begun = forecast.months[0]
    if begun.so_far:
        console.print(f"* {begun.month} has begun: {estimate(begun.so_far, currency)} of it is in already")
    cohorts = Table("customers who came", box=None, pad_edge=False)
    cohorts.add_column("how many", justify="right")
    cohorts.add_column("expected from here on", justify="right")
    for cohort in forecast.cohorts:
        cohorts.add_row(cohort.label, number(cohort.customers), estimate(cohort.expected, currency))
    console.print()
    console.print(cohorts)
    for words in (how(forecast), gap(forecast, currency), cohort_sentence(forecast, currency)):
        if words:
            console.print(f"\n{words}")
