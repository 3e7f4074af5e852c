"""`patron backtest`: how good the models are on the past, and how sure that is; nothing is published."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from patron.pipeline.inquiries.rehearsal import Choices, rehearse
from patron.reports import card_story as told
from patron.reports.card_text import card_markdown
from patron.reports.model_card import ModelCard, ModelResult
from patron.reports.wording import count, number, printable, sentence, short_day
from patron.surfaces.cli.progress import watched
from patron.surfaces.cli.writable import writable

_FIGURES = ("wape", "mae", "rmse", "bias", "spearman", "gini", "capture_20", "decile_mape")


def show_backtest(workspace: Path, choices: Choices, card_path: Path | None, *, as_json: bool) -> None:
    """Backtest a workspace, with progress on stderr and the result on stdout."""
    if card_path is not None:
        writable(card_path)
    with watched("backtest") as watcher:
        card = rehearse(workspace, choices, watcher=watcher)
    if card_path is not None:
        text = card.to_json() if card_path.suffix == ".json" else card_markdown(card)
        card_path.write_text(text, "utf-8")
    if as_json:
        typer.echo(card.to_json(), nl=False)
        return
    _tell(card)
    if card_path is not None:
        typer.echo(f"Model card  {card_path}")


def _tell(card: ModelCard) -> None:
    typer.echo(f"\n{told.test_sentence(card)}\n")
    if card.study is not None:
        console = Console(highlight=False, width=None if Console().is_terminal else 160)
        console.print(_leaderboard(card))
        champion = card.study.result(card.gate.champion)
        if champion is not None:
            console.print(_by_fold(card, champion))
    for reason in card.gate.reasons:
        typer.echo(sentence(printable(reason)))
    if card.study is not None:
        lines = (told.coverage_sentence, told.worst_sentence, told.fairness_sentence, told.calibration_sentence)
        typer.echo("")
        for title, line in zip(("Intervals", "Slices", "Groups", "Chances"), lines, strict=True):
            typer.echo(f"{title:<10}{line(card)}")
        for row in card.study.worst_slices[1:]:
            typer.echo(f"{'':<10}{told.slice_words(row)}.")
        typer.echo(f"{'Leaks':<10}{told.leak_sentence(card)}")
    typer.echo("\nNothing was published.")


def _leaderboard(card: ModelCard) -> Table:
    title = f"All folds; {told.metric_name(card)} decides"
    heads = [told.SHOWN_FIGURES[name] for name in _FIGURES]
    table = _table(title, "Model", *heads, "Against the champion")
    for row in card.study.results if card.study else ():
        figures = (told.measured(row.overall.get(name), name, card.run.currency) for name in _FIGURES)
        mark = "→ " if row.model == card.gate.champion else "  "
        table.add_row(mark + row.model, *figures, told.gap_words(card, row))
    return table


def _by_fold(card: ModelCard, row: ModelResult) -> Table:
    heads = (short_day(fold.cutoff) for fold in row.folds)
    table = _table(f"{row.model}, from {count(len(row.folds), 'past day')}", "Figure", *heads, "All folds")
    for name, title in told.SHOWN_FIGURES.items():
        folds = (told.measured(fold.figures.get(name), name, card.run.currency) for fold in row.folds)
        table.add_row(title, *folds, told.measured(row.overall.get(name), name, card.run.currency))
    customers = card.study.customers if card.study else None
    table.add_row("Customers", *(number(fold.customers) for fold in row.folds), number(customers))
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for head in others:
        table.add_column(head, justify="right", no_wrap=True)
    return table
