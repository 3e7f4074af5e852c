"""The step that publishes: scores, segments, features, models and evidence become one immutable release."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from patron.periods import day_of
from patron.pipeline.judging.intake import Totals, totals
from patron.pipeline.publishing.card import data_hash, model_card
from patron.pipeline.publishing.data_contract import data_contract
from patron.pipeline.publishing.evidence import gather_evidence
from patron.pipeline.publishing.live import purchase_days, told_reached
from patron.pipeline.step import Run, StepReport
from patron.releases.contents import (
    BEHAVIOUR,
    BRIDGE,
    CARD_JSON,
    CARD_TEXT,
    DATA_CONTRACT,
    EVIDENCE,
    FEATURES,
    FORECAST,
    FORECAST_COHORTS,
    LINEAGE,
    MEMBERS,
    MODELS,
    MOVES,
    PURCHASE_DAYS,
    SCORES,
    SEGMENT_MODELS,
    SEGMENTATION,
    SEGMENTS,
    TOLD,
)
from patron.releases.manifest import Manifest, sha256
from patron.releases.shelf import Shelf
from patron.releases.table_file import write_table
from patron.reports.card_text import card_markdown
from patron.tables import ALL_TABLES
from patron.version import VERSION


def publish(run: Run) -> StepReport:
    """Write the release, hash every file, and make it current."""
    shelf = Shelf(run.workspace.releases)
    sums = totals(run)
    run.remember("totals", _plain(sums))
    draft = run.workspace.folder / "publishing"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    _write_table(run, "scores", draft / SCORES)
    manifest = shelf.publish(
        _manifest(run, sha256(draft / SCORES)),
        lambda folder: _write_release(run, sums, draft, folder),
        run.started_at,
        run.settings.releases.keep,
    )
    shutil.rmtree(draft)
    run.remember("release", manifest.id)
    return StepReport(manifest.id, {"customers": manifest.customers, "files": len(manifest.files)})


def _manifest(run: Run, score_digest: str) -> Manifest:
    return Manifest(
        id="",
        created_at=f"{run.started_at:%Y-%m-%dT%H:%M:%SZ}",
        run_key=run.key,
        score_digest=score_digest,
        data_hash=data_hash(run),
        code_version=VERSION,
        profile=run.settings.profile,
        currency=run.settings.value.currency,
        as_of=day_of(run.recall("span")["last_day"]).isoformat(),
        horizon_days=run.recall("horizon")["days"],
        customers=run.warehouse.count("gold", "scores"),
        champion=run.recall("contest")["champion"],
        files={},
    )


def _write_release(run: Run, sums: Totals, draft: Path, folder: Path) -> None:
    (draft / SCORES).replace(folder / SCORES)
    _write_table(run, "segments", folder / SEGMENTS)
    _write_table(run, "customer_features", folder / FEATURES)
    for name, file in (("moves", MOVES), ("members", MEMBERS), ("behaviour", BEHAVIOUR), ("bridge", BRIDGE)):
        _write_table(run, name, folder / file)
    told = {name: run.recall(name) for name in ("segmentation", "behaviour", "members", "bridge")}
    (folder / SEGMENTATION).write_text(json.dumps(told, sort_keys=True), "utf-8")
    _write_table(run, "forecast", folder / FORECAST)
    _write_table(run, "forecast_cohorts", folder / FORECAST_COHORTS)
    _write_table(run, "lineage", folder / LINEAGE)
    write_table(run.warehouse.stream(purchase_days(run)), folder / PURCHASE_DAYS)
    (folder / TOLD).write_text(json.dumps(told_reached(run), sort_keys=True), "utf-8")
    (folder / EVIDENCE).write_text(gather_evidence(run, sums).to_json(), "utf-8")
    card = model_card(run, sums, sha256(folder / SCORES))
    (folder / CARD_JSON).write_text(card.to_json(), "utf-8")
    (folder / CARD_TEXT).write_text(card_markdown(card), "utf-8")
    (folder / DATA_CONTRACT).write_text(data_contract(run).to_json(), "utf-8")
    _write_artifacts(run, "artifacts", folder / MODELS)
    _write_artifacts(run, "cluster_artifacts", folder / MODELS / SEGMENT_MODELS)


def _write_artifacts(run: Run, table: str, folder: Path) -> None:
    """The fitted models of a work table, as files."""
    folder.mkdir()
    rows = run.warehouse.fetch(run.warehouse.table("work", table))
    for name, body in zip(rows["name"].to_pylist(), rows["body"].to_pylist(), strict=True):
        (folder / name).write_bytes(body)


def _write_table(run: Run, name: str, path: Path) -> None:
    """A gold table as Parquet, in the order of its key."""
    declared = next((table for table in ALL_TABLES if table.name == name), None)
    key = declared.key if declared else ("customer_id",)
    write_table(run.warehouse.stream(run.warehouse.table("gold", name).order_by(*key)), path)


def _plain(sums: Totals) -> dict[str, float]:
    """Totals for JSON: money to the cent, whole numbers as such."""
    plain: dict[str, float] = {}
    for name, value in asdict(sums).items():
        number = round(float(value), 2)
        plain[name] = int(number) if number.is_integer() and "revenue" not in name else number
    return plain
