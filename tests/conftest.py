"""What all tests share: where the real data lies, if it does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster_switch import QUIET, clusters_looked_for

for name, setting in QUIET.items():
    os.environ.setdefault(name, setting)
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the repository; tests that need it skip when it is not there."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the real data sets are missing: no folder shared/data beside the repository")
    return folder


@pytest.fixture(scope="session")
def conformance() -> Path:
    """The folder of published model values beside the repository."""
    folder = SHARED / "conformance"
    if not folder.is_dir():
        pytest.skip("the published values are missing: no folder shared/conformance beside the repository")
    return folder


@pytest.fixture(scope="module")
def looks_for_clusters() -> Iterator[None]:
    """For a module whose runs look for clusters."""
    with clusters_looked_for():
        yield
