"""A small simulated shop with two releases a month apart, for the commands about customers and segments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cluster_switch import clusters_looked_for
from made_once import made_once
from patron.pipeline.runner import run_workspace
from patron.releases.contents import Release, load_release
from patron.sources.samples import prepare_sample

RULES = """
[value]
currency = "EUR"
basis = "revenue"
horizon = "90 days"

[models]
candidates = ["boosting"]
folds = 1

[segments]
cluster_count = 3

[[segments.rules]]
name = "Sleeping regulars"
description = "Came often, and have not come lately."
where = { all = [ { column = "orders", at_least = 5 }, { column = "days_since_last_purchase", above = 60 } ] }

[[segments.rules]]
name = "Nobody"
where = { column = "orders", above = 100000 }
"""


@pytest.fixture(scope="session")
def moved_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop run as of the end of November, then of the end of December; to look at only."""
    return made_once(tmp_path_factory, "moved_shop", _move_shop)


def _move_shop(folder: Path) -> None:
    prepare_sample("shop", folder, customers=250, seed=3)
    told = (folder / "patron.toml").read_text("utf-8").replace('[value]\ncurrency = "EUR"\nbasis = "revenue"\n', "")
    now = datetime(2026, 1, 2, tzinfo=UTC)
    with clusters_looked_for():
        for number, day in enumerate(("2025-11-30", "2025-12-31")):
            text = told.replace('as_of = "2025-12-31"', f'as_of = "{day}"') + RULES
            (folder / "patron.toml").write_text(text, "utf-8")
            run_workspace(folder, now=now + timedelta(seconds=number))


@pytest.fixture(scope="session")
def newest(moved_shop: Path) -> Release:
    """The shop's current release."""
    return load_release(moved_shop)
