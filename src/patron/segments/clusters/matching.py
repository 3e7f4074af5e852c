"""Segments keep their identity from one run to the next, though clustering numbers them anew each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from patron.models.arrays import Floats, Integers

LEAST_OVERLAP: Final = 0.2


@dataclass(frozen=True)
class Matching:
    """Which lasting id each new label has, how much of it is the same customers, which ids are new and which are gone.

    ``overlap`` is Jaccard's: customers in both as a share of those in either, among customers of both runs. ``next_id``
    is to be given to the next run, so that no id is used twice.
    """

    ids: Mapping[int, int]
    overlap: Mapping[int, float]
    fresh: tuple[int, ...]
    gone: tuple[int, ...]
    next_id: int


def match(previous: Mapping[str, int], now: Mapping[str, int], next_id: int | None = None) -> Matching:
    """Lasting ids for new labels: one to one, so that the overlap of customers is largest in all.

    ``previous`` gives each customer's lasting id, ``now`` its new label; those below 0 are no segments. A label that
    shares less than a fifth with its best partner takes a fresh id from ``next_id`` on (by default one above all of the
    previous). Source: Kuhn (1955).
    """
    ids = sorted({one for one in previous.values() if one >= 0})
    labels = sorted({one for one in now.values() if one >= 0})
    fresh_from = max([next_id or 0, *(one + 1 for one in ids)])
    overlap = _overlaps(_shared(previous, now, ids, labels))
    matched = {
        labels[column]: (ids[row], float(overlap[row, column]))
        for row, column in zip(*linear_sum_assignment(-overlap), strict=True)
        if overlap[row, column] >= LEAST_OVERLAP
    }
    fresh = [label for label in labels if label not in matched]
    given = {label: kept for label, (kept, _) in matched.items()} | {
        label: fresh_from + place for place, label in enumerate(fresh)
    }
    kept = set(given.values())
    return Matching(
        {label: given[label] for label in labels},
        {label: matched[label][1] if label in matched else 0.0 for label in labels},
        tuple(given[label] for label in fresh),
        tuple(one for one in ids if one not in kept),
        fresh_from + len(fresh),
    )


def _shared(previous: Mapping[str, int], now: Mapping[str, int], ids: list[int], labels: list[int]) -> Integers:
    """How many customers of both runs each id and label share, (ids, labels)."""
    row_of = {one: place for place, one in enumerate(ids)}
    column_of = {one: place for place, one in enumerate(labels)}
    counts = np.zeros((len(ids), len(labels)), dtype=np.int64)
    pairs = [
        (row_of[before], column_of[label])
        for customer, before in previous.items()
        if before >= 0 and (label := now.get(customer, -1)) >= 0
    ]
    if pairs:
        np.add.at(counts, tuple(np.array(pairs).T), 1)
    return counts


def _overlaps(shared: Integers) -> Floats:
    either = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0, keepdims=True) - shared
    overlaps: Floats = shared / np.maximum(either, 1)
    return overlaps
