"""Segments are found in one go, alike for shuffled customers, and kept as files that assign the next ones."""

from __future__ import annotations

import json
import pickle
from functools import cache

import numpy as np
import pytest

from patron.errors import DataError
from patron.segments.clusters.classifier import Classifier
from patron.segments.clusters.criteria import rand_index
from patron.segments.clusters.found import Clusters, find_clusters
from patron.segments.clusters.space import Space
from segments.clusters.planted import noise, planted

WORLD = planted(6, 1_500)
TABLE = WORLD.columns()
NAMES = tuple(TABLE)
IDS = np.array([f"K{number}" for number in range(1_500)])


@cache
def found() -> Clusters:
    return find_clusters(TABLE, WORLD.value, IDS, names=NAMES, seed=1)


def test_planted_groups_are_found_and_assigned() -> None:
    assert found().choice.verdict == "clear"
    assert found().k == WORLD.k
    assert rand_index(WORLD.groups, found().labels) > 0.9
    assert len({profile.name for profile in found().profiles}) == WORLD.k
    assert np.array_equal(found().assign(TABLE)[0], found().labels)


def test_shuffled_customers_get_the_same_segments() -> None:
    order = np.random.default_rng(3).permutation(1_500)
    shuffled = {name: column[order] for name, column in TABLE.items()}
    again = find_clusters(shuffled, WORLD.value[order], IDS[order], names=NAMES, seed=1)
    assert np.array_equal(again.labels, found().labels[order])
    assert again.classifier == found().classifier
    assert np.array_equal(order[again.picture.rows], found().picture.rows)


def test_a_sample_teaches_what_all_are_assigned_by() -> None:
    sampled = find_clusters(TABLE, WORLD.value, IDS, names=NAMES, seed=1, algorithm="kmeans", k=WORLD.k, most_rows=600)
    assert 500 < sampled.learnt_from <= 600
    assert len(sampled.labels) == 1_500
    assert rand_index(WORLD.groups, sampled.labels) > 0.9


def test_artifacts_bring_back_what_assigns() -> None:
    files = found().artifacts()
    there = Classifier.from_bytes(files)
    assert np.array_equal(there.assign(TABLE)[0], found().labels)
    assert np.array_equal(Space.from_dict(json.loads(files["space.json"])).places(TABLE), found().space.places(TABLE))
    assert json.loads(files["clusters.json"]) == json.loads(json.dumps(found().to_dict()))


def test_all_of_it_can_be_pickled() -> None:
    there: Clusters = pickle.loads(pickle.dumps(found()))  # noqa: S301 - our own, made in the line
    assert there.to_dict() == found().to_dict()


def test_noise_is_one_segment() -> None:
    world = noise(0, 1_000)
    alone = find_clusters(world.columns(), world.value, np.arange(1_000), names=tuple(world.columns()), seed=1)
    assert (alone.choice.verdict, alone.k) == ("noise", 1)
    assert alone.profiles[0].size == 1_000
    assert json.loads(alone.artifacts()["clusters.json"])["k"] == 1


def test_tables_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="None of the features describes"):
        find_clusters(TABLE, WORLD.value, IDS)
    with pytest.raises(DataError, match="has 1500 values for 3 customers"):
        find_clusters(TABLE, WORLD.value, IDS[:3], names=NAMES)
    with pytest.raises(DataError, match="value is nan in row 0"):
        find_clusters(TABLE, np.full(1_500, np.nan), IDS, names=NAMES)
