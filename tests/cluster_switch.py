"""Runs of tests look for clusters, and tell the last weeks again, only where a test is about segments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

QUIET: Final = {"PATRON_SEGMENTS_CLUSTERS": "off", "PATRON_SEGMENTS_HYSTERESIS": "0"}
"""Most tests are about other things, and either would take a good part of each of their runs."""


@contextmanager
def clusters_looked_for() -> Iterator[None]:
    """Within it runs look for clusters and keep labels calm, as they do for users."""
    with pytest.MonkeyPatch.context() as patch:
        for name in QUIET:
            patch.delenv(name, raising=False)
        yield
