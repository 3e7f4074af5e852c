"""A closed gate: the last good release stays and says that it is stale, the verdicts are kept, and a mended batch goes on."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patron.errors import BrokenContract, GateClosed
from patron.pipeline.inquiries.contract import check_file
from patron.pipeline.inquiries.quality import quality_state
from patron.pipeline.queue.queue import Judgement, decide, undo, waiting
from patron.pipeline.runner import Watcher, opened_run, run_until, run_workspace
from patron.releases.shelf import Shelf
from patron.releases.stale import read_stale
from patron.surfaces.cli.main import app

SETTINGS = """\
[sources.sales]
table = "transactions"
files = "in/*.csv"
[sources.sales.columns]
customer_id = "who"
occurred_at = "when"
amount = "amount"

[models]
candidates = ["bg_nbd"]

[quality]
"""
AT = datetime(2024, 3, 10, tzinfo=UTC)


def sales(first: int, last: int) -> str:
    days = (date(2024, 1, 1) + timedelta(days=n) for n in range(first, last))
    rows = [f"{('Ada', 'Bruno', 'Chen')[n % 3]},{day},{10 + n % 7}.50\n" for n, day in enumerate(days, start=first)]
    return "who,when,amount\n" + "".join(rows)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(sales(0, 60), "utf-8")
    (tmp_path / "patron.toml").write_text(SETTINGS, "utf-8")
    return tmp_path


def with_quality(folder: Path, line: str) -> None:
    (folder / "patron.toml").write_text(SETTINGS + line + "\n", "utf-8")


def test_a_refused_batch_leaves_the_release_current_and_marks_it_stale_until_the_next(shop: Path) -> None:
    release = run_workspace(shop, now=AT).release_id
    (shop / "in" / "b.csv").write_text("", "utf-8")
    for hours in (24, 48):
        with pytest.raises(GateClosed, match=r"lake\.sales\.required.*b\.csv.*Release .* stays current, marked stale"):
            run_workspace(shop, now=AT + timedelta(hours=hours))
    stale = read_stale(shop / "releases")
    assert stale
    assert (Shelf(shop / "releases").current_name(), stale.release) == (release, release)
    assert stale.since == "2024-03-11T00:00:00Z"
    assert "Stale since 2024-03-11" in (shop / "report.html").read_text("utf-8")
    told = CliRunner().invoke(app, ["release", "list", "-w", str(shop)]).stdout
    assert "stale since 2024-03-11T00:00:00Z" in told
    assert quality_state(shop).gates[0].state == "closed"
    (shop / "in" / "b.csv").write_text(sales(60, 70), "utf-8")
    run_workspace(shop, now=AT + timedelta(hours=50))
    assert read_stale(shop / "releases") is None
    assert "Stale since" not in (shop / "report.html").read_text("utf-8")


@pytest.mark.slow
def test_taking_the_refused_file_out_makes_the_release_fresh_again(shop: Path) -> None:
    release = run_workspace(shop, now=AT).release_id
    (shop / "in" / "b.csv").write_text(sales(60, 70).replace("2024-03", "soon"), "utf-8")
    with pytest.raises(BrokenContract, match="cannot be believed"):
        run_workspace(shop, now=AT)
    assert read_stale(shop / "releases")
    (shop / "in" / "b.csv").unlink()
    assert run_workspace(shop, now=AT).release_id == release
    assert read_stale(shop / "releases") is None


def test_data_that_grow_old_break_the_agreed_freshness_also_when_nothing_new_came(shop: Path) -> None:
    with_quality(shop, 'sla.freshness = "14 days"')
    run_workspace(shop, now=AT)
    assert run_workspace(shop, now=AT + timedelta(days=3)).unchanged
    with pytest.raises(GateClosed, match=r"2024-02-29 00:00, was 19 days old when the run began; allowed: at most 14"):
        run_workspace(shop, now=AT + timedelta(days=9))
    assert read_stale(shop / "releases")
    state = quality_state(shop)
    assert [sla.passed for sla in state.slas] == [False]


def test_a_batch_unlike_earlier_ones_goes_through_when_it_is_named_or_only_warned_of(shop: Path) -> None:
    for number in range(1, 8):
        (shop / "in" / f"b{number}.csv").write_text(sales(60 * number, 60 * number + 60), "utf-8")
    (shop / "in" / "c.csv").write_text(sales(480, 880), "utf-8")
    at = AT + timedelta(days=1000)

    def closed() -> bool:
        try:
            with opened_run(shop, Watcher(), now=at) as run:
                run_until(run, "check", Watcher())
        except GateClosed as gate:
            assert "bronze.sales.volume (c.csv): 400 rows, where about 60 are usual" in str(gate)
            return True
        return False

    assert closed()
    with_quality(shop, 'trusted_files = ["c.csv"]')
    assert not closed()


def test_a_file_can_be_tested_before_it_is_sent_and_nothing_is_changed(shop: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(sales(0, 30), "utf-8")
    bad.write_text("who,when\nAda,2024-01-01\n", "utf-8")
    verdict = check_file(shop, good, now=AT)
    assert verdict.kept
    assert verdict.counts["accepted"] == 30
    refused = check_file(shop, bad, now=AT)
    assert not refused.kept
    assert "no column 'amount'" in refused.words
    assert not (shop / "warehouse.duckdb").exists()
    ended = CliRunner().invoke(app, ["contract", "check", str(bad), "-w", str(shop), "--json"])
    assert ended.exit_code == 3
    assert json.loads(ended.stdout)["kept"] is False


@pytest.mark.slow
def test_a_step_in_the_total_that_people_made_is_told_and_stops_nothing(shop: Path) -> None:
    days = [date(2024, 1, 1) + timedelta(days=n % 60) for n in range(300)]
    rows = "".join(f"c{n % 60},{day},{10 + n % 7}.50\n" for n, day in enumerate(days))
    (shop / "in" / "a.csv").write_text(f"who,when,amount\n{rows}c7,2024-02-20,1000000.00\n", "utf-8")
    first = run_workspace(shop, now=AT)
    assert any("one sale of 1,000,000 is 100% of all sales" in told for told in first.warnings)
    (record,) = waiting(shop, reason="outlier").records
    decide(shop, [record.entry], Judgement("drop", "a slip", "Dara"), now=AT + timedelta(hours=1))
    second = run_workspace(shop, now=AT + timedelta(hours=2))
    assert any("1 decision of people on rows came in between" in told for told in second.warnings)
    undo(shop, [record.entry], because="it was true", by="Dara", now=AT + timedelta(hours=3))
    third = run_workspace(shop, now=AT + timedelta(hours=4))
    assert len({one.release_id for one in (first, second, third)}) == 3
    assert third.expected == first.expected
