"""A picture is of a sample, the same in every run, and says how true to scale it is."""

from __future__ import annotations

import json
from importlib.util import find_spec

import numpy as np
import pytest

from patron.errors import UnknownName, UsageError
from patron.segments.clusters.map import picture
from segments.clusters.planted import planted

WORLD = planted(6, 2_600)


@pytest.mark.parametrize("axes", [2, 3])
def test_a_sample_is_drawn_along_its_widest_directions(axes: int) -> None:
    drawn = picture(WORLD.points, axes)
    assert drawn.coordinates.shape == (2_000, axes)
    assert drawn.explained_variance is not None
    shown = drawn.coordinates.var(axis=0).sum() / WORLD.points[drawn.rows].var(axis=0).sum()
    assert drawn.explained_variance == pytest.approx(shown)
    assert json.dumps(drawn.to_dict())


def test_shuffled_customers_are_drawn_at_the_same_places() -> None:
    order = np.random.default_rng(1).permutation(len(WORLD.points))
    one, other = picture(WORLD.points), picture(WORLD.points[order])
    assert np.array_equal(one.rows, order[other.rows])
    assert np.array_equal(one.coordinates, other.coordinates)


def test_neighbours_stay_neighbours_with_tsne() -> None:
    few = planted(6, 300)
    drawn = picture(few.points, 2, "tsne", seed=3)
    assert drawn.explained_variance is None
    assert np.array_equal(drawn.coordinates, picture(few.points, 2, "tsne", seed=3).coordinates)
    groups = few.groups[drawn.rows]
    away = np.linalg.norm(drawn.coordinates[:, None] - drawn.coordinates[None], axis=2) + np.diag(np.full(300, np.inf))
    assert (groups[away.argmin(axis=1)] == groups).mean() > 0.97


def test_one_dimension_leaves_the_other_axes_empty() -> None:
    assert picture(WORLD.points[:, :1], 3).coordinates[:, 1:].any() == False  # noqa: E712 - a numpy value


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(UnknownName, match="way to draw a map"):
        picture(WORLD.points, 2, "mds")
    with pytest.raises(UsageError, match="4 axes"):
        picture(WORLD.points, 4)


@pytest.mark.skipif(find_spec("umap") is not None, reason="umap-learn is installed here")
def test_umap_says_what_to_install() -> None:
    with pytest.raises(UsageError, match="patron\\[umap\\]"):
        picture(WORLD.points, 2, "umap")
