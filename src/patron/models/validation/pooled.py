"""All folds of one model in one column each, with the resamples that say how sure their sums are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patron.models.arrays import Flags, Floats, Integers
from patron.models.validation.fold import Fold
from patron.models.validation.resampling import Resamples


@dataclass(frozen=True, eq=False)
class Pooled:
    """Rows of all folds, one fold after the other: what was expected of each customer and what came."""

    resamples: Resamples
    members: Integers
    actual: Floats
    predicted: Floats
    no_purchase: Floats | None
    bought: Flags | None

    def __len__(self) -> int:
        return len(self.actual)

    @classmethod
    def of(cls, folds: Sequence[Fold], model: str, resamples: Resamples) -> Pooled:
        """One model's rows; chances only where every fold has them, and the outcome to judge them by."""
        told = all(fold.bought is not None and model in fold.no_purchase for fold in folds)
        return cls(
            resamples,
            resamples.pooled,
            np.concatenate([fold.actual for fold in folds]),
            np.concatenate([fold.predictions[model] for fold in folds]),
            np.concatenate([fold.no_purchase[model] for fold in folds]) if told else None,
            np.concatenate([fold.bought for fold in folds if fold.bought is not None]) if told else None,
        )

    def sums(self, labels: Labels, columns: Mapping[str, Floats]) -> dict[str, Floats]:
        """Of each column, and of ``rows``, the sum in each group: the data as they are, then each resample."""
        return self.resamples.sums(self.members, labels.group, len(labels.names), columns)

    def customers(self, labels: Labels) -> Integers:
        """How many different customers each group holds; one who is in several folds counts once."""
        pairs = np.unique(labels.group * (int(self.members.max(initial=0)) + 1) + self.members)
        return np.bincount(pairs // (int(self.members.max(initial=0)) + 1), minlength=len(labels.names))


@dataclass(frozen=True, eq=False)
class Labels:
    """Which group each row is in, as a number, and what the groups are called, in the order to show them in."""

    group: Integers
    names: tuple[str, ...]

    @classmethod
    def of(cls, words: Sequence[str] | NDArray[np.str_], names: Sequence[str] = ()) -> Labels:
        """Groups from a word per row; without names they stand by size, largest first, equal ones by name."""
        found, group, size = np.unique(np.asarray(words, dtype=np.str_), return_inverse=True, return_counts=True)
        order = list(names) or [str(found[k]) for k in sorted(range(len(found)), key=lambda k: (-size[k], found[k]))]
        place = np.array([order.index(str(name)) for name in found], dtype=np.int64)
        return cls(place[group], tuple(order))

    @property
    def words(self) -> NDArray[np.str_]:
        """The name of each row's group."""
        return np.array(self.names, dtype=np.str_)[self.group]

    def merged(self, keep: Flags, name: str) -> Labels:
        """The kept groups, and all others together under one name at the end; empty ones vanish."""
        kept = np.flatnonzero(keep)
        place = np.full(len(self.names), len(kept), dtype=np.int64)
        place[kept] = np.arange(len(kept))
        group = place[self.group]
        names = tuple(self.names[k] for k in kept)
        return Labels(group, (*names, name) if (group == len(kept)).any() else names)


SMALLEST_GROUP = 50
MOST_GROUPS = 12


def readable(pooled: Pooled, labels: Labels) -> Labels:
    """Groups large enough to say something of: those under 50 customers, and all beyond the twelve largest, are merged."""
    customers = pooled.customers(labels)
    least = max(SMALLEST_GROUP, int(np.sort(customers)[-MOST_GROUPS:][0]) if len(customers) else 0)
    keep = customers >= least
    others = int(np.count_nonzero(~keep & (customers > 0)))
    return labels.merged(keep, f"{others} smaller group{'s' * (others != 1)}")
