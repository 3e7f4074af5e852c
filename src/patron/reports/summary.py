"""The lines that the terminal prints after a run."""

from __future__ import annotations

from pathlib import Path

from patron.reports import behaviour_story, segment_story
from patron.reports.answers import Answers, read_answers
from patron.reports.story import (
    concentration_sentence,
    gate_sentence,
    headline,
    horizon_sentence,
    interval_sentence,
)
from patron.reports.wording import count, day, exact_money, listed, sentence, share


def plain_summary(release: Path) -> list[str]:
    """Six to twelve sentences that say what a release holds and how far it can be believed."""
    answers = read_answers(release, top=1)
    lines = (
        sentence(headline(answers)),
        interval_sentence(answers),
        concentration_sentence(answers),
        gate_sentence(answers),
        _coverage_line(answers),
        horizon_sentence(answers),
        _tier_line(answers),
        _clusters_line(answers),
        _behaviour_line(answers),
        _history_line(answers),
        _intake_line(answers),
        _review_line(answers),
    )
    return [line for line in lines if line]


def _coverage_line(answers: Answers) -> str:
    overall = answers.evidence.coverage.overall
    if overall is None or overall.measured is None:
        return ""
    return f"In the backtest {share(overall.measured)} of actual values fell inside their {share(overall.nominal)} interval."


def _tier_line(answers: Answers) -> str:
    return f"Value tiers: {listed([f'{tier.customers:,} {tier.tier}' for tier in answers.tiers])}."


def _clusters_line(answers: Answers) -> str:
    clusters = answers.grouping.clusters
    return segment_story.clusters_line(clusters) if clusters else ""


def _behaviour_line(answers: Answers) -> str:
    behaviour = answers.segmentation.behaviour
    return behaviour_story.behaviour_line(behaviour, answers.currency) if behaviour else ""


def _history_line(answers: Answers) -> str:
    run = answers.evidence.run
    anonymous = exact_money(float(run.anonymous_revenue), run.currency)
    extra = f", and {anonymous} without a customer" if run.anonymous_rows else ""
    earned = (
        f" Value is the margin: {exact_money(answers.totals.historic_value, run.currency)} so far."
        if run.basis == "margin"
        else ""
    )
    return (
        f"History to {day(run.as_of)}: {count(run.invoices, 'order')} (cancellations included), "
        f"{exact_money(float(run.net_revenue), run.currency)} net from identified customers{extra}.{earned}"
    )


def _intake_line(answers: Answers) -> str:
    run = answers.evidence.run
    return (
        f"{count(run.rows_in, 'transaction row')} in: {run.accepted:,} accepted, {run.duplicate:,} duplicate, "
        f"{run.quarantined:,} quarantined."
    )


def _review_line(answers: Answers) -> str:
    flagged = sum(flag.count for flag in answers.evidence.run.review)
    return (
        f"{count(flagged, 'row')} {'is' if flagged == 1 else 'are'} odd but possible, and flagged for review."
        if flagged
        else ""
    )
