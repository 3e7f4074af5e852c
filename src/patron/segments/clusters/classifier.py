"""The hybrid engine: trees that learn the groups which clustering found, to assign and explain every later customer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from patron.errors import DataError
from patron.models.arrays import Floats, Integers, blocks
from patron.models.valuing.feature_matrix import column_of
from patron.segments.clusters.algorithms import NOISE
from patron.segments.clusters.explanations import (
    Faithfulness,
    Marginals,
    Reasons,
    common_share,
    faithful,
    local_weights,
    strongest,
)
from patron.segments.clusters.ordering import Hashes, canonical_order, content_hashes, sampled

HOLDOUT: Final = 0.25
FAITHFUL_FROM: Final = 0.95
"""From this agreement on the classifier stands for the clustering; below it, it says so."""
TESTED_ROWS: Final = 2_000
ROUNDS: Final = 60
_ROWS_AT_ONCE: Final = 50_000
_TREES, _CONTENT = "classifier.ubj", "classifier.json"
_OPTIONS: Final[Mapping[str, object]] = {
    "objective": "multi:softprob",
    "tree_method": "hist",
    "max_bin": 128,
    "max_depth": 4,
    "eta": 0.3,
    "min_child_weight": 1.0,
    "lambda": 1.0,
    # One thread: sums run in one order, so that the same data give the same bytes.
    "nthread": 1,
}


@dataclass(frozen=True)
class Classifier:
    """Which segment a customer belongs to by its features, and why. ``trees`` is XGBoost's binary JSON.

    ``agreement`` is the share of customers held out whose segment it told as clustering did, None where there were none.
    With one segment there are no trees.
    """

    names: tuple[str, ...]
    k: int
    trees: bytes
    agreement: float | None
    marginals: Marginals
    seed: int

    @property
    def words(self) -> str:
        """How well it stands for the clustering, in one sentence."""
        if self.k == 1 or self.agreement is None:
            return "All customers are in one segment." if self.k == 1 else "No customers were left to test it on."
        told = f"It puts {self.agreement:.1%} of customers it had not seen into the segment that clustering gave them"
        if self.agreement >= FAITHFUL_FROM:
            return f"{told}."
        return f"{told}, less than the {FAITHFUL_FROM:.0%} wanted: near the borders, segments are to be read with care."

    def assign(self, columns: Mapping[str, Floats]) -> tuple[Integers, Floats]:
        """The likeliest segment of each customer, and its probability; DataError naming a feature that is lacking."""
        chances = self.probabilities(columns)
        labels = chances.argmax(axis=1).astype(np.int64)
        return labels, chances[np.arange(len(labels)), labels]

    def probabilities(self, columns: Mapping[str, Floats]) -> Floats:
        """The probability of each segment for each customer, (n, k)."""
        return self._chances(self._matrix(columns))

    def reasons(self, columns: Mapping[str, Floats], labels: Integers, top: int = 3) -> Reasons:
        """What speaks most for the given label of each customer: features, contributions in log-odds, high or low."""
        matrix = self._matrix(columns)
        parts = [
            strongest(
                self.names,
                self._contributions(matrix[rows], labels[rows]),
                self.marginals.standing(matrix[rows]),
                min(top, len(self.names)),
            )
            for rows in blocks(len(matrix), _ROWS_AT_ONCE)
        ]
        if not parts:
            empty = np.empty((0, top))
            return Reasons(self.names, empty.astype(np.int64), empty, empty)
        return Reasons(
            self.names,
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.contributions for part in parts]),
            np.concatenate([part.standing for part in parts]),
        )

    def second_opinion(self, columns: Mapping[str, Floats], row: int) -> float:
        """The share of a customer's five weightiest features that a local surrogate finds weightiest too, from 0 to 1."""
        here = self._matrix({name: column_of(columns, name)[row : row + 1] for name in self.names})
        label = int(self._chances(here).argmax())
        seed = self.seed + int(content_hashes(here)[0])
        surrogate = local_weights(here[0], label, self.marginals, self._chances, seed)
        return common_share(self._contributions(here, np.array([label]))[0], surrogate)

    def faithfulness(self, columns: Mapping[str, Floats]) -> Faithfulness:
        """Whether the strongest reasons matter: what changing them does, tried on at most 2,000 of these customers."""
        matrix = self._matrix(columns)
        hashes = content_hashes(matrix)
        rows = sampled(hashes, TESTED_ROWS)
        matrix = matrix[rows][canonical_order(hashes[rows])]
        labels = self._chances(matrix).argmax(axis=1).astype(np.int64)
        return faithful(matrix, labels, self._contributions(matrix, labels), self._chances, self.seed)

    def to_bytes(self) -> dict[str, bytes]:
        """The trees and all else as two files: name and content."""
        content = asdict(self)
        content.pop("trees")
        return {_TREES: self.trees, _CONTENT: json.dumps(content, sort_keys=True).encode()}

    @classmethod
    def from_bytes(cls, files: Mapping[str, bytes]) -> Classifier:
        """The classifier that ``to_bytes`` wrote."""
        content = json.loads(files[_CONTENT])
        marginals = Marginals(
            tuple(tuple(one) for one in content["marginals"]["quantiles"]), tuple(content["marginals"]["missing"])
        )
        return cls(
            tuple(content["names"]), content["k"], files[_TREES], content["agreement"], marginals, content["seed"]
        )

    def _matrix(self, columns: Mapping[str, Floats]) -> Floats:
        return _matrix(columns, self.names)

    def _chances(self, matrix: Floats) -> Floats:
        if self.k == 1:
            return np.ones((len(matrix), 1))
        chances = np.empty((len(matrix), self.k))
        for rows in blocks(len(matrix), _ROWS_AT_ONCE):
            chances[rows] = _booster(self.trees).inplace_predict(matrix[rows].astype(np.float32))
        return chances

    def _contributions(self, matrix: Floats, labels: Integers) -> Floats:
        if self.k == 1:
            return np.zeros(matrix.shape)
        own = np.empty(matrix.shape)
        for label in np.unique(labels):
            rows = labels == label
            data = xgb.DMatrix(matrix[rows].astype(np.float32), nthread=1)
            own[rows] = _booster_of(self.trees, int(label)).predict(data, pred_contribs=True)[:, :-1]
        return own


def learn_classifier(
    columns: Mapping[str, Floats], names: Sequence[str], labels: Integers, seed: int = 0, hashes: Hashes | None = None
) -> Classifier:
    """Trees that tell the labels by these features; rows of no group (−1) teach nothing.

    A quarter of the customers, by ``hashes`` of their ids (of their features without), is held out to measure agreement;
    the trees kept are then grown on all. DataError where no row has a label.
    """
    member = np.flatnonzero(labels != NOISE)
    if not member.size:
        raise DataError("No customer has a segment to learn.", allowed="Labels count from 0.")
    matrix = _matrix(columns, names)[member]
    hashes = content_hashes(matrix) if hashes is None else hashes[member]
    order = canonical_order(hashes, *matrix.T)
    matrix, target, hashes = matrix[order], labels[member][order], hashes[order]
    k = int(target.max()) + 1
    marginals = Marginals.of(matrix)
    if k == 1:
        return Classifier(tuple(names), 1, b"", None, marginals, seed)
    agreement = _agreement(matrix, target, k, seed, hashes)
    return Classifier(tuple(names), k, _grown(matrix, target, k, seed), agreement, marginals, seed)


def _agreement(matrix: Floats, target: Integers, k: int, seed: int, hashes: Hashes) -> float | None:
    # Sampling by the same hash took the low ones: a mix of it parts those anew.
    held = (hashes.astype(np.uint64) * np.uint64(2_654_435_761) >> np.uint64(7)) % np.uint64(100) < HOLDOUT * 100
    if not held.any() or held.all():
        return None
    told = Classifier((), k, _grown(matrix[~held], target[~held], k, seed), None, Marginals((), ()), seed)
    return float((told._chances(matrix[held]).argmax(axis=1) == target[held]).mean())


def _grown(matrix: Floats, target: Integers, k: int, seed: int) -> bytes:
    data = xgb.QuantileDMatrix(matrix.astype(np.float32), target, max_bin=128, nthread=1)
    booster = xgb.train({**_OPTIONS, "num_class": k, "seed": seed % 2**31}, data, ROUNDS)
    return bytes(booster.save_raw("ubj"))


@lru_cache(maxsize=8)
def _booster(trees: bytes) -> xgb.Booster:
    booster = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(trees))
    return booster


@lru_cache(maxsize=32)
def _booster_of(trees: bytes, label: int) -> xgb.Booster:
    """The trees that speak for one segment alone: asked for contributions, the whole would compute every segment's."""
    content = json.loads(bytes(_booster(trees).save_raw("json")))
    learner = content["learner"]
    model = learner["gradient_booster"]["model"]
    own = [tree for tree, group in zip(model["trees"], model["tree_info"], strict=True) if group == label]
    model["trees"] = [{**tree, "id": number} for number, tree in enumerate(own)]
    model["tree_info"] = [0] * len(own)
    model["iteration_indptr"] = list(range(len(own) + 1))
    model["gbtree_model_param"]["num_trees"] = str(len(own))
    learner["learner_model_param"] |= {"num_class": "0", "num_target": "1", "base_score": "0"}
    learner["objective"] = {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}}
    booster = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(json.dumps(content).encode()))
    return booster


def _matrix(columns: Mapping[str, Floats], names: Sequence[str]) -> NDArray[np.float64]:
    """The features side by side; infinite values are missing ones."""
    matrix = np.column_stack([np.asarray(column_of(columns, name), dtype=np.float64) for name in names])
    return np.where(np.isfinite(matrix), matrix, np.nan)
