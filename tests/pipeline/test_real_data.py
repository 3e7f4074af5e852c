"""Real data sets run through the same commands, with default settings, and add up."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import patron
from patron.pipeline.runner import run_workspace
from patron.releases.contents import load_release

pytestmark = pytest.mark.usefixtures("looks_for_clusters")


def run(folder: Path) -> dict[str, float]:
    return run_workspace(folder).totals


def groups_everybody(folder: Path) -> None:
    """Segments, behaviour and what was measured of them are in the release, for every customer."""
    release = load_release(folder)
    assert release.segments().num_rows == release.behaviour().num_rows == release.manifest.customers
    told = release.segmentation()
    assert told["segmentation"]["clusters"]["choice"]["sentence"]
    assert told["segmentation"]["foresight"]["tier"]["persistence"] > 0
    for view in told["segmentation"]["calm"]["views"].values():
        assert view["calm"]["flaps"] <= view["raw"]["flaps"] / 2
        assert view["calm"]["quality"] >= view["raw"]["quality"] - 0.02
    assert told["behaviour"]["measured"]["at_risk"]["beats_rfm"]
    assert told["behaviour"]["measured"]["rising"]["beats_rfm"]


def beats_or_says_so(folder: Path) -> None:
    gate = load_release(folder).evidence()["gate"]
    rows = {row["model"]: row for row in gate["leaderboard"]}
    champion, metric = rows[gate["champion"]], gate["metric"]
    baselines = [rows[name] for name in ("trailing_value", "rfm_rate", "cohort_mean")]
    if gate["passed"]:
        assert all(champion[metric] < baseline[metric] for baseline in baselines)
    else:
        assert gate["champion"] in ("trailing_value", "rfm_rate", "cohort_mean")


@pytest.mark.slow
def test_online_retail_adds_up_and_csv_and_parquet_give_identical_scores(shared_data: Path, tmp_path: Path) -> None:
    parquet = shared_data / "online_retail" / "online_retail.parquet"
    csv = tmp_path / "online_retail.csv"
    duckdb.sql(f"COPY (SELECT * FROM '{parquet}') TO '{csv}' (HEADER)")
    digests = []
    for name, file in (("parquet", parquet), ("csv", csv)):
        patron.init(file, tmp_path / name, currency="GBP")
        totals = run(tmp_path / name)
        assert totals == {
            "customers": 4372,
            "invoices": 22190,
            "items": 4906888,
            "net_revenue": 8300065.81,
            "anonymous_revenue": 1447682.12,
            "rows_in": 541909,
            "accepted": 541909,
            "anonymous": 135080,
            "duplicate": 0,
            "quarantined": 0,
        }
        digests.append(load_release(tmp_path / name).manifest.score_digest)
    assert digests[0] == digests[1]
    assert load_release(tmp_path / "csv").scores().num_rows == 4372
    beats_or_says_so(tmp_path / "csv")
    groups_everybody(tmp_path / "csv")


@pytest.mark.slow
def test_berka_runs_in_the_bank_profile_with_districts_as_branches(shared_data: Path, tmp_path: Path) -> None:
    berka = shared_data / "berka"
    files = [berka / f"{name}.parquet" for name in ("trans_1993_to_1994q1", "account", "district")]
    proposal = patron.init(files, tmp_path, profile="bank", currency="CZK")
    assert {source.source.table for source in proposal.sources} == {"transactions", "customers", "branches"}
    totals = run(tmp_path)
    assert (totals["customers"], totals["rows_in"], totals["accepted"]) == (1229, 49102, 49102)
    beats_or_says_so(tmp_path)
    groups_everybody(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("file", "customers", "lines"), [("master", 23570, 69659)])
def test_cdnow_runs_without_code_changes(
    shared_data: Path, tmp_path: Path, file: str, customers: int, lines: int
) -> None:
    patron.init(shared_data / "cdnow" / f"{file}.parquet", tmp_path, currency="USD")
    totals = run(tmp_path)
    assert (totals["customers"], totals["rows_in"], totals["accepted"]) == (customers, lines, lines)
    beats_or_says_so(tmp_path)
