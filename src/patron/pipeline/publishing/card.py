"""The model card of a run, gathered from what its steps measured."""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import TypeAdapter

from patron.periods import day_of
from patron.pipeline.judging.intake import Totals
from patron.pipeline.modelling.settings_told import settings_told
from patron.pipeline.publishing.evidence import caveats, coverage_of, gate_evidence, run_evidence
from patron.pipeline.step import Run
from patron.reports.model_card import ModelCard, Provenance, Study
from patron.tables import INTAKE
from patron.version import VERSION

_STUDY = TypeAdapter(Study)


def model_card(run: Run, sums: Totals, score_digest: str = "") -> ModelCard:
    """The card of the contest that this run remembers; ``score_digest`` once there are scores."""
    gate, told = gate_evidence(run), run.recall("study")
    coverage = coverage_of(run)
    rows = (coverage.overall, *coverage.bands) if coverage.overall else ()
    return ModelCard(
        run=run_evidence(run, sums),
        gate=gate,
        provenance=_provenance(run, score_digest),
        study=_study(told, {row.model: (row.title, row.status) for row in gate.leaderboard}) if told else None,
        coverage=tuple(row for row in rows if row is not None),
        limits=tuple(caveats(run, sums)),
    )


def _study(told: dict[str, Any], standing: dict[str, tuple[str, str]]) -> Study:
    """Results with the titles and verdicts of the leaderboard, in its order, and days as dates."""
    results = [
        {
            **row,
            "title": standing[row["model"]][0],
            "status": standing[row["model"]][1],
            "folds": [{**fold, "cutoff": day_of(fold["cutoff"])} for fold in row["folds"]],
        }
        for row in told["results"]
    ]
    place = {model: number for number, model in enumerate(standing)}
    return _STUDY.validate_python({**told, "results": sorted(results, key=lambda row: place[row["model"]])})


def _provenance(run: Run, score_digest: str) -> Provenance:
    told = settings_told(run.settings)
    return Provenance(VERSION, run.settings.models.seed, told, data_hash(run), score_digest)


def data_hash(run: Run) -> str:
    """One hash of every file whose rows count."""
    files = run.warehouse.fetch(run.warehouse.table("silver", INTAKE.name).select("source", "file_id"))
    told = sorted(f"{row['source']} {row['file_id']}" for row in files.to_pylist())
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
