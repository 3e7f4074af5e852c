"""The contest: candidates and plain baselines on the past, out of time; who wins, and how far off they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from patron.errors import DataError, LeakFound
from patron.features.cutoffs import CutoffPlan
from patron.models.arrays import Floats
from patron.models.customers import BuiltOn, FittedValueModel, History, ValueModel, Window
from patron.models.validation.backtest import Fold, Leaderboard, evaluate
from patron.models.validation.conformal import FEWEST_CUSTOMERS, Coverage, Intervals, fit_intervals
from patron.models.validation.gate import Verdict, choose
from patron.models.validation.leaks import refuse_leaks
from patron.models.valuing.installed import BASELINES, value_model
from patron.periods import day_of
from patron.scores.views import Past
from patron.settings import ModelSettings

LEVEL = 0.8


@dataclass(frozen=True)
class Refused:
    """A model that was not allowed to compete, or could not."""

    model: str
    title: str
    reason: str


@dataclass(frozen=True, eq=False)
class Contest:
    """What the backtest found: the verdict, the leaderboard and what was refused."""

    verdict: Verdict
    board: Leaderboard
    refused: tuple[Refused, ...]

    def totals(self, model: str) -> list[tuple[float, float]]:
        """Predicted and actual total of each fold."""
        return [
            (row.metrics.predicted_total, row.metrics.actual_total) for row in self.board.rows if row.model == model
        ]


def hold_contest(
    past: Past,
    plan: CutoffPlan,
    settings: ModelSettings,
    candidates: Sequence[ValueModel],
    say: Callable[[str], None],
) -> Contest:
    """Fit every model at every fold on what was known by then, predict, and let the gate choose.

    What a fold learns from is known by its own day, what it is tested on by now. A candidate that looks at the future is refused by
    name and the contest goes on without it.
    """
    admitted, refused = _admitted(candidates, past.windows(plan.tests, plan.now))
    models = [*(value_model(name) for name in BASELINES), *admitted]
    failures: dict[str, Refused] = {}
    folds = [_fold(day, past, plan, models, settings.seed, failures, say) for day in plan.tests]
    board = evaluate(folds)
    complexity = {model.name: model.complexity for model in models}
    verdict = choose(board, settings.metric, settings.max_bias, BASELINES, complexity)
    return Contest(verdict, board, (*refused, *failures.values()))


def _admitted(candidates: Sequence[ValueModel], windows: Sequence[Window]) -> tuple[list[ValueModel], list[Refused]]:
    """The candidates that do not look at the future; models of the same inputs are judged once."""
    admitted: list[ValueModel] = []
    refused: list[Refused] = []
    clean: set[tuple[str, ...]] = set()
    for model in candidates:
        try:
            if model.inputs not in clean:
                refuse_leaks(model, windows)
        except LeakFound as leak:
            refused.append(Refused(model.name, model.title, f"its input '{leak.feature}' {leak.why}"))
        else:
            clean.add(model.inputs)
            admitted.append(model)
    return admitted, refused


def _fold(
    day: int,
    past: Past,
    plan: CutoffPlan,
    models: Sequence[ValueModel],
    seed: int,
    failures: dict[str, Refused],
    say: Callable[[str], None],
) -> Fold:
    """Every model's predictions from one cutoff; who cannot learn here is noted and left out."""
    test = past.window(day, plan.now)
    history = History(test.customers, past.windows(plan.training_of(day), day), plan.horizon_days)
    fitted: dict[str, FittedValueModel] = {}
    predictions: dict[str, Floats] = {}
    for model in models:
        say(f"Test the models on the past: {model.title}, {day_of(day)} …")
        try:
            fitted[model.name] = _fitted(model, history, seed, fitted)
            predictions[model.name] = fitted[model.name].predict(test.customers).expected_value
        except DataError as error:
            failures[model.name] = Refused(model.name, model.title, f"could not learn from this history: {error.what}")
    return Fold(day, test.customers.customer_id, test.future_value, predictions)


def _fitted(model: ValueModel, history: History, seed: int, fitted: Mapping[str, FittedValueModel]) -> FittedValueModel:
    if isinstance(model, BuiltOn) and model.built_on in fitted:
        return model.of(fitted[model.built_on])
    return model.fit(history, seed)


def champion_intervals(contest: Contest) -> Intervals | None:
    """Intervals from the champion's errors on all folds; None with too few customers."""
    folds = contest.board.folds
    predicted = np.concatenate([fold.predictions[contest.verdict.champion] for fold in folds])
    actual = np.concatenate([fold.actual for fold in folds])
    return fit_intervals(predicted, actual, LEVEL) if len(actual) >= FEWEST_CUSTOMERS else None


@dataclass(frozen=True)
class MeasuredCoverage:
    """How often intervals held, and how that was measured."""

    coverage: Coverage
    nominal: float
    how: str


def measured_coverage(contest: Contest) -> MeasuredCoverage | None:
    """Coverage on customers or days that the intervals were not made from.

    With several folds: made from the older ones, measured on the newest. With one: made from one half of its
    customers, measured on the other. None with too few customers.
    """
    name, folds = contest.verdict.champion, contest.board.folds
    newest, older = folds[0], folds[1:]
    if older:
        predicted = np.concatenate([fold.predictions[name] for fold in older])
        actual = np.concatenate([fold.actual for fold in older])
        test_predicted, test_actual = newest.predictions[name], newest.actual
        how = "made from the older folds, measured on the newest"
    else:
        half = np.arange(len(newest.actual)) % 2 == 0
        predicted, actual = newest.predictions[name][half], newest.actual[half]
        test_predicted, test_actual = newest.predictions[name][~half], newest.actual[~half]
        how = "made from one half of the customers, measured on the other half of the same fold"
    if len(actual) < FEWEST_CUSTOMERS or not len(test_actual):
        return None
    return MeasuredCoverage(fit_intervals(predicted, actual, LEVEL).coverage(test_predicted, test_actual), LEVEL, how)
