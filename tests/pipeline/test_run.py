"""The run, end to end: whole, repeatable, resumable, and never half-done."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path

import pyarrow.compute as pc
import pytest

from patron.errors import BrokenContract, WorkspaceBusy
from patron.models.valuing import installed
from patron.pipeline.runner import RunOutcome, run_workspace
from patron.pipeline.steps import STEPS
from patron.pipeline.workspace import Workspace
from patron.releases.contents import load_release
from patron.tables import SCORES, SEGMENTS


def digest(folder: Path) -> str:
    return load_release(folder).manifest.score_digest


def with_setting(folder: Path, section: str, line: str) -> None:
    path = folder / "patron.toml"
    text = path.read_text("utf-8")
    header = f"[{section}]\n"
    path.write_text(
        text.replace(header, header + line + "\n") if header in text else f"{text}\n{header}{line}\n", "utf-8"
    )


def kill_at(folder: Path, step: str) -> None:
    """Run in a process of its own and kill it (SIGKILL) while it is at this step."""
    code = f"""
import os, signal, sys
from pathlib import Path
from patron.pipeline.runner import Watcher, run_workspace
def begins(step):
    if step.name == {step!r}:
        import threading
        threading.Timer(0.02, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
run_workspace(Path({str(folder)!r}), watcher=Watcher(begins=begins))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ended.returncode == -9, ended.stderr.decode()


def test_a_run_gives_every_customer_one_score_and_one_segment(shop_outcome: RunOutcome) -> None:
    release = load_release(shop_outcome.workspace)
    scores, segments = release.scores(), release.segments()
    assert scores.num_rows == shop_outcome.totals["customers"] == 400
    assert tuple(scores.column_names) == SCORES.names
    assert tuple(segments.column_names) == SEGMENTS.names
    assert (
        scores["customer_id"].to_pylist()
        == segments["customer_id"].to_pylist()
        == sorted(set(scores["customer_id"].to_pylist()))
    )
    assert pc.all(pc.less_equal(scores["value_low"], scores["expected_value"])).as_py()
    assert pc.all(pc.less_equal(scores["expected_value"], scores["value_high"])).as_py()
    release.verify()


def test_historic_and_expected_value_add_up_to_total_value(shop_outcome: RunOutcome) -> None:
    scores = load_release(shop_outcome.workspace).scores()
    gap = pc.subtract(scores["total_value"], pc.add(scores["historic_value"], scores["expected_value"]))
    assert pc.max(pc.abs(gap)).as_py() < 1e-3
    assert round(pc.sum(scores["historic_value"]).as_py(), 2) == shop_outcome.totals["net_revenue"]


def test_rows_in_are_accepted_duplicate_or_quarantined(shop_outcome: RunOutcome) -> None:
    t = shop_outcome.totals
    assert t["rows_in"] == t["accepted"] + t["duplicate"] + t["quarantined"] > 0
    assert 0 < t["anonymous"] < t["accepted"]


def test_the_report_opens_without_a_network(shop_outcome: RunOutcome) -> None:
    page = (shop_outcome.workspace / "report.html").read_text("utf-8")
    assert "<svg" in page
    assert re.findall(r"""(?:src|href)\s*=\s*["']?https?:""", page) == []


def test_running_again_changes_nothing(shop: Path) -> None:
    before = sorted((shop / "releases").iterdir())
    outcome = run_workspace(shop)
    assert outcome.unchanged
    assert all(step.resumed for step in outcome.steps)
    assert sorted((shop / "releases").iterdir()) == before


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_same_input_gives_the_same_scores_whatever_the_threads(shop: Path, threads: int) -> None:
    first = digest(shop)
    with_setting(shop, "warehouse", f"threads = {threads}")
    outcome = run_workspace(shop, again=True)
    assert not outcome.unchanged
    assert digest(shop) == first


@pytest.mark.parametrize(
    "step", ["publish", *(pytest.param(s, marks=pytest.mark.slow) for s in ("ingest", "check", "score", "report"))]
)
def test_a_killed_run_goes_on_where_it_stopped_and_ends_the_same(
    fresh_shop: Path, shop_outcome: RunOutcome, step: str
) -> None:
    kill_at(fresh_shop, step)
    outcome = run_workspace(fresh_shop)
    assert digest(fresh_shop) == digest(shop_outcome.workspace)
    assert outcome.totals == shop_outcome.totals
    assert len([path for path in (fresh_shop / "releases").iterdir() if path.is_dir()]) == 1
    names = [s.name for s in STEPS]
    resumed = [s.resumed for s in outcome.steps]
    assert resumed[: names.index(step)] == [True] * names.index(step)


def test_the_second_of_two_runs_is_told_who_holds_the_workspace(shop: Path) -> None:
    since = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    with (
        Workspace.at(shop).locked(since),
        pytest.raises(WorkspaceBusy, match=r"process \d+ on .* since 2026-01-02 03:04:05"),
    ):
        run_workspace(shop)


def test_a_lock_dies_with_its_process(shop: Path) -> None:
    code = f"from pathlib import Path; from datetime import datetime; from patron.pipeline.workspace import Workspace; import time\nwith Workspace.at(Path({str(shop)!r})).locked(datetime(2026, 1, 1)): print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(WorkspaceBusy):
        run_workspace(shop)
    holder.kill()
    holder.communicate()
    time.sleep(0.05)
    assert run_workspace(shop).unchanged


@pytest.mark.slow
def test_a_leaking_model_is_refused_by_name_and_the_run_goes_on(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("crystal_ball", "leaky_model:LeakyModel", installed.GROUP)
    monkeypatch.setattr(installed, "entry_points", lambda group: [entry])
    with_setting(shop, "models", 'candidates = ["bg_nbd", "crystal_ball"]')
    run_workspace(shop)
    gate = load_release(shop).evidence()["gate"]
    assert [row["model"] for row in gate["refused"]] == ["crystal_ball"]
    assert "future_value" in gate["refused"][0]["reason"]
    assert {"model": "crystal_ball", "status": "refused"}.items() <= next(
        r for r in gate["leaderboard"] if r["model"] == "crystal_ball"
    ).items()
    assert "a look at the future" in (shop / "report.html").read_text("utf-8")


def test_a_batch_that_breaks_the_contract_stops_and_leaves_the_release_as_it_was(shop: Path) -> None:
    before, name = digest(shop), load_release(shop).id
    settings = Workspace.at(shop).settings
    source = next(s for s in settings.sources.values() if s.table == "transactions")
    victim = shop / source.files[0]
    good = victim.read_bytes()
    import pyarrow.parquet as pq

    table = pq.read_table(victim)
    pq.write_table(table.slice(0, 0), victim)
    with pytest.raises(BrokenContract, match="holds no data rows"):
        run_workspace(shop)
    assert (digest(shop), load_release(shop).id) == (before, name)
    victim.write_bytes(good)
    assert digest(shop) == before


def test_every_step_names_what_it_reads_and_writes_and_nothing_is_read_before_it_is_written() -> None:
    written = {"files", "the release before"}
    for step in STEPS:
        assert set(step.reads) <= written, step.name
        written |= set(step.writes)
