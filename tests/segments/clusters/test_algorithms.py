"""Every algorithm finds the same groups for the same points and seed, however they are ordered."""

from __future__ import annotations

import numpy as np
import pytest

from patron.errors import UnknownName
from patron.segments.clusters.algorithms import ALGORITHMS, NOISE, Algorithm, algorithm_named, knee, numbered
from patron.segments.clusters.criteria import rand_index
from segments.clusters.planted import planted

WORLD = planted(6, 900)


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.name)
def test_planted_groups_are_found_whatever_the_order_of_points(algorithm: Algorithm) -> None:
    labels = algorithm.labels(WORLD.points, WORLD.k, 3)
    order = np.random.default_rng(1).permutation(len(labels))
    assert np.array_equal(algorithm.labels(WORLD.points[order], WORLD.k, 3), labels[order])
    member = labels != NOISE
    assert member.mean() > 0.6
    assert rand_index(WORLD.groups[member], labels[member]) > 0.9


def test_many_points_go_to_k_means_in_batches() -> None:
    world = planted(6, 60_000)
    labels = algorithm_named("kmeans").labels(world.points, world.k, 3)
    assert np.array_equal(labels, algorithm_named("minibatch_kmeans").labels(world.points, world.k, 3))
    assert rand_index(world.groups, labels) > 0.9


def test_a_tree_of_some_points_carries_on_to_the_rest() -> None:
    world = planted(6, 5_000)
    assert rand_index(world.groups, algorithm_named("agglomerative").labels(world.points, world.k, 3)) > 0.9


def test_groups_are_numbered_by_value_then_by_size_and_noise_stays() -> None:
    labels = np.array([7, 7, 7, 2, 2, 4, NOISE])
    assert numbered(labels).tolist() == [0, 0, 0, 1, 1, 2, NOISE]
    assert numbered(labels, np.array([1.0, 1, 1, 1, 1, 5, 99])).tolist() == [1, 1, 1, 2, 2, 0, NOISE]


def test_fewer_distinct_points_than_groups_make_as_many_groups_as_points() -> None:
    points = np.repeat([[0.0, 0.0], [1.0, 1.0]], 40, axis=0)
    assert np.bincount(algorithm_named("kmeans").labels(points, 5, 1)).tolist() == [40, 40]


def test_the_knee_is_where_the_curve_bends() -> None:
    curve = np.concatenate([np.linspace(0, 1, 90), np.linspace(1.2, 10, 10)])
    assert knee(curve) == pytest.approx(1.0, abs=0.05)
    assert knee(np.ones(5)) == 1.0


def test_an_unknown_algorithm_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"No clustering algorithm named 'k-means'.*gaussian_mixture"):
        algorithm_named("k-means")
