"""Calibration: kept for one computer and one Patron; measured for real where there is time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from patron.errors import UsageError
from patron.pipeline.capacity.calibration import (
    SIZES,
    Calibration,
    Size,
    calibrate,
    keep,
    kept,
    simulated,
    this_computer,
)
from patron.pipeline.capacity.measured_run import disk_used, resident_bytes, watch_run
from patron.pipeline.capacity.planner import own_run
from patron.pipeline.runner import RunOutcome
from patron.reports.capacity import Job, MeasuredRun, forecast
from patron.version import VERSION

RUN = MeasuredRun(20_000, 20_000, 200_000, {"check": 3.5}, 9.0, 700_000_000, 50_000_000, {"check": 700_000_000})
CALIBRATION = Calibration(VERSION, this_computer(), 2, "2026-11-22T12:00:00Z", (RUN,))


def test_a_calibration_is_read_as_it_was_kept(tmp_path: Path) -> None:
    keep(CALIBRATION, tmp_path / "some" / "calibration.json")
    assert kept(tmp_path / "some" / "calibration.json") == CALIBRATION


def test_there_is_none_until_one_is_made(tmp_path: Path) -> None:
    assert kept(tmp_path / "calibration.json") is None


@pytest.mark.parametrize("other", [{"version": "0.0.0"}, {"computer": "elsewhere"}])
def test_another_patron_or_computer_must_be_measured_anew(other: dict[str, str], tmp_path: Path) -> None:
    keep(replace(CALIBRATION, **other), tmp_path / "calibration.json")
    assert kept(tmp_path / "calibration.json") is None


@pytest.mark.parametrize("text", ["{", "[]", '{"runs": [{}]}', json.dumps({"runs": [], "colour": "red"})])
def test_what_is_no_calibration_is_refused_with_what_to_do(text: str, tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text(text, "utf-8")
    with pytest.raises(UsageError, match="--calibrate"):
        kept(tmp_path / "calibration.json")


def test_the_sizes_differ_in_customers_and_at_one_size_in_learners() -> None:
    assert len({size.customers for size in SIZES}) == len({size.learners for size in SIZES}) == 2


@pytest.mark.slow
def test_the_last_whole_run_of_a_workspace_tells_its_own_cost(shop_outcome: RunOutcome) -> None:
    own = own_run(shop_outcome.workspace)
    assert own is not None
    assert (own.customers, own.learners, own.rows) == (400, 400, shop_outcome.totals["rows_in"])
    assert own.seconds == {step.name: step.seconds for step in shop_outcome.steps}


def test_a_workspace_that_never_ran_tells_nothing(fresh_shop: Path, tmp_path: Path) -> None:
    assert own_run(fresh_shop) is None
    assert own_run(tmp_path / "nowhere") is None


def test_a_run_that_fails_says_why_instead_of_being_measured(fresh_shop: Path) -> None:
    (fresh_shop / "orders.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UsageError, match=r"ended with 3: .*orders\.parquet"):
        watch_run(fresh_shop, 1000)


def test_disk_and_memory_are_those_of_files_and_processes(tmp_path: Path) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file").write_bytes(b"x" * 1234)
    assert disk_used(tmp_path) == 1234
    assert resident_bytes(2**30) == 0


@pytest.mark.measured
def test_a_size_beyond_the_calibration_is_foretold_within_a_quarter(tmp_path: Path) -> None:
    customers = 150_000
    runs = calibrate(print).runs
    measured = watch_run(simulated(tmp_path, Size(customers, 200_000)), 200_000).run
    found = forecast(runs, Job(customers, measured.rows, 200_000, 3 * 2**30))
    assert found.seconds.expected == pytest.approx(measured.total_seconds, rel=0.25)
    assert found.peak_bytes is not None
    assert found.peak_bytes.expected == pytest.approx(measured.peak_bytes, rel=0.25)
    assert found.disk_bytes.expected == pytest.approx(measured.disk_bytes, rel=0.25)
