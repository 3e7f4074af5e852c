"""A champion that learns from every customer, where they are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from patron.errors import UsageError
from patron.models.customers import History
from patron.models.valuing.boosting import Boosting
from patron.pipeline.modelling.backtest import recalled_past, recalled_plan
from patron.pipeline.modelling.learners import learners
from patron.pipeline.modelling.taught_by_all import taught_by_all
from patron.pipeline.runner import Watcher, opened_run, run_until
from patron.pipeline.step import Run


def sampled_history(run: Run) -> History:
    plan = recalled_plan(run)
    windows = recalled_past(run).windows(plan.training_of(plan.now), plan.now)
    return History(learners(run, plan.now), windows, plan.horizon_days)


def with_settings(folder: Path, told: str) -> Path:
    file = folder / "patron.toml"
    file.write_text(f"{file.read_text('utf-8')}\n{told}\n", "utf-8")
    return folder


@pytest.mark.engines
def test_on_spark_everybody_teaches_and_the_values_are_near_those_of_the_local_model(fresh_shop: Path) -> None:
    folder = with_settings(fresh_shop, '[warehouse]\nengine = "spark"\nmemory_gb = 1.5\nthreads = 2')
    with opened_run(folder, Watcher()) as run:
        run_until(run, "describe", Watcher())
        history = sampled_history(run)
        # No sample is drawn from so few: the local model is taught by everybody as well.
        local = Boosting().fit(history, run.settings.models.seed).predict(history.now).expected_value
        joint = taught_by_all(run, recalled_plan(run), history).predict(history.now).expected_value
        assert not run.warehouse.exists("work", "past_of_all")
    assert np.corrcoef(local, joint)[0, 1] > 0.98
    assert joint.sum() == pytest.approx(local.sum(), rel=0.05)


def test_on_another_engine_the_refusal_names_what_can(fresh_shop: Path) -> None:
    with opened_run(fresh_shop, Watcher()) as run:
        run_until(run, "describe", Watcher())
        with pytest.raises(
            UsageError, match=r"the engine 'duckdb' cannot train models where its rows live\. Only spark"
        ):
            taught_by_all(run, recalled_plan(run), sampled_history(run))
