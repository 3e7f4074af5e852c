"""Runs of tests look for clusters only where a test is about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

CLUSTERS: Final = "PATRON_SEGMENTS_CLUSTERS"


@contextmanager
def clusters_looked_for() -> Iterator[None]:
    """Within it runs look for clusters, as they do for users."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(CLUSTERS, raising=False)
        yield
