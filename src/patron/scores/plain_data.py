"""Findings as JSON takes them."""

from __future__ import annotations

from typing import Any

import numpy as np


def without_nan(told: Any) -> Any:  # JSON in, JSON out
    """The same with None for figures that do not exist; JSON has no NaN."""
    if isinstance(told, dict):
        return {key: without_nan(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [without_nan(value) for value in told]
    return None if isinstance(told, float) and not np.isfinite(told) else told
