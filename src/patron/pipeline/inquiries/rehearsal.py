"""A backtest for its own sake: everything a run would measure, under other choices if wanted, and nothing published."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from patron.errors import UnknownName, UsageError
from patron.models.validation.metrics import METRIC_FUNCTIONS
from patron.models.valuing.installed import value_model
from patron.periods import parse_period
from patron.pipeline.judging.intake import totals
from patron.pipeline.publishing.card import model_card
from patron.pipeline.runner import StepDone, Watcher, opened_run, run_until
from patron.pipeline.step import Run
from patron.pipeline.steps import STEPS
from patron.reports.model_card import ModelCard
from patron.settings import Settings


@dataclass(frozen=True)
class Choices:
    """What to test instead of what patron.toml says; None, or no model, leaves it as it is there."""

    folds: int | None = None
    horizon: str | None = None
    models: tuple[str, ...] = ()
    metric: str | None = None

    @property
    def other_cutoffs(self) -> bool:
        """Whether customers must be described as of other days than a run would."""
        return self.folds is not None or self.horizon is not None

    def applied_to(self, settings: Settings) -> Settings:
        """The settings with these choices in their place; raises UsageError or UnknownName for one that cannot be."""
        if self.metric is not None and self.metric not in METRIC_FUNCTIONS:
            raise UnknownName("metric", self.metric, METRIC_FUNCTIONS)
        for name in self.models:
            value_model(name)
        if self.horizon is not None:
            parse_period(self.horizon)
        told = settings.model_dump()
        models = {"folds": self.folds, "metric": self.metric, "candidates": self.models or None}
        told["models"] |= {name: choice for name, choice in models.items() if choice is not None}
        told["value"] |= {"horizon": self.horizon} if self.horizon is not None else {}
        try:
            return Settings.model_validate(told)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            why = str(first["msg"]).removeprefix("Value error, ")
            raise UsageError(f"{name} cannot be {first['input']!r}: {why}.") from error


def rehearse(
    folder: Path, choices: Choices | None = None, *, watcher: Watcher | None = None, now: datetime | None = None
) -> ModelCard:
    """Backtest a workspace and give its model card.

    Without choices this is what ``patron run`` does up to its backtest, kept so that a run goes on from there. With
    choices the steps before are kept and the rest is undone once it is measured: releases, and the next run, never see it.
    """
    choices, watcher = choices or Choices(), watcher or Watcher()
    with opened_run(folder, watcher, now=now) as run:
        if choices == Choices():
            run_until(run, "backtest", watcher)
            return model_card(run, totals(run))
        settings = choices.applied_to(run.settings)
        run_until(run, "prepare" if choices.other_cutoffs else "describe", watcher)
        changed = replace(run, workspace=replace(run.workspace, settings=settings))
        with _undone(run):
            _measure(changed, ("describe", "backtest") if choices.other_cutoffs else ("backtest",), watcher)
            card = model_card(changed, totals(changed))
    return card


def _measure(run: Run, names: Sequence[str], watcher: Watcher) -> None:
    for step in STEPS:
        if step.name in names:
            watcher.begins(step)
            began_at, clock = datetime.now(UTC), time.perf_counter()
            report = step.do(run)
            seconds = round(time.perf_counter() - clock, 3)
            watcher.done(
                StepDone(step.name, step.title, began_at.isoformat(), seconds, report.words, report.counts, False)
            )


class _MeasuredEnough(Exception):
    """Ends a transaction of which nothing shall stay."""


@contextmanager
def _undone(run: Run) -> Iterator[None]:
    """Whatever is written inside is gone afterwards."""
    with suppress(_MeasuredEnough), run.warehouse.transaction():
        yield
        raise _MeasuredEnough
