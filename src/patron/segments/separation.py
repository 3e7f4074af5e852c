"""How well a label tells what customers bring: the share of the spread of their ranks that lies between labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def separation(labels: NDArray[Any], value: NDArray[np.float64]) -> float:  # Any: words or numbers
    """Eta squared of the ranks of value by label (Kruskal and Wallis 1952 rest on the same ratio), 0 to 1; 0 for no spread."""
    ranks = rankdata(value)
    middle = float(ranks.mean()) if len(ranks) else 0.0
    whole = float(((ranks - middle) ** 2).sum())
    if whole == 0:
        return 0.0
    _, place, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    means = np.bincount(place, ranks) / sizes
    return float((sizes * (means - middle) ** 2).sum()) / whole
