"""The gate: a model is served only if it beats every plain baseline out of time, with the total about right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

from patron.errors import UnknownName
from patron.models.validation.backtest import Leaderboard, better
from patron.models.validation.metrics import METRIC_FUNCTIONS

FEWEST_CUSTOMERS: Final = 100
FEWEST_REPEAT_BUYERS: Final = 30
SPANS: Final = 3
"""A horizon to describe customers from, one whose outcome a model learns, one to test it on."""


@dataclass(frozen=True)
class Standing:
    """How one model did over all folds."""

    model: str
    score: float
    bias: float
    baseline: bool
    beats_baselines: bool
    within_bias: bool


@dataclass(frozen=True)
class Verdict:
    """Which model is served, whether it passed the gate, and why, in plain words."""

    champion: str
    passed: bool
    reasons: tuple[str, ...]
    table: tuple[Standing, ...] = ()
    metric: str = ""


def choose(
    leaderboard: Leaderboard,
    metric: str,
    max_bias: float,
    baselines: Sequence[str],
    complexity: Mapping[str, int] | None = None,
) -> Verdict:
    """The champion under one declared metric (its mean over the folds).

    A candidate passes if it beats every baseline and its total over all folds is within ``max_bias`` of the actual one.
    The best that passes wins, unless one of lower ``complexity`` that passes too is within one paired standard error of
    it. If none passes, the best baseline is served (with its total about right, if any has that) and ``passed`` is
    false. Models missing from ``complexity`` count as simplest first, in the order of the leaderboard.
    """
    if metric not in METRIC_FUNCTIONS:
        raise UnknownName("gate metric", metric, METRIC_FUNCTIONS)
    table = _table(leaderboard, metric, max_bias, baselines)
    rivals = [row for row in table if row.baseline]
    passing = [row for row in table if not row.baseline and row.beats_baselines and row.within_bias]
    failed = tuple(_failure(row, rivals, metric, max_bias) for row in table if not row.baseline and row not in passing)
    if not passing:
        return _baseline_verdict(table, rivals, failed, metric, max_bias)
    best = _best(passing, metric)
    order = {name: rank for rank, name in enumerate(leaderboard.models)} | dict(complexity or {})
    champion, tie = _simplest_tied(leaderboard, best, passing, metric, order)
    reasons = (_success(champion, rivals, metric, len(leaderboard.folds)), *tie, *failed)
    return Verdict(champion.model, True, reasons, table, metric)


def enough(customers: int, repeat_buyers: int, history_days: int, horizon_days: int) -> Verdict | None:
    """None if there is enough to backtest; else what is missing, what would be enough, and what to serve meanwhile.

    Buy-till-you-die needs no earlier window and is served where repeat buyers allow it; otherwise the last period's
    value. Neither has been tested, and ``passed`` says so.
    """
    missing = []
    if history_days < SPANS * horizon_days:
        missing.append(
            f"The history covers {history_days} days; testing a forecast of {horizon_days} days out of time takes "
            f"{SPANS * horizon_days} (one span to describe customers, one to learn from, one to test on). A horizon of "
            f"{history_days // SPANS} days or less, or {SPANS * horizon_days - history_days} more days, would be enough."
        )
    if customers < FEWEST_CUSTOMERS:
        missing.append(f"There are {customers} customers; {FEWEST_CUSTOMERS} would be enough.")
    if repeat_buyers < FEWEST_REPEAT_BUYERS:
        missing.append(
            f"{repeat_buyers} customers bought on more than one day; {FEWEST_REPEAT_BUYERS} would be enough to see how "
            "often customers return."
        )
    if not missing:
        return None
    champion = "bg_nbd" if repeat_buyers >= FEWEST_REPEAT_BUYERS else "trailing_value"
    missing.append(f"Until then '{champion}' is served, untested: read its values as a first guess.")
    return Verdict(champion, False, tuple(missing))


def _table(board: Leaderboard, metric: str, max_bias: float, baselines: Sequence[str]) -> tuple[Standing, ...]:
    scores = {name: board.score(name, metric) for name in board.models}
    known = [name for name in baselines if name in scores]
    if not known:
        raise UnknownName("baseline in the backtest", ", ".join(baselines), board.models)
    rows = []
    for name, score in scores.items():
        bias = board.bias(name)
        beats = name not in known and all(better(metric, score, scores[rival]) for rival in known)
        rows.append(Standing(name, score, bias, name in known, beats, abs(bias - 1) <= max_bias))
    return tuple(rows)


def _best(rows: Sequence[Standing], metric: str) -> Standing:
    return reduce(lambda best, row: row if better(metric, row.score, best.score) else best, rows)


def _simplest_tied(
    board: Leaderboard, best: Standing, passing: Sequence[Standing], metric: str, order: Mapping[str, int]
) -> tuple[Standing, tuple[str, ...]]:
    for row in sorted(passing, key=lambda row: (order[row.model], row.model)):
        if order[row.model] >= order[best.model]:
            break
        gap, error = board.difference(best.model, row.model, metric)
        if abs(gap) <= error:
            why = (
                f"'{best.model}' scores {best.score:.4g}, which differs from {row.score:.4g} by less than one standard "
                f"error ({error:.2g}): the simpler '{row.model}' is taken."
            )
            return row, (why,)
    return best, ()


def _success(row: Standing, rivals: Sequence[Standing], metric: str, folds: int) -> str:
    rival = _best(rivals, metric)
    return (
        f"'{row.model}' beats every baseline out of time over {_folds(folds)}: {metric} {row.score:.4g} against "
        f"{rival.score:.4g} for '{rival.model}', the best of them; it predicted {row.bias:.0%} of the actual total."
    )


def _failure(row: Standing, rivals: Sequence[Standing], metric: str, max_bias: float) -> str:
    if not row.beats_baselines:
        rival = _best(rivals, metric)
        return f"'{row.model}' does not beat '{rival.model}': {metric} {row.score:.4g} against {rival.score:.4g}."
    return f"'{row.model}' predicted {row.bias:.0%} of the actual total; at most {max_bias:.0%} off is allowed."


def _baseline_verdict(
    table: tuple[Standing, ...], rivals: Sequence[Standing], failed: tuple[str, ...], metric: str, max_bias: float
) -> Verdict:
    champion = _best([row for row in rivals if row.within_bias] or rivals, metric)
    served = f"No model passed the gate: the baseline '{champion.model}' is served ({metric} {champion.score:.4g})."
    if not champion.within_bias:
        served += f" It predicted {champion.bias:.0%} of the actual total, more than {max_bias:.0%} off as well."
    return Verdict(champion.model, False, (served, *failed), table, metric)


def _folds(count: int) -> str:
    return f"{count} folds" if count != 1 else "1 fold"
