"""Clusters as customers carry them: lasting ids, names, and labels that stay while the classifier hardly prefers another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patron.segments.clusters.classifier import Classifier
from patron.segments.clusters.explanations import because

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.object_]

LEEWAY: Final = 70.0
"""Log-odds per unit of the margin by which another cluster must be likelier: 3.5 at 5 %, thirty-three times."""
_LEAST: Final = 1e-9
NO_CLUSTER: Final = -1


@dataclass(frozen=True, eq=False)
class Clustered:
    """The classifier, and the lasting id and name of each of its labels; it can be pickled.

    ``anew`` says that these clusters are not those of the release before.
    """

    classifier: Classifier
    ids: tuple[int, ...]
    names: tuple[str, ...]
    margin: float
    anew: bool = True

    def assigned(self, columns: Mapping[str, Floats], before: Integers) -> tuple[Integers, Integers, Floats]:
        """The calm and the raw lasting id of each customer, and the chance of the calm one; ``before`` is −1 for none."""
        chances = self.classifier.probabilities(columns)
        rows, best = np.arange(len(chances)), np.argmax(chances, axis=1)
        kept = self._labels(before)
        odds = np.log(np.maximum(chances, _LEAST))
        ahead = odds[rows, best] - odds[rows, np.maximum(kept, 0)]
        stays = (kept >= 0) & (ahead <= LEEWAY * self.margin) & (self.margin > 0)
        label = np.where(stays, kept, best)
        ids = np.array(self.ids, dtype=np.int64)
        return ids[label], ids[best], chances[rows, label]

    def names_of(self, ids: Integers) -> NDArray[np.str_]:
        """The name of each lasting id."""
        return np.array(self.names)[self._labels(ids)]

    def because(self, columns: Mapping[str, Floats], ids: Integers, rows: Integers) -> list[str]:
        """For these rows, why the customer belongs to the cluster, in words."""
        some = {name: columns[name][rows] for name in self.classifier.names}
        reasons = self.classifier.reasons(some, self._labels(ids[rows]))
        told = (because(reasons.of(row)) for row in range(len(rows)))
        begun = "Clusters were found anew; here" if self.anew else "Moved here"
        return [f"{begun} {words}." if words else f"{begun}." for words in told]

    def _labels(self, ids: Integers) -> Integers:
        """The classifier's label of each lasting id; −1 for one that is gone."""
        label_of = {one: label for label, one in enumerate(self.ids)}
        known, place = np.unique(ids, return_inverse=True)
        return np.array([label_of.get(int(one), NO_CLUSTER) for one in known], dtype=np.int64)[place]
