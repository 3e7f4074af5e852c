"""Scoring streams: the same scores however rows are cut, and everybody is scored where only a sample is learnt from."""

from __future__ import annotations

from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
import pytest

from patron.models.valuing.activity import INPUTS, summary_of, summary_to_learn_from
from patron.pipeline.modelling.describe import sample_of
from patron.pipeline.modelling.learners import learners
from patron.pipeline.runner import RunOutcome, Watcher, opened_run, run_until, run_workspace
from patron.pipeline.step import Run
from patron.pipeline.workspace import Workspace
from patron.releases.contents import load_release
from patron.sources.samples import prepare_sample
from patron.warehouse import DuckDBWarehouse

CUSTOMERS, SAMPLE = 1_400, 1_000


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with more customers than are learnt from, run up to its scores."""
    folder = tmp_path_factory.mktemp("sampled")
    prepare_sample("shop", folder, customers=CUSTOMERS, seed=5)
    with (folder / "patron.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"\n[models]\nsample_customers = {SAMPLE}\nfolds = 1\ncandidates = ['bg_nbd']\n")
    with opened_run(folder, Watcher()) as run:
        run_until(run, "score", Watcher())
    return folder


def run_of(folder: Path, warehouse: DuckDBWarehouse) -> Run:
    workspace = Workspace.at(folder)
    key = warehouse.fetch(warehouse.table("work", "facts").limit(1))["run_key"][0].as_py()
    return Run(workspace, warehouse, (), key, None, print)  # type: ignore[arg-type]  # no moment is needed to ask


@pytest.mark.slow
def test_rows_cut_otherwise_give_the_same_release_files(
    fresh_shop: Path, shop_outcome: RunOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = DuckDBWarehouse.stream

    def in_small_pieces(self: DuckDBWarehouse, expression: ir.Table, rows: int = 61) -> pa.RecordBatchReader:
        return whole(self, expression, rows)

    monkeypatch.setattr(DuckDBWarehouse, "stream", in_small_pieces)
    run_workspace(fresh_shop)
    here, there = load_release(fresh_shop).manifest, load_release(shop_outcome.workspace).manifest
    assert here.score_digest == there.score_digest
    for name in ("segments.parquet", "features.parquet", "forecast.parquet", "forecast_cohorts.parquet"):
        assert here.files[name] == there.files[name], name


def test_everybody_is_scored_though_a_sample_is_learnt_from(sampled: Path) -> None:
    with Workspace.at(sampled).warehouse() as warehouse:
        assert warehouse.count("gold", "scores") == warehouse.count("gold", "customer_features") > SAMPLE
        assert warehouse.count("work", "sample_customers") == SAMPLE


def test_purchase_processes_learn_from_everybody_and_other_parts_from_the_sample(sampled: Path) -> None:
    with Workspace.at(sampled).warehouse() as warehouse:
        run = run_of(sampled, warehouse)
        customers = warehouse.count("gold", "customer_features")
        told = learners(run, run.recall("plan")["now"])
    assert len(told) <= SAMPLE < customers
    everybody = summary_to_learn_from(told)
    assert everybody.weights.sum() == customers
    assert len(everybody) < customers
    assert len(summary_of(told)) == len(told)


def test_the_served_process_is_the_one_fitted_to_everybody(sampled: Path) -> None:
    with Workspace.at(sampled).warehouse() as warehouse:
        features = warehouse.table("gold", "customer_features")
        fitted = warehouse.fetch(warehouse.table("work", "artifacts"))
        customers = features.count().as_table()
        count = warehouse.fetch(customers).column(0)[0].as_py()
        assert set(INPUTS) <= set(features.columns)
    bodies = dict(zip(fitted["name"].to_pylist(), fitted["body"].to_pylist(), strict=True))
    assert f'"customers": {float(count)}'.encode() in bodies["bg_nbd.json"]


def test_up_to_the_sample_size_nobody_is_left_out(shop_outcome: RunOutcome) -> None:
    with Workspace.at(shop_outcome.workspace).warehouse() as warehouse:
        run = run_of(shop_outcome.workspace, warehouse)
        assert sample_of(run, 400) is None
        told = learners(run, run.recall("plan")["now"])
    assert len(told) == 400
    assert told.counted is None
