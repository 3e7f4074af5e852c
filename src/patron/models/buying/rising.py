"""The logarithm of Γ(z + n) / Γ(z), to its last digits where both are huge and nearly equal."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from patron.models.arrays import Floats

_LARGE: Final = 20.0
# Stirling's series for log Γ: B_2k / (2k·(2k-1)) over z^(2k-1).
_STIRLING: Final = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188)


def log_rising(z: ArrayLike, n: ArrayLike) -> Floats:
    """log Γ(z+n) - log Γ(z) for z > 0 and n ≥ 0.

    The difference of two logarithms of a million would keep ten digits; from Stirling's series it keeps them all.
    """
    low, more = np.broadcast_arrays(np.asarray(z, dtype=np.float64), np.asarray(n, dtype=np.float64))
    high = low + more
    large = (low - 0.5) * np.log1p(more / low) + more * (np.log(high) - 1) + _correction(high) - _correction(low)
    return np.where(low < _LARGE, gammaln(high) - gammaln(np.minimum(low, _LARGE)), large)


def _correction(z: Floats) -> Floats:
    inverse = 1 / np.maximum(z, _LARGE)
    total = np.zeros_like(inverse)
    for coefficient in reversed(_STIRLING):
        total = total * inverse**2 + coefficient
    return np.asarray(total * inverse, dtype=np.float64)
