"""The contest: candidates and plain baselines on the past, out of time; who wins, and how far off they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from patron.errors import DataError, LeakFound
from patron.features.cutoffs import CutoffPlan
from patron.models.arrays import Floats
from patron.models.customers import BuiltOn, FittedValueModel, History, ValueModel, Window, input_columns
from patron.models.validation.backtest import Fold, Leaderboard, evaluate
from patron.models.validation.drivers import Driver, measure_drivers
from patron.models.validation.gate import Verdict, choose
from patron.models.validation.leaks import FEWEST_CUSTOMERS as FEWEST_FOR_LEAKS
from patron.models.validation.leaks import refuse_leaks
from patron.models.valuing.installed import BASELINES, value_model
from patron.periods import day_of
from patron.scores.views import Past
from patron.settings import ModelSettings


@dataclass(frozen=True)
class Refused:
    """A model that was not allowed to compete, or could not."""

    model: str
    title: str
    reason: str


@dataclass(frozen=True)
class LeakCheck:
    """What was searched for a look at the future: which models, how many inputs, on how many past views.

    ``by_content`` tells whether there were customers enough to judge what an input knows, besides its name.
    """

    models: tuple[str, ...] = ()
    inputs: int = 0
    views: int = 0
    by_content: bool = False


@dataclass(frozen=True, eq=False)
class Contest:
    """What the backtest found: the verdict, the leaderboard, what was refused, and what the champion's values depend on."""

    verdict: Verdict
    board: Leaderboard
    refused: tuple[Refused, ...]
    horizon_days: int
    leak_check: LeakCheck = LeakCheck()
    drivers: tuple[Driver, ...] = ()

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
    entry = _Entry(past, plan, models, settings.seed, say)
    attempts = [entry.at(day) for day in plan.tests]
    board = evaluate([attempt.fold for attempt in attempts], settings.seed)
    complexity = {model.name: model.complexity for model in models}
    verdict = choose(board, settings.metric, settings.max_bias, BASELINES, complexity)
    failures = {failure.model: failure for attempt in attempts for failure in attempt.failures}
    say("Measure what the values depend on …")
    champion = value_model(verdict.champion)
    newest = past.window(plan.tests[0], plan.now).customers
    drivers = measure_drivers(attempts[0].fitted[champion.name], newest, input_columns(champion, newest), settings.seed)
    return Contest(
        verdict, board, (*refused, *failures.values()), plan.horizon_days, _leak_check(candidates, past, plan), drivers
    )


def _leak_check(candidates: Sequence[ValueModel], past: Past, plan: CutoffPlan) -> LeakCheck:
    windows = past.windows(plan.tests, plan.now)
    views = sum(len(window.customers) for window in windows)
    inputs = {name for model in candidates for window in windows for name in input_columns(model, window.customers)}
    return LeakCheck(tuple(model.name for model in candidates), len(inputs), views, views >= FEWEST_FOR_LEAKS)


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


@dataclass(frozen=True, eq=False)
class _Attempt:
    """One fold with the models that could be fitted for it, and those that could not."""

    fold: Fold
    fitted: Mapping[str, FittedValueModel]
    failures: tuple[Refused, ...]


@dataclass(frozen=True, eq=False)
class _Entry:
    """The models that compete, and all they may know."""

    past: Past
    plan: CutoffPlan
    models: Sequence[ValueModel]
    seed: int
    say: Callable[[str], None]

    def at(self, day: int) -> _Attempt:
        """Every model's predictions from one cutoff; who cannot learn here is noted and left out."""
        test = self.past.window(day, self.plan.now)
        windows = self.past.windows(self.plan.training_of(day), day)
        history = History(test.customers, windows, self.plan.horizon_days)
        fitted: dict[str, FittedValueModel] = {}
        values: dict[str, Floats] = {}
        no_purchase: dict[str, Floats] = {}
        failures = []
        for model in self.models:
            self.say(f"Test the models on the past: {model.title}, {day_of(day)} …")
            try:
                fitted[model.name] = _fitted(model, history, self.seed, fitted)
                prediction = fitted[model.name].predict(test.customers)
                values[model.name] = prediction.expected_value
                no_purchase[model.name] = prediction.probability_no_purchase
            except DataError as error:
                reason = f"could not learn from this history: {error.what}"
                failures.append(Refused(model.name, model.title, reason))
        fold = Fold(day, test.customers.customer_id, test.future_value, values, no_purchase, test.future_orders > 0)
        return _Attempt(fold, fitted, tuple(failures))


def _fitted(model: ValueModel, history: History, seed: int, fitted: Mapping[str, FittedValueModel]) -> FittedValueModel:
    if isinstance(model, BuiltOn) and model.built_on in fitted:
        return model.of(fitted[model.built_on])
    return model.fit(history, seed)
