"""An order of customers that does not depend on how the table came: by a hash of their ids, or of what they did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from patron.models.arrays import Floats, Integers, hashed

Hashes = NDArray[np.uint32]
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIXERS: Final = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))


def id_hashes(ids: NDArray[Any] | Sequence[object]) -> Hashes:
    """A stable 32-bit number per customer, the same in every run and on every machine."""
    return hashed(np.asarray(ids).tolist())


def content_hashes(matrix: Floats) -> Hashes:
    """A stable 32-bit number per row of a matrix, made of its values; equal rows share it.

    Source: the finaliser of SplitMix64 (Steele, Lea, Flood 2014), folded over the columns.
    """
    state = np.zeros(len(matrix), dtype=np.uint64)
    for column in np.asarray(matrix, dtype=np.float64).T:
        # Adding zero makes one of the two zeros.
        state = _mixed((state + _GOLDEN) ^ np.ascontiguousarray(column + 0.0).view(np.uint64))
    return (state >> np.uint64(32)).astype(np.uint32)


def canonical_order(hashes: Hashes, *then_by: NDArray[Any]) -> Integers:
    """Row numbers in an order that shuffling the table does not change; rows of one hash by the further keys."""
    return np.lexsort((*then_by[::-1], hashes)).astype(np.int64)


def sampled(hashes: Hashes, most: int) -> Integers:
    """The numbers of at most so many rows, drawn by their hashes: the same customers however the table is ordered."""
    if len(hashes) <= most:
        return np.arange(len(hashes))
    return np.sort(np.argsort(hashes, kind="stable")[:most]).astype(np.int64)


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    for shift, factor in _MIXERS:
        state = (state ^ (state >> shift)) * factor
    return state ^ (state >> np.uint64(31))
