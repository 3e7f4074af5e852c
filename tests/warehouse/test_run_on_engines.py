"""The whole run, on every engine: the same release, made step by step, each whole or not at all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

import patron
from patron.models.valuing.installed import BASELINES
from patron.pipeline.runner import RunOutcome, Watcher, run_workspace
from patron.pipeline.steps import STEPS
from patron.pipeline.workspace import Workspace
from patron.releases.contents import load_release
from patron.segments.grouping import VIEWS
from patron.sources.samples import prepare_sample
from warehouse.answered import differences
from warehouse.engines import ENGINES, run_on

OTHERS = [name for name in ENGINES if name != "duckdb"]
pytestmark = [pytest.mark.engines, pytest.mark.usefixtures("looks_for_clusters")]
RULE = """
[[segments.rules]]
name = "Slipping away"
where = { all = [ { column = "lifecycle", in = ["Slowing", "Lapsing"] }, { any = [ { column = "orders", at_least = 3 }, { column = "alert", is_not = "calm" } ] } ] }
"""
FEW_FOLDS = "[models]\nfolds = 2\n"
"""Few folds are as many questions to an engine, and pay for a second run."""


@dataclass(frozen=True)
class Shop:
    """A shop that has not been run, and what a run of it on DuckDB gave."""

    folder: Path
    outcome: RunOutcome

    def on(self, engine: str, folder: Path) -> Path:
        """A copy of it, to be run on another engine."""
        copy = Path(shutil.copytree(self.folder, folder / engine))
        run_on(engine, copy)
        return copy


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, looks_for_clusters: None) -> Shop:
    folder = tmp_path_factory.mktemp("shop") / "unrun"
    prepare_sample("shop", folder, customers=200, seed=7)
    orders, path = folder / "orders.parquet", folder / "patron.toml"
    orders.rename(folder.parent / "all.parquet")
    _sell(folder, orders, "ordered_at < DATE '2025-11-15'")
    settings = path.read_text("utf-8").replace('["orders.parquet"]', '"orders*.parquet"')
    path.write_text(settings.replace("2025-12-31", "2025-11-14") + RULE + FEW_FOLDS, "utf-8")
    return Shop(folder, _run_copy(folder))


@pytest.fixture(scope="module")
def later(shop: Shop, looks_for_clusters: None) -> RunOutcome:
    """A second run of the shop on DuckDB, once more had come."""
    second = Path(shutil.copytree(shop.outcome.workspace, shop.folder.parent / "second"))
    return _run_again(shop, second)


def _sell(folder: Path, orders: Path, when: str) -> None:
    """A file of the orders of these days."""
    duckdb.sql(f"COPY (SELECT * FROM '{folder.parent / 'all.parquet'}' WHERE {when}) TO '{orders}'")


def _run_again(shop: Shop, run: Path) -> RunOutcome:
    """A second run, of a copy that has been run, a month and a half later and with what was sold in between."""
    _sell(shop.folder, run / "orders_later.parquet", "ordered_at >= DATE '2025-11-15'")
    path = run / "patron.toml"
    path.write_text(path.read_text("utf-8").replace("2025-11-14", "2025-12-31"), "utf-8")
    return run_workspace(run)


@pytest.fixture(scope="module")
def retail(shared_data: Path, tmp_path_factory: pytest.TempPathFactory, looks_for_clusters: None) -> Shop:
    """The customers of Online Retail whose number ends in 7, and some rows of nobody's."""
    folder = tmp_path_factory.mktemp("retail") / "unrun"
    folder.mkdir()
    rows = shared_data / "online_retail" / "online_retail.parquet"
    chosen = f"SELECT * FROM '{rows}' WHERE customer_id % 10 = 7 OR customer_id IS NULL AND quantity % 10 = 7"
    duckdb.sql(f"COPY ({chosen}) TO '{folder / 'online_retail.csv'}' (HEADER)")
    patron.init(folder / "online_retail.csv", folder, currency="GBP")
    return Shop(folder, _run_copy(folder))


def _run_copy(folder: Path) -> RunOutcome:
    copy = Path(shutil.copytree(folder, folder.parent / "run"))
    run_on("duckdb", copy)
    return run_workspace(copy)


def published_differences(mine: RunOutcome, theirs: RunOutcome) -> dict[str, list[str]]:
    """How two releases differ in totals, scores, groups and what is told of the release before: floats to nine digits, all else exactly."""
    here, there = load_release(mine.workspace), load_release(theirs.workspace)
    told = {
        "totals": [f"{name}: {mine.totals[name]}" for name in mine.totals if mine.totals[name] != theirs.totals[name]],
        "scores": differences(here.scores(), there.scores()),
        "segments": differences(here.segments(), there.segments()),
        "behaviour": differences(here.behaviour(), there.behaviour()),
        "members": differences(here.members(), there.members()),
        "moves": differences(here.moves(), there.moves()),
        "bridge": differences(here.bridge(), there.bridge()),
    }
    return {name: found for name, found in told.items() if found}


@pytest.mark.parametrize("engine", OTHERS)
def test_a_run_publishes_what_it_does_on_duckdb_and_a_second_one_only_what_is_new(
    shop: Shop, later: RunOutcome, tmp_path: Path, engine: str
) -> None:
    folder = shop.on(engine, tmp_path)
    outcome = run_workspace(folder)
    assert published_differences(shop.outcome, outcome) == {}
    again = run_workspace(folder)
    assert (again.unchanged, again.release_id) == (True, outcome.release_id)
    assert published_differences(later, _run_again(shop, folder)) == {}
    assert not (folder / "warehouse.duckdb").exists()


def test_in_the_second_run_customers_have_moved_in_every_view_and_the_bridge_has_parts(later: RunOutcome) -> None:
    release = load_release(later.workspace)
    assert release.manifest.champion not in BASELINES
    assert set(release.moves()["view"].to_pylist()) == set(VIEWS)
    bridge = release.bridge()
    moving = ("new", "purchases", "silence", "refunds", "model_change")
    assert [name for name in moving if not any(bridge[name].to_pylist())] == []


@pytest.mark.parametrize("engine", OTHERS)
def test_a_real_shops_run_publishes_what_it_does_on_duckdb(retail: Shop, tmp_path: Path, engine: str) -> None:
    outcome = run_workspace(retail.on(engine, tmp_path))
    assert published_differences(retail.outcome, outcome) == {}
    assert outcome.totals["customers"] > 400


@pytest.mark.parametrize("engine", OTHERS)
def test_a_step_that_fails_midway_leaves_what_was_there_before_it(shop: Shop, tmp_path: Path, engine: str) -> None:
    folder = shop.on(engine, tmp_path)

    def stops_amid_describing(words: str) -> None:
        if words.startswith("Describe customers as of"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_workspace(folder, watcher=Watcher(says=stops_amid_describing))
    with Workspace.at(folder).warehouse() as warehouse:
        assert "customer_features" not in warehouse.names("gold")
        assert warehouse.exists("work", "order_parts")
    outcome = run_workspace(folder)
    assert published_differences(shop.outcome, outcome) == {}
    assert [step.name for step in outcome.steps if step.resumed] == ["ingest", "check", "prepare"]


@pytest.mark.parametrize("step", ["check", "score"])
def test_a_run_that_is_killed_goes_on_where_it_stopped_and_ends_the_same(shop: Shop, tmp_path: Path, step: str) -> None:
    folder = shop.on("postgres", tmp_path)
    kill_at(folder, step)
    outcome = run_workspace(folder)
    assert published_differences(shop.outcome, outcome) == {}
    names = [known.name for known in STEPS]
    assert [done.resumed for done in outcome.steps[: names.index(step)]] == [True] * names.index(step)


def kill_at(folder: Path, step: str) -> None:
    """Run in a process of its own and kill it while it is at this step."""
    code = f"""
import os, signal, threading
from pathlib import Path
from patron.pipeline.runner import Watcher, run_workspace
def begins(step):
    if step.name == {step!r}:
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGKILL)).start()
run_workspace(Path({str(folder)!r}), watcher=Watcher(begins=begins))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ended.returncode == -9, ended.stderr.decode()
