"""A small simulated shop, run once; tests that change it work on a copy."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from made_once import made_once
from patron.pipeline.runner import RunOutcome, StepDone, run_workspace
from patron.sources.samples import prepare_sample

CUSTOMERS = 400


@pytest.fixture(scope="session")
def unrun_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop's files and patron.toml, not run yet."""
    folder = tmp_path_factory.mktemp("shop") / "unrun"
    prepare_sample("shop", folder, customers=CUSTOMERS, seed=3)
    return folder


@pytest.fixture(scope="session")
def shop_outcome(tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """The shop after its first run."""
    folder = made_once(tmp_path_factory, "run_shop", _run_shop)
    told = json.loads((folder / "outcome.json").read_text("utf-8"))
    told["steps"] = tuple(StepDone(**step) for step in told["steps"])
    told["warnings"] = tuple(told["warnings"])
    (folder / "outcome.json").unlink()
    release = folder / "releases" / told["release_id"]
    return RunOutcome(**told | {"workspace": folder, "release_folder": release})


def _run_shop(folder: Path) -> None:
    prepare_sample("shop", folder, customers=CUSTOMERS, seed=3)
    outcome = run_workspace(folder)
    (folder / "outcome.json").write_text(json.dumps(asdict(outcome), default=str), "utf-8")


@pytest.fixture
def shop(shop_outcome: RunOutcome, tmp_path: Path) -> Path:
    """A copy of the shop after its first run, to change at will."""
    return Path(shutil.copytree(shop_outcome.workspace, tmp_path / "shop"))


@pytest.fixture
def fresh_shop(unrun_shop: Path, tmp_path: Path) -> Path:
    """A copy of the shop before its first run."""
    return Path(shutil.copytree(unrun_shop, tmp_path / "fresh"))
