"""Growth, seasons and weekly swings are no defects: no clean batch is stopped, whatever the shop and however it is fed."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import numpy as np
import pytest

from patron.pipeline.inquiries.quality import QualityState, quality_state
from patron.pipeline.runner import Watcher, opened_run, run_until
from quality.clean_worlds import Shop, as_csv, batch_name, day_after, workspace

EARLIER = 6
CLEAN = 20


def fed(folder: Path, seed: int, batches: int, *, days_a_batch: int, rows_a_day: float) -> QualityState:
    """What the gates said of a shop that was fed so many batches in one run."""
    rng = np.random.default_rng(seed)
    shop = Shop.drawn(rng, days_a_batch=days_a_batch, rows_a_day=rows_a_day)
    workspace(folder)
    for number in range(batches):
        (folder / "in" / batch_name(number)).write_bytes(as_csv(shop.batch(rng, number)))
    with opened_run(folder, Watcher(), now=day_after(shop, batches).replace(tzinfo=UTC)) as run:
        run_until(run, "check", Watcher())
    return quality_state(folder)


def failed(state: QualityState) -> list[str]:
    return [f"{result.check} {result.subject}: {result.words}" for result in state.results if not result.passed]


@pytest.mark.slow
def test_none_of_twenty_clean_batches_is_stopped_or_warned_of(tmp_path: Path) -> None:
    state = fed(tmp_path / "shop", 20, EARLIER + CLEAN, days_a_batch=7, rows_a_day=25)
    assert failed(state) == []
    judged = {result.subject for result in state.results if result.check == "bronze.sales.volume"}
    assert len(judged) > CLEAN


# One more in each way of feeding: files of four weeks, of a week, and of a day.
WAYS = {"four weeks": (28, 12, 20.0), "a week": (7, 14, 40.0), "a day": (1, 20, 150.0)}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(7))
def test_no_clean_world_is_stopped(seed: int, way: str, tmp_path: Path) -> None:
    days, batches, rows = WAYS[way]
    state = fed(tmp_path / "shop", 100 + seed, batches, days_a_batch=days, rows_a_day=rows)
    assert [gate.state for gate in state.gates[:3]] == ["open", "open", "open"], failed(state)
