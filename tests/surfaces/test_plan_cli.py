"""`patron plan`: the answer in words and as JSON, from a calibration that is already there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from patron.errors import UsageError
from patron.pipeline.capacity.calibration import CALIBRATION, Calibration, keep, this_computer
from patron.reports.capacity import MeasuredRun
from patron.surfaces.cli.main import app
from patron.version import VERSION

TOML = '[sources.orders]\ntable = "transactions"\nfiles = ["orders.csv"]\n[sources.orders.columns]\noccurred_at = "day"\namount = "paid"\n'


def measured(customers: int, learners: int) -> MeasuredRun:
    rows = 10 * customers
    seconds = {"check": 1 + rows / 1e5, "backtest": 2 + learners / 1e4, "score": 1 + customers / 1e5}
    memory = 400_000_000 + 300 * rows
    peaks = {"check": memory}
    return MeasuredRun(customers, learners, rows, seconds, sum(seconds.values()) + 3, memory, 100 * rows, peaks)


@pytest.fixture
def calibrated(tmp_path: Path) -> Path:
    (tmp_path / "patron.toml").write_text(TOML, "utf-8")
    runs = (measured(20_000, 20_000), measured(60_000, 20_000), measured(60_000, 60_000))
    keep(Calibration(VERSION, this_computer(), 2, "2026-11-22T12:00:00Z", runs), tmp_path / CALIBRATION)
    return tmp_path


def answer(*arguments: str) -> str:
    return CliRunner().invoke(app, ["plan", *arguments], catch_exceptions=False).stdout


def test_json_tells_time_memory_disk_tier_and_what_they_rest_on(calibrated: Path) -> None:
    told = json.loads(answer("--customers", "3000000", "-w", str(calibrated), "--json"))
    assert told["job"] == {
        "customers": 3_000_000,
        "rows": 30_000_000,
        "sample_customers": 200_000,
        "engine_bytes": 3 * 2**30,
        "learners": 200_000,
    }
    cost = told["cost"]
    assert cost["seconds"]["expected"] == pytest.approx(1 + 300 + 2 + 20 + 1 + 30 + 3)
    assert cost["seconds"]["low"] < cost["seconds"]["expected"] < cost["seconds"]["high"]
    assert cost["extrapolated"]
    assert told["tier"] == "2 M to 5 M"
    assert len(told["tiers"]) == 8
    assert {row["basis"] for row in told["tiers"]} == {"measured", "extrapolated"}
    assert told["tiers"][-1]["planned_thousand_dollars"] == {
        "one_time": 250,
        "monthly": 15,
        "yearly": 100,
        "at_least": True,
    }


def test_the_words_say_what_it_takes_what_suffices_and_on_what_that_rests(calibrated: Path) -> None:
    told = answer("--customers", "100000", "-w", str(calibrated))
    assert told.startswith("100,000 customers, 1,000,000 transaction rows")
    assert "runs of 20,000, 60,000, 60,000 customers measured here on 2026-11-22" in told
    assert "over 5 M" in told
    assert "250+ / 15+ / 100+" in told


def test_what_this_computer_lacks_is_named(calibrated: Path) -> None:
    told = json.loads(answer("--customers", "1000000000", "-w", str(calibrated), "--json"))
    assert not told["suffices"]
    assert any(words.startswith("room on the disk: up to") for words in told["lacks"])


def test_more_orders_of_each_customer_take_more_time(calibrated: Path) -> None:
    ten, forty = (
        json.loads(answer("--customers", "500000", *more, "-w", str(calibrated), "--json"))["cost"]["seconds"][
            "expected"
        ]
        for more in ((), ("--orders-per-customer", "40"))
    )
    assert forty - ten == pytest.approx(150)


def test_a_number_of_orders_that_cannot_be_is_refused(calibrated: Path) -> None:
    with pytest.raises(UsageError, match="orders per customer"):
        answer("--customers", "1000", "--orders-per-customer", "-3", "-w", str(calibrated))
