"""Harrell's c: how often, of two customers, the one said to be at higher risk left first."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from patron.models.arrays import Floats, Integers, floats, same_length
from patron.models.survival.durations import Durations


def harrell_c(durations: Durations, risk: ArrayLike) -> float:
    """The share of comparable pairs in the right order, ties in risk counting half; NaN when no pair is comparable.

    A pair can be compared when one left while the other was still there, or was last seen, at that very time
    (Harrell, Califf, Pryor, Lee and Rosati 1982). 0.5 is chance, 1 a perfect order. Time is n·log²(n), not n².
    """
    score = floats("risk", risk)
    same_length(duration=durations.duration, risk=score)
    # By time; of one time those who left come first, and among them the lower risk, so that they do not count each other.
    order = np.lexsort((score, ~durations.event, durations.duration))
    time, left = durations.duration[order], durations.event[order]
    rank = np.unique(score[order], return_inverse=True)[1].astype(np.int64)
    later = len(order) - _end_of_block(time, left)
    lower = _later_and_lower(rank)[left]
    equal = _later_and_equal(rank, len(order) - later)[left]
    pairs = int(later[left].sum())
    return (int(lower.sum()) + int(equal.sum()) / 2) / pairs if pairs else float("nan")


def _end_of_block(time: Floats, left: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Integers:
    """For each row the place after the last one with the same time and fate."""
    changes = np.flatnonzero((time[1:] != time[:-1]) | (left[1:] != left[:-1])) + 1
    ends = np.r_[changes, len(time)]
    return ends[np.searchsorted(changes, np.arange(len(time)), side="right")].astype(np.int64)


def _later_and_lower(rank: Integers) -> Integers:
    """For each place, how many of the later ones have a lower rank.

    Bit by bit from the highest: among those that agree on all higher bits, a row whose bit is set stands above each later
    one whose bit is not.
    """
    found = np.zeros(len(rank), dtype=np.int64)
    for bit in range(int(rank.max(initial=0)).bit_length()):
        group = rank >> (bit + 1)
        order = np.argsort(group, kind="stable")
        is_set = ((rank[order] >> bit) & 1).astype(np.bool_)
        unset = np.cumsum(~is_set)
        last = np.searchsorted(group[order], group[order], side="right") - 1
        found[order[is_set]] += (unset[last] - unset)[is_set]
    return found


def _later_and_equal(rank: Integers, start: Integers) -> Integers:
    """For each row, how many of equal rank stand at or after the place ``start``."""
    width = len(rank) + 1
    key = np.sort(rank * width + np.arange(len(rank)))
    return (np.searchsorted(key, rank * width + width - 1) - np.searchsorted(key, rank * width + start)).astype(
        np.int64
    )
