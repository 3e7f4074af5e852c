"""A contest told as plain data: what the run remembers, the release publishes and the report shows."""

from __future__ import annotations

from typing import Any

import numpy as np

from patron.models.validation.metrics import deciles
from patron.models.valuing.installed import value_model
from patron.scores.contest import Contest
from patron.scores.intervals import MeasuredCoverage, measured_coverage
from patron.scores.study import FIGURES, TierOf, coverage_rows

_LEAVING_AFTER_ONE = ("mbg_nbd", "pareto_nbd")
"""Models whose chance of being active holds for customers who bought once too."""
Plain = dict[str, Any]  # JSON


def told(contest: Contest, titles: dict[str, str], tier_of: TierOf, seed: int) -> Plain:
    """Champion, verdict, leaderboard, deciles and coverage of a contest; ``tier_of`` cuts values into tiers."""
    verdict, metric = contest.verdict, contest.verdict.metric
    coverage = measured_coverage(contest.board.folds, verdict.champion, contest.horizon_days)
    return {
        "champion": verdict.champion,
        "champion_title": titles[verdict.champion],
        "passed": verdict.passed,
        "metric": metric,
        "reasons": [_readable(reason, titles, metric) for reason in verdict.reasons],
        "leaderboard": _leaderboard(contest, titles),
        "folds": [fold.cutoff_day for fold in contest.board.folds],
        "refused": [vars(refused) for refused in contest.refused],
        "deciles": _deciles(contest),
        "coverage": [] if coverage is None else coverage_rows(coverage, verdict.champion, tier_of, seed),
        "caveats": _caveats(contest, coverage),
    }


def _readable(reason: str, titles: dict[str, str], metric: str) -> str:
    """A verdict's reason with models by the first words of their titles, and the metric as people write it."""
    for name, title in titles.items():
        reason = reason.replace(f"'{name}'", title.partition(":")[0])
    written = metric.upper() if metric in ("wape", "mae", "rmse") else metric
    return reason.replace(f": {metric} ", f": {written} ").replace(f"({metric} ", f"({written} ")


def told_untested(champion: str, reasons: tuple[str, ...], metric: str) -> Plain:
    """The same where there was not enough to hold a contest."""
    return {
        "champion": champion,
        "champion_title": value_model(champion).title,
        "passed": False,
        "metric": metric,
        "reasons": list(reasons),
        "leaderboard": [],
        "folds": [],
        "refused": [],
        "deciles": [],
        "coverage": [],
        "caveats": [
            *reasons,
            "Intervals come from the model itself, not from errors on the past; how often they hold is not known.",
        ],
    }


def _leaderboard(contest: Contest, titles: dict[str, str]) -> list[Plain]:
    board, standings = contest.board, {row.model: row for row in contest.verdict.table}
    rows = [
        {
            "model": name,
            "title": titles[name],
            "status": _status(name, contest, baseline=standings[name].baseline),
            "bias": board.bias(name) - 1,
            "folds": len(board.folds),
            **{ours: _mean(board.score(name, theirs)) for ours, theirs in FIGURES.items() if theirs != "bias"},
        }
        for name in board.models
    ]
    refused = [{"model": r.model, "title": r.title, "status": "refused"} for r in contest.refused]
    return sorted(rows, key=lambda row: ("champion", "beaten", "baseline").index(row["status"])) + refused


def _status(name: str, contest: Contest, *, baseline: bool) -> str:
    if name == contest.verdict.champion:
        return "champion"
    return "baseline" if baseline else "beaten"


def _mean(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _deciles(contest: Contest) -> list[Plain]:
    """Tenths of the newest fold by the champion's prediction, highest first."""
    fold = contest.board.folds[0]
    rows = deciles(fold.actual, fold.predictions[contest.verdict.champion])
    return [
        {
            "decile": place,
            "customers": row.customers,
            "predicted_mean": row.predicted_mean,
            "predicted_total": row.predicted_mean * row.customers,
            "actual_mean": row.actual_mean,
            "actual_total": row.actual_mean * row.customers,
        }
        for place, row in enumerate(reversed(rows), start=1)
    ]


def _caveats(contest: Contest, measured: MeasuredCoverage | None) -> list[str]:
    caveats = []
    if len(contest.board.folds) == 1:
        caveats.append("The backtest has a single fold: one lucky or unlucky season would look the same.")
    if measured is None:
        caveats.append("There are too few customers to measure how often the intervals hold.")
    else:
        caveats.append(f"Interval coverage was {measured.how}.")
    if contest.verdict.champion in _LEAVING_AFTER_ONE:
        return caveats
    caveats.append(
        "The chance of being active comes from BG/NBD, which takes nobody for gone before a second purchase: for customers who "
        "bought once it is an upper bound. Judge them by the chance of no purchase."
    )
    return caveats
