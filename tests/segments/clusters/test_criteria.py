"""Criteria measure what they say, against closed forms and groups that are known."""

from __future__ import annotations

import numpy as np
import pytest

from patron.segments.clusters.algorithms import algorithm_named
from patron.segments.clusters.criteria import criteria_of, rand_index, silhouette, stability, valley
from segments.clusters.planted import noise, planted

WORLD = planted(6, 900)
KMEANS = algorithm_named("kmeans")


def test_density_falls_between_planted_groups_and_not_inside_one() -> None:
    assert valley(WORLD.points, WORLD.groups) > 0.8
    too_many = KMEANS.labels(WORLD.points, WORLD.k + 2, 1)
    assert valley(WORLD.points, too_many) < 0.5
    assert valley(noise(0).points, KMEANS.labels(noise(0).points, 4, 1)) < 0.4


def test_points_of_no_group_do_not_dig_the_valley() -> None:
    points = np.random.default_rng(2).normal(size=(2_000, 2))
    labels = np.where(np.abs(points[:, 0]) < 0.7, -1, (points[:, 0] > 0).astype(np.int64))
    assert valley(points, labels) < 0.3


def test_planted_groups_are_found_again_and_too_many_are_not() -> None:
    assert stability(WORLD.points, KMEANS, WORLD.k, 1) > 0.98
    assert stability(noise(0, 900).points, KMEANS, 6, 1) < 0.8


def test_the_index_of_the_same_grouping_under_other_numbers_is_one() -> None:
    assert rand_index(np.array([0, 0, 1, 2]), np.array([5, 5, 0, 1])) == 1


def test_all_criteria_of_planted_groups_are_good() -> None:
    found = criteria_of(WORLD.points, WORLD.value, WORLD.groups, 1.0)
    assert found.silhouette == pytest.approx(silhouette(WORLD.points, WORLD.groups))
    assert found.silhouette > 0.4
    assert found.davies_bouldin < 1.2
    assert found.smallest_share == pytest.approx(np.bincount(WORLD.groups).min() / 900)
    assert found.in_no_group == 0


def test_one_group_scores_nothing() -> None:
    found = criteria_of(WORLD.points, WORLD.value, np.zeros(900, dtype=np.int64), 1.0)
    assert (found.silhouette, found.valley, found.value_told) == (0, 0, 0)
