"""The data-fit doctor at work on a workspace: read, check and sum up, then look; nothing is modelled or published."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from patron.features.prepared import needed_tables
from patron.models.valuing.installed import value_models
from patron.periods import parse_period
from patron.pipeline.inquiries.portrait import draw_portrait
from patron.pipeline.mapped import mapped_columns, silver_tables
from patron.pipeline.modelling.describe import history_span
from patron.pipeline.runner import Watcher, opened_run, run_until
from patron.pipeline.step import Run
from patron.quality.doctor.diagnosis import Diagnosis, diagnose


def diagnose_workspace(folder: Path, *, watcher: Watcher | None = None, now: datetime | None = None) -> Diagnosis:
    """What this workspace's data can bear, before any model is fitted.

    The steps up to summing up orders are done unless they are finished; a later run goes on from there. Raises any
    PatronError that those steps raise, and UsageError where nobody had bought anything by ``as_of``.
    """
    watcher = watcher or Watcher()
    with opened_run(folder, watcher, now=now) as run:
        run_until(run, "prepare", watcher)
        watcher.says("Look at the history …")
        return _diagnosis(run)


def _diagnosis(run: Run) -> Diagnosis:
    _, last_day = history_span(run)
    silver = silver_tables(run)
    prepared = {table.name: run.warehouse.table("work", table.name) for table in needed_tables(mapped_columns(run))}
    portrait = draw_portrait(
        run.warehouse, silver, prepared, last_day, run.settings.value.currency, run.settings.models.seed
    )
    wanted = run.settings.value.horizon
    return diagnose(portrait, None if wanted == "auto" else parse_period(wanted), value_models().keys())
