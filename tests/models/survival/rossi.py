"""Rossi's recidivism data as it comes with lifelines: 432 people watched for 52 weeks after release, 114 arrested again."""

from __future__ import annotations

import pytest

from patron.models.survival.durations import Durations

COVARIATES = ("fin", "age", "race", "wexp", "mar", "paro", "prio")


def rossi() -> Durations:
    """With all seven covariates, in weeks; skips without lifelines."""
    datasets = pytest.importorskip("lifelines.datasets")
    frame = datasets.load_rossi()
    known = {name: frame[name].to_numpy(dtype=float) for name in COVARIATES}
    return Durations(frame["week"].to_numpy(), frame["arrest"].to_numpy(), known, "week")
