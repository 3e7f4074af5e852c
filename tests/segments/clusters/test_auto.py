"""The number of groups is found where there are groups, and none where there are none."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from patron.errors import DataError, UnknownName
from patron.segments.clusters.auto import Choice, choose, score
from patron.segments.clusters.criteria import Criteria, rand_index
from segments.clusters.planted import noise, planted

FEW_ROWS = 1_200
SQUARES = Criteria(0.4, 1.0, 100.0, 0.9, 0.2, 0.5, 0.3, 0.0)


@cache
def chosen(seed: int) -> Choice:
    world = planted(seed, FEW_ROWS)
    return choose(world.points, world.value, 1)


@pytest.mark.parametrize("seed", [0, 6, 7, 13])
def test_planted_groups_are_found(seed: int) -> None:
    world = planted(seed, FEW_ROWS)
    assert chosen(seed).verdict == "clear"
    assert chosen(seed).k == world.k
    assert rand_index(world.groups, chosen(seed).labels) >= 0.9


@pytest.mark.slow
def test_planted_groups_are_found_in_18_of_20_worlds() -> None:
    found = []
    for seed in range(100, 120):
        world = planted(seed)
        choice = choose(world.points, world.value, seed)
        found.append(choice.k == world.k and rand_index(world.groups, choice.labels) >= 0.9)
    assert sum(found) >= 18, found


@pytest.mark.parametrize("seed", [0, 1])
def test_noise_is_called_noise(seed: int) -> None:
    world = noise(seed, FEW_ROWS)
    choice = choose(world.points, world.value, 1)
    assert (choice.verdict, choice.k, choice.chosen) == ("noise", 1, None)
    assert choice.sentence.startswith("One group only")


@pytest.mark.slow
def test_every_world_of_noise_is_called_noise() -> None:
    assert [choose(noise(seed).points, noise(seed).value, seed).verdict for seed in range(200, 205)] == ["noise"] * 5


def test_a_continuum_with_skew_is_drawn_into_useful_segments() -> None:
    rng = np.random.default_rng(3)
    points = np.column_stack([rng.exponential(size=(FEW_ROWS, 3)), rng.normal(size=(FEW_ROWS, 2)) ** 2])
    choice = choose(points, points[:, 0] * points[:, 1], 1)
    assert choice.verdict == "drawn"
    assert 4 <= choice.k <= 8
    assert "borders are drawn" in choice.sentence


def test_shuffled_points_and_the_same_seed_give_the_same_labels() -> None:
    world = planted(6, FEW_ROWS)
    order = np.random.default_rng(5).permutation(FEW_ROWS)
    again = choose(world.points[order], world.value[order], 1)
    assert np.array_equal(again.labels, chosen(6).labels[order])
    assert again.to_dict() == chosen(6).to_dict()


def test_groups_are_numbered_from_the_one_worth_most() -> None:
    world = planted(6, FEW_ROWS)
    means = [world.value[chosen(6).labels == label].mean() for label in range(chosen(6).k)]
    assert means == sorted(means, reverse=True)


def test_a_given_algorithm_and_number_are_obeyed() -> None:
    world = planted(6, FEW_ROWS)
    choice = choose(world.points, world.value, 1, algorithm="agglomerative", k=3)
    assert choice.k == 3
    assert {candidate.algorithm for candidate in choice.candidates} == {"agglomerative"}
    assert "3 segments by Ward's tree" in choice.sentence


def test_noise_is_cut_where_a_number_is_asked_for_and_told_to_be_noise() -> None:
    world = noise(0, FEW_ROWS)
    choice = choose(world.points, world.value, 1, algorithm="kmeans", k=4)
    assert (choice.verdict, choice.k) == ("noise", 4)
    assert "no more than chance would find" in choice.sentence


def test_every_candidate_is_told_as_plain_data() -> None:
    content = json.loads(json.dumps(chosen(6).to_dict(), allow_nan=False))
    tried = {(one["algorithm"], one["k"]) for one in content["candidates"]}
    assert {("kmeans", k) for k in range(2, 9)} <= tried
    assert {algorithm for algorithm, _ in tried} == {"kmeans", "gaussian_mixture", "agglomerative", "dbscan", "hdbscan"}


def test_the_sentence_tells_what_was_kept_and_what_another_number_would_give() -> None:
    assert f"{chosen(6).k} segments by" in chosen(6).sentence
    assert "would be separated" in chosen(6).sentence or "no other number" in chosen(6).sentence


def test_two_groups_and_tiny_ones_and_customers_in_none_are_worth_less() -> None:
    tiny = Criteria(0.4, 1.0, 100.0, 0.9, 0.01, 0.5, 0.3, 0.0)
    noisy = Criteria(0.4, 1.0, 100.0, 0.9, 0.2, 0.5, 0.3, 0.4)
    assert score(5, SQUARES, 1_000) > score(2, SQUARES, 1_000)
    assert score(5, SQUARES, 1_000) > score(5, tiny, 1_000)
    assert score(5, SQUARES, 1_000) > score(5, noisy, 1_000)
    assert score(1, SQUARES, 1_000) == 0


def test_too_few_customers_and_unknown_algorithms_are_refused() -> None:
    with pytest.raises(DataError, match="49 customers are too few"):
        choose(np.zeros((49, 2)), np.zeros(49))
    with pytest.raises(UnknownName, match="Did you mean 'kmeans'"):
        choose(np.zeros((60, 2)), np.zeros(60), algorithm="kmean")


def test_an_algorithm_that_finds_one_region_says_so_and_points_on() -> None:
    points = np.random.default_rng(2).exponential(size=(600, 4))
    choice = choose(points, points[:, 0], 1, algorithm="dbscan")
    assert (choice.verdict, choice.k) == ("noise", 1)
    assert "DBSCAN finds no second region" in choice.sentence


@pytest.mark.parametrize("distinct", [1, 2, 4])
def test_a_few_distinct_points_are_grouped_or_called_one_group(distinct: int) -> None:
    places = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])[:distinct]
    choice = choose(np.repeat(places, 60, axis=0), np.ones(60 * distinct), 1)
    assert choice.k <= max(distinct, 1)
