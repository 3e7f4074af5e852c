"""Segments found in one go: the space, the grouping kept, the classifier that carries it to everybody, and profiles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from patron.errors import DataError
from patron.models.arrays import Floats, Integers, floats
from patron.models.valuing.feature_matrix import column_of
from patron.segments.clusters.auto import AUTO, ROWS_COMPARED, Choice, choose, score
from patron.segments.clusters.classifier import Classifier, learn_classifier
from patron.segments.clusters.criteria import criteria_of
from patron.segments.clusters.facets import COUNTED_BY
from patron.segments.clusters.map import Picture, picture
from patron.segments.clusters.ordering import Hashes, canonical_order, id_hashes, sampled
from patron.segments.clusters.profiles import Profile, profiles_of
from patron.segments.clusters.space import Space, cluster_columns, learn_space

MOST_ROWS: Final = 100_000
"""So many customers, drawn by a hash of their ids, are learnt from; all are assigned."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """Segments of customers, and all that made them.

    ``labels`` and ``probability`` are those of the customers given, as the classifier assigns them; 0 is the segment
    worth most on average. ``learnt_from`` is how many customers were grouped to learn it.
    """

    space: Space
    choice: Choice
    classifier: Classifier
    profiles: tuple[Profile, ...]
    picture: Picture
    labels: Integers
    probability: Floats
    learnt_from: int

    @property
    def k(self) -> int:
        """How many segments there are."""
        return self.classifier.k

    def assign(self, columns: Mapping[str, Floats]) -> tuple[Integers, Floats]:
        """The segment of each customer, and its probability; DataError naming a feature that is lacking."""
        return self.classifier.assign(columns)

    def to_dict(self) -> dict[str, object]:
        """A summary as plain data, for JSON: no customer's label is in it."""
        return {
            "k": self.k,
            "features": list(self.space.names),
            "left_out": list(self.space.left_out),
            "explained_variance": sum(self.space.explained_variance),
            "choice": self.choice.to_dict(),
            "agreement": self.classifier.agreement,
            "agreement_in_words": self.classifier.words,
            "profiles": [profile.to_dict() for profile in self.profiles],
            "picture": self.picture.to_dict() | {"labels": self.labels[self.picture.rows].tolist()},
            "learnt_from": self.learnt_from,
        }

    def artifacts(self) -> dict[str, bytes]:
        """Files to keep, name and content: what ``Classifier.from_bytes`` and ``Space.from_dict`` read, and the summary."""
        return {
            **self.classifier.to_bytes(),
            "space.json": _json(self.space.to_dict()),
            "clusters.json": _json(self.to_dict()),
        }


def find_clusters(
    columns: Mapping[str, Floats],
    value: Floats,
    ids: NDArray[Any] | Sequence[object],
    *,
    names: Sequence[str] | None = None,
    algorithm: str = AUTO,
    k: int | None = None,
    seed: int = 0,
    most_rows: int = MOST_ROWS,
    map_by: str = "pca",
) -> Clusters:
    """Segments of these customers, the same however they are ordered; DataError where features or customers are too few.

    ``columns`` holds one value per customer of each feature, NaN where unknown; ``names`` which to read, by default the
    behavioural ones of the catalogue. ``value`` is what customers are worth, by which segments are numbered and judged. ``map_by`` is pca, tsne or umap.
    """
    read = cluster_columns(columns) if names is None else tuple(names)
    known = {*read, COUNTED_BY}
    worth = _checked(columns, value, ids, read)
    hashes = id_hashes(ids)
    rows = _learning_rows(columns, read, hashes, most_rows)
    some = {name: np.asarray(column, dtype=np.float64)[rows] for name, column in columns.items() if name in known}
    space = learn_space(some, read)
    points = space.places(some)
    choice = choose(points, worth[rows], seed, algorithm=algorithm, k=k, hashes=hashes[rows])
    classifier = learn_classifier(some, read, choice.labels, seed, hashes[rows])
    labels, probability = classifier.assign(columns)
    drawn = picture(points, 3 if map_by == "pca" else 2, map_by, seed, hashes=hashes[rows])
    return Clusters(
        space,
        choice,
        classifier,
        profiles_of(space, columns, labels, worth),
        Picture(drawn.method, rows[drawn.rows], drawn.coordinates, drawn.explained_variance),
        labels,
        probability,
        len(rows),
    )


def score_of(
    clusters: Clusters, columns: Mapping[str, Floats], value: Floats, labels: Integers, ids: Sequence[object]
) -> float:
    """How useful other labels of these customers are, on the scale of the choice's candidates; as surely found as the kept one."""
    chosen = clusters.choice.chosen
    rows = _learning_rows(columns, clusters.space.names, id_hashes(ids), ROWS_COMPARED)
    points = clusters.space.places({name: column_of(columns, name)[rows] for name in clusters.space.reads})
    criteria = criteria_of(points, value[rows], labels[rows], chosen.criteria.stability if chosen else 0.0)
    return score(len(np.unique(labels[rows])), criteria, len(rows))


def _learning_rows(columns: Mapping[str, Floats], names: Sequence[str], hashes: Hashes, most: int) -> Integers:
    """The customers learnt from, in an order of their own: sums then come out the same however the table was ordered."""
    rows = sampled(hashes, most)
    return rows[canonical_order(hashes[rows], *(column_of(columns, name)[rows] for name in names))]


def _checked(
    columns: Mapping[str, Floats], value: Floats, ids: NDArray[Any] | Sequence[object], names: Sequence[str]
) -> Floats:
    if not names:
        raise DataError(
            "None of the features describes how customers behave.",
            allowed="Segments are made of the catalogue's behavioural features.",
        )
    worth = floats("value", value)
    lengths = {name: len(column_of(columns, name)) for name in names} | {"value": len(worth)}
    wrong = [name for name, length in lengths.items() if length != len(ids)]
    if wrong:
        raise DataError(
            f"Column '{wrong[0]}' has {lengths[wrong[0]]} values for {len(ids)} customers.",
            allowed="Each needs one value per customer.",
        )
    return worth


def _json(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, sort_keys=True, allow_nan=False).encode()
