"""Revenue by month in a whole run: what a release holds, and that its parts add up."""

from __future__ import annotations

from pathlib import Path

import pytest

import patron
from patron.pipeline.runner import RunOutcome, run_workspace
from patron.releases.contents import load_release
from patron.reports.valuation import read_evidence
from patron.tables import FORECAST, FORECAST_COHORTS


def test_a_release_holds_the_months_ahead_in_the_declared_columns(shop_outcome: RunOutcome) -> None:
    release = load_release(shop_outcome.workspace)
    assert release.forecast().column_names == list(FORECAST.names)
    assert release.forecast_cohorts().column_names == list(FORECAST_COHORTS.names)
    assert release.forecast().num_rows >= 1


def test_cohorts_unnamed_sales_and_what_is_in_add_up_to_each_month(shop_outcome: RunOutcome) -> None:
    release = load_release(shop_outcome.workspace)
    named: dict[str, float] = {}
    for row in release.forecast_cohorts().to_pylist():
        named[row["month"]] = named.get(row["month"], 0.0) + row["expected"]
    for month in release.forecast().to_pylist():
        parts = named[month["month"]] + month["anonymous"] + month["so_far"]
        assert month["expected"] == pytest.approx(parts, abs=0.1)
        assert month["low"] <= month["expected"] <= month["high"]


def test_the_customers_view_is_near_their_values_within_the_horizon(shop_outcome: RunOutcome) -> None:
    release = load_release(shop_outcome.workspace)
    months, cohorts = release.forecast().to_pylist(), release.forecast_cohorts().to_pylist()
    ahead = sum(row["expected"] for row in cohorts if row["cohort"] < months[0]["month"])
    values = sum(release.scores()["expected_value"].to_pylist())
    scale = sum(m["expected"] - m["so_far"] for m in months) / sum(m["bottom_up"] - m["so_far"] for m in months)
    # The months end a little before the horizon does, and those who came this month are left out.
    assert 0.6 * values < ahead / scale < 1.01 * values


def test_the_evidence_tells_the_same_months(shop_outcome: RunOutcome) -> None:
    release = load_release(shop_outcome.workspace)
    forecast = read_evidence(release.folder).forecast
    assert forecast is not None
    assert [m.month for m in forecast.months] == release.forecast()["month"].to_pylist()
    assert forecast.origins == len(read_evidence(release.folder).gate.folds)
    assert forecast.cohorts[-1].label == "to come"


def test_too_young_a_history_has_no_forecast_and_says_so(tmp_path: Path) -> None:
    rows = [f"c{n % 40},{n},2024-03-{1 + n % 28:02d},{5 + n % 7}.50" for n in range(200)]
    (tmp_path / "orders.csv").write_text("customer_id,order_id,date,amount\n" + "\n".join(rows) + "\n", "utf-8")
    patron.init(tmp_path / "orders.csv", tmp_path)
    outcome = run_workspace(tmp_path)
    step = next(step for step in outcome.steps if step.name == "forecast")
    assert step.words.startswith("too young")
    release = load_release(tmp_path)
    assert release.forecast().num_rows == 0
    assert read_evidence(release.folder).forecast is None
