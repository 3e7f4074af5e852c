"""The classifier tells segments as clustering does, explains each membership, and its reasons matter."""

from __future__ import annotations

import pickle
from functools import cache

import numpy as np
import pytest
import xgboost as xgb

from patron.errors import DataError
from patron.models.arrays import Floats
from patron.segments.clusters.classifier import Classifier, learn_classifier
from segments.clusters.planted import planted

WORLD = planted(6, 2_000)
TABLE = WORLD.columns()
NAMES = tuple(TABLE)


@cache
def learnt() -> Classifier:
    return learn_classifier(TABLE, NAMES, WORLD.groups, 1)


def test_it_assigns_as_clustering_did() -> None:
    labels, probability = learnt().assign(TABLE)
    assert (labels == WORLD.groups).mean() > 0.99
    assert probability.min() > 1 / WORLD.k
    assert learnt().agreement is not None
    assert learnt().agreement > 0.95
    assert "of customers it had not seen" in learnt().words


def test_disagreement_is_admitted() -> None:
    scrambled = np.random.default_rng(1).integers(0, 3, 2_000)
    assert "less than the 95% wanted" in learn_classifier(TABLE, NAMES, scrambled, 1).words


def test_shuffled_customers_grow_the_same_trees() -> None:
    order = np.random.default_rng(2).permutation(2_000)
    shuffled = {name: column[order] for name, column in TABLE.items()}
    assert learn_classifier(shuffled, NAMES, WORLD.groups[order], 1).to_bytes() == learnt().to_bytes()


def test_it_is_kept_as_files_and_can_be_pickled() -> None:
    for there in (Classifier.from_bytes(learnt().to_bytes()), pickle.loads(pickle.dumps(learnt()))):  # noqa: S301 - our own
        assert there == learnt()
        assert np.array_equal(there.probabilities(TABLE), learnt().probabilities(TABLE))


def test_probabilities_add_up_and_the_likeliest_is_assigned() -> None:
    chances = learnt().probabilities(TABLE)
    assert np.allclose(chances.sum(axis=1), 1, atol=1e-5)
    labels, probability = learnt().assign(TABLE)
    assert np.array_equal(probability, chances.max(axis=1))
    assert np.array_equal(labels, chances.argmax(axis=1))


def test_contributions_are_those_of_the_whole_model() -> None:
    matrix = np.column_stack([TABLE[name] for name in NAMES]).astype(np.float32)[:200]
    booster = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(learnt().trees))
    whole: Floats = booster.predict(xgb.DMatrix(matrix), pred_contribs=True)
    some = {name: column[:200] for name, column in TABLE.items()}
    reasons = learnt().reasons(some, WORLD.groups[:200], top=len(NAMES))
    own = whole[np.arange(200), WORLD.groups[:200], :-1]
    assert np.allclose(reasons.contributions, -np.sort(-own, axis=1), atol=1e-5)


def test_reasons_name_the_strongest_features_and_where_the_customer_stands() -> None:
    reasons = learnt().reasons(TABLE, WORLD.groups, top=2)
    assert len(reasons) == 2_000
    for row in range(0, 2_000, 400):
        first, second = reasons.of(row)
        assert first.contribution >= second.contribution
        assert first.high == (TABLE[first.feature][row] > np.median(TABLE[first.feature]))


def test_the_strongest_reason_matters_far_more_than_a_random_one() -> None:
    tested = learnt().faithfulness(TABLE)
    assert tested.falls > 0.9
    assert tested.falls > tested.random_falls + 0.2
    assert tested.mean_fall > 3 * tested.random_mean_fall
    assert tested.moves > tested.random_moves
    assert "With its strongest reason changed" in tested.words


def test_a_second_opinion_largely_agrees() -> None:
    opinions = [learnt().second_opinion(TABLE, row) for row in range(0, 2_000, 50)]
    assert np.mean(opinions) > 0.7
    assert opinions[0] == learnt().second_opinion(TABLE, 0)


def test_missing_and_infinite_values_are_taken_as_missing() -> None:
    table = {name: column[:3].copy() for name, column in TABLE.items()}
    table[NAMES[0]][:2] = np.nan, np.inf
    chances = learnt().probabilities(table)
    assert np.isfinite(chances).all()
    reasons = learnt().reasons(table, WORLD.groups[:3], top=len(NAMES))
    missing = [reason for reason in reasons.of(1) if reason.feature == NAMES[0]]
    assert (missing[0].high, missing[0].phrase) == (None, "")


def test_nobody_is_assigned_among_nobody() -> None:
    nobody = {name: np.empty(0) for name in NAMES}
    labels, _ = learnt().assign(nobody)
    assert len(labels) == len(learnt().reasons(nobody, labels)) == 0


def test_customers_of_no_group_teach_nothing_and_one_group_needs_no_trees() -> None:
    labels = np.where(WORLD.groups == 0, 0, -1)
    alone = learn_classifier(TABLE, NAMES, labels, 1)
    assert (alone.k, alone.trees, alone.words) == (1, b"", "All customers are in one segment.")
    assert alone.assign(TABLE)[1].tolist() == [1.0] * 2_000
    assert Classifier.from_bytes(alone.to_bytes()) == alone
    with pytest.raises(DataError, match="No customer has a segment"):
        learn_classifier(TABLE, NAMES, np.full(2_000, -1), 1)


def test_a_missing_feature_is_named() -> None:
    with pytest.raises(DataError, match="no column 'habit_0'"):
        learnt().assign({})
