"""Every seeded defect is stopped at the layer that should, and a clean batch never is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from patron.errors import DataError, GateClosed
from patron.pipeline.gates.rules import approve_rules
from patron.pipeline.inquiries.quality import quality_state
from patron.pipeline.runner import PROGRESS, Watcher, opened_run, run_until, run_workspace
from patron.releases.stale import read_stale
from quality.clean_worlds import Row, Shop, as_csv, batch_name, day_after, workspace
from quality.seeded_defects import FILE_DEFECTS, GOLD_DEFECTS, SEED

BATCHES = 7
RULE = """
[[quality.rules]]
name = "no_test_sales"
table = "transactions"
column = "channel"
none_of = ["test"]
action = "block"
words = "a sale of the test tills"
"""


def checked(folder: Path, at: datetime) -> None:
    """Run as far as the silver gate."""
    with opened_run(folder, Watcher(), now=at.replace(tzinfo=UTC)) as run:
        run_until(run, "check", Watcher())


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop.drawn(np.random.default_rng(SEED), rows_a_day=28)


@pytest.fixture(scope="module")
def good_batch(shop: Shop) -> list[Row]:
    return shop.batch(np.random.default_rng(SEED + BATCHES), BATCHES)


@pytest.fixture(scope="module")
def fed(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that has taken seven good batches."""
    folder = workspace(tmp_path_factory.mktemp("defects") / "shop")
    with (folder / "patron.toml").open("a") as file:
        file.write(RULE)
    approve_rules(folder, by="Ada Lovelace")
    for number in range(BATCHES):
        rows = shop.batch(np.random.default_rng(SEED + number), number)
        (folder / "in" / batch_name(number)).write_bytes(as_csv(rows))
    checked(folder, day_after(shop, BATCHES - 1))
    return folder


@contextmanager
def planted(folder: Path, name: str, content: bytes, quality: str = "") -> Iterator[None]:
    """A file in the folder and a setting in patron.toml, both taken back at the end."""
    settings = folder / "patron.toml"
    before = settings.read_text("utf-8")
    settings.write_text(before.replace("repeat_limit = 0.6\n", f"repeat_limit = 0.6\n{quality}\n"), "utf-8")
    (folder / "in" / name).write_bytes(content)
    try:
        yield
    finally:
        settings.write_text(before, "utf-8")
        (folder / "in" / name).unlink()


@pytest.mark.parametrize("name", FILE_DEFECTS)
def test_a_defect_in_a_file_is_stopped_at_its_layer(name: str, fed: Path, shop: Shop, good_batch: list[Row]) -> None:
    defect = FILE_DEFECTS[name]
    at = day_after(shop, BATCHES) + timedelta(days=defect.days_late, seconds=list(FILE_DEFECTS).index(name))
    with planted(fed, defect.name, defect.plant(good_batch), defect.quality):
        with pytest.raises(DataError) as stopped:
            checked(fed, at)
        blocked = [gate for gate in quality_state(fed).gates if gate.checked_at == at and gate.blocked]
    assert defect.told in str(stopped.value)
    assert [gate.layer for gate in blocked] == [defect.layer]
    assert all(result.words for gate in blocked for result in gate.blocked)


def test_the_good_batch_goes_through_after_every_defect_was_taken_out(
    fed: Path, shop: Shop, good_batch: list[Row]
) -> None:
    at = day_after(shop, BATCHES) + timedelta(days=60)
    with planted(fed, "sales-999.csv", as_csv(good_batch[::2])), pytest.raises(DataError):
        checked(fed, at)
    with planted(fed, batch_name(BATCHES), as_csv(good_batch[:-1])):
        checked(fed, at + timedelta(minutes=1))
        state = quality_state(fed)
    assert [gate.state for gate in state.gates[:3]] == ["open", "open", "open"]


@pytest.fixture(scope="module")
def published(fed: Path, shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same workspace after a whole run."""
    folder = tmp_path_factory.mktemp("gold") / "shop"
    shutil.copytree(fed, folder)
    run_workspace(folder, now=day_after(shop, BATCHES - 1).replace(tzinfo=UTC))
    return folder


@pytest.mark.parametrize("name", GOLD_DEFECTS)
def test_a_defect_in_gold_is_stopped_before_it_is_published(name: str, published: Path, shop: Shop) -> None:
    defect = GOLD_DEFECTS[name]
    released = sorted(path.name for path in (published / "releases").iterdir() if path.is_dir())
    at = day_after(shop, BATCHES).replace(tzinfo=UTC) + timedelta(seconds=list(GOLD_DEFECTS).index(name))
    with opened_run(published, Watcher(), now=at) as run:
        good = run.warehouse.fetch(run.warehouse.table("gold", defect.table))
        done = run.warehouse.fetch(run.warehouse.table(*PROGRESS))
        run.warehouse.delete(*PROGRESS, {"step": "publish"})
        run.warehouse.replace("gold", defect.table, defect.plant(good))
        with pytest.raises(GateClosed) as stopped:
            run_until(run, "publish", Watcher())
        kept = set(run.warehouse.fetch(run.warehouse.table(*PROGRESS))["step"].to_pylist())
        run.warehouse.replace("gold", defect.table, good)
        run.warehouse.replace(*PROGRESS, done)
    assert stopped.value.layer == "gold"
    assert defect.told in str(stopped.value)
    assert kept >= {"ingest", "check", "prepare", "backtest"}
    assert not kept & {"describe", "score", "segment", "publish"}
    assert sorted(path.name for path in (published / "releases").iterdir() if path.is_dir()) == released
    stale = read_stale(published / "releases")
    assert stale
    assert (stale.release, stale.since[:10]) == (released[-1], f"{day_after(shop, BATCHES):%Y-%m-%d}")


def test_there_are_forty_defects_at_all_four_layers() -> None:
    layers = [defect.layer for defect in FILE_DEFECTS.values()] + ["gold"] * len(GOLD_DEFECTS)
    assert len(layers) >= 40
    assert set(layers) == {"lake", "bronze", "silver", "gold"}
