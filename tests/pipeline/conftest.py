"""A small simulated shop, run once; tests that change it work on a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from patron.pipeline.runner import RunOutcome, run_workspace
from patron.sources.samples import prepare_sample

CUSTOMERS = 400


@pytest.fixture(scope="session")
def unrun_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop's files and patron.toml, not run yet."""
    folder = tmp_path_factory.mktemp("shop") / "unrun"
    prepare_sample("shop", folder, customers=CUSTOMERS, seed=3)
    return folder


@pytest.fixture(scope="session")
def shop_outcome(unrun_shop: Path) -> RunOutcome:
    """The shop after its first run."""
    folder = unrun_shop.parent / "run"
    shutil.copytree(unrun_shop, folder)
    return run_workspace(folder)


@pytest.fixture
def shop(shop_outcome: RunOutcome, tmp_path: Path) -> Path:
    """A copy of the shop after its first run, to change at will."""
    return Path(shutil.copytree(shop_outcome.workspace, tmp_path / "shop"))


@pytest.fixture
def fresh_shop(unrun_shop: Path, tmp_path: Path) -> Path:
    """A copy of the shop before its first run."""
    return Path(shutil.copytree(unrun_shop, tmp_path / "fresh"))
