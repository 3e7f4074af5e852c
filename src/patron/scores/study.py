"""The champion looked at closely: how sure each figure is, where it is off, whom it serves, whether its chances hold.

Everything here is measured on the folds of the contest, out of time, and told as plain data: the card shows it and nothing
else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from patron.models.arrays import Flags, Floats
from patron.models.validation.bootstrap import Bootstrap, bootstrap
from patron.models.validation.calibration import measure_calibration
from patron.models.validation.fairness import measure_fairness
from patron.models.validation.pooled import Labels, Pooled
from patron.models.validation.resampling import DRAWS, GROUPS, MOST_TO_BOOTSTRAP, resample
from patron.models.validation.slices import measure_slices, worst_slices
from patron.scores.contest import Contest
from patron.scores.intervals import MeasuredCoverage
from patron.scores.plain_data import without_nan
from patron.settings import ModelSettings

FIGURES: Final = {
    "wape": "wape",
    "mae": "mae",
    "rmse": "rmse",
    "mape": "mape",
    "bias": "bias",
    "spearman": "spearman",
    "gini": "gini",
    "precision_at_10": "precision_at_10",
    "capture_10": "captured_top_10",
    "capture_20": "captured_top_20",
    "decile_mape": "decile_mape",
}
"""The names of figures in a release, and the metrics' own."""
TENTHS: Final = ("Top tenth", *(f"Tenth {place}" for place in range(2, 10)), "Bottom tenth")
UNKNOWN: Final = "unknown"
Plain = dict[str, Any]  # JSON
Words = NDArray[np.str_]
TierOf = Callable[[Floats], Words]


def study(contest: Contest, groups: Mapping[str, Sequence[Words]], tier_of: TierOf, settings: ModelSettings) -> Plain:
    """Results with errors, slices, fairness, calibration, the leak check and drivers of a contest, as plain data.

    ``groups`` gives, by name, the words of each fold's customers, fold by fold; ``tier_of`` cuts values into tiers.
    """
    folds, champion = contest.board.folds, contest.verdict.champion
    measured = bootstrap(folds, contest.board.models, settings.seed)
    pooled = Pooled.of(folds, champion, measured.resamples)
    own = {"tier": [tier_of(fold.predictions[champion]) for fold in folds], "decile": _tenths(contest)}
    words = {by: np.concatenate(parts) for by, parts in {**own, **groups}.items()}
    labels = {by: Labels.of(parts, _order(by, parts)) for by, parts in words.items()}
    slices = measure_slices(pooled, labels)
    return without_nan(
        {
            "customers": len(np.unique(pooled.members)),
            "rows": len(pooled),
            "resampling": _resampling(len(np.unique(pooled.members))),
            "results": [_result(contest, measured, name) for name in contest.board.models],
            "slices": [asdict(row) for row in slices],
            "worst_slices": [asdict(row) for row in worst_slices(slices)],
            "fairness": _fairness(contest, pooled, labels, tier_of, settings),
            "calibration": None if pooled.no_purchase is None else asdict(measure_calibration(pooled)),
            "leak_check": asdict(contest.leak_check),
            "drivers": [asdict(driver) for driver in contest.drivers],
        }
    )


def coverage_rows(measured: MeasuredCoverage, model: str, tier_of: TierOf, seed: int) -> list[Plain]:
    """How often intervals held, with standard errors: all customers, then tiers, then tenths of the prediction, highest first.

    ``measured`` is the plain share inside; ``smoothed`` counts zeros fairly (``validation.coverage``) and is what the claim
    is tested by.
    """
    pooled = Pooled.of([measured.fold], model, resample([measured.fold], seed))
    tiers = [f"{tier.capitalize()} tier" for tier in tier_of(pooled.predicted).tolist()]
    groupings = (
        Labels.of(["All customers"] * len(pooled)),
        Labels.of(tiers, ("High tier", "Medium tier", "Low tier")),
        Labels.of(_tenth_of(pooled.predicted), TENTHS),
    )
    return without_nan([row for labels in groupings for row in _shares(pooled, measured, labels)])


def _shares(pooled: Pooled, measured: MeasuredCoverage, labels: Labels) -> list[Plain]:
    columns = {"inside": measured.inside.astype(np.float64), "smoothed": measured.held.counts}
    sums = pooled.sums(labels, columns)
    plain, errors = pooled.resamples.estimates(_share(sums["inside"], sums["rows"]))
    smoothed = _share(sums["smoothed"], sums["rows"])[0]
    return [
        {
            "label": name,
            "customers": int(sums["rows"][0][k]),
            "nominal": measured.nominal,
            "measured": float(plain[k]),
            "error": float(errors[k]),
            "smoothed": float(smoothed[k]),
        }
        for k, name in enumerate(labels.names)
        if sums["rows"][0][k]
    ]


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _tenths(contest: Contest) -> list[Words]:
    return [_tenth_of(fold.predictions[contest.verdict.champion]) for fold in contest.board.folds]


def _tenth_of(predicted: Floats) -> Words:
    """The tenth of each customer by prediction; the same parts as ``metrics.deciles``."""
    words = np.empty(len(predicted), dtype="<U12")
    for place, rows in enumerate(np.array_split(np.argsort(predicted, kind="stable"), 10)):
        words[rows] = TENTHS[-1 - place]
    return words


def _result(contest: Contest, measured: Bootstrap, name: str) -> Plain:
    metric, champion = contest.verdict.metric, contest.verdict.champion
    gap = None if name == champion else asdict(measured.difference(name, champion, metric))
    return {
        "model": name,
        "overall": {ours: asdict(measured.over_folds(name, theirs)) for ours, theirs in FIGURES.items()},
        "behind_champion": gap,
        "folds": [
            {
                "cutoff": fold.cutoff_day,
                "customers": len(fold),
                "figures": {ours: asdict(measured.in_fold(name, k, theirs)) for ours, theirs in FIGURES.items()},
            }
            for k, fold in enumerate(contest.board.folds)
        ],
    }


def _fairness(
    contest: Contest, pooled: Pooled, labels: Mapping[str, Labels], tier_of: TierOf, settings: ModelSettings
) -> Plain:
    declared: dict[str, Labels] = {by: labels[by] for by in settings.fairness_groups if by in labels}
    folds, champion = contest.board.folds, contest.verdict.champion
    placed = [tier_of(fold.predictions[champion]) == "high" for fold in folds]
    belongs = [_highest(fold.actual, int(np.count_nonzero(high))) for fold, high in zip(folds, placed, strict=True)]
    found = measure_fairness(
        pooled, declared, (np.concatenate(placed), np.concatenate(belongs)), settings.fairness_limit
    )
    judged = {row.by for row in found.groups}
    return {
        **asdict(found),
        "declared": list(settings.fairness_groups),
        "not_told": [by for by in settings.fairness_groups if by not in declared],
        "too_few": [by for by in declared if by not in judged],
    }


def _highest(values: Floats, places: int) -> Flags:
    """Who holds the highest values: as many customers as there are places in the predicted high tier."""
    chosen = np.zeros(len(values), dtype=np.bool_)
    chosen[np.argsort(-values, kind="stable")[:places]] = True
    return chosen


def _order(by: str, words: Words) -> Sequence[str]:
    """The order in which groups are shown, where they have one of their own; otherwise they stand by size."""
    if by in ("cohort", "age"):
        return sorted(np.unique(words).tolist(), key=lambda word: (word == UNKNOWN, not word.startswith("under"), word))
    return {"tier": ("high", "medium", "low"), "decile": TENTHS}.get(by, ())


def _resampling(customers: int) -> str:
    if customers <= MOST_TO_BOOTSTRAP:
        return f"bootstrap over customers, {DRAWS} draws"
    return f"jackknife over customers, {GROUPS} groups left out in turn"
