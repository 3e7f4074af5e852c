"""What all tests share: where the real data lies, if it does."""

from __future__ import annotations

from pathlib import Path

import pytest

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
