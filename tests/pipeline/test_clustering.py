"""What a run tells of its clusters: how they were chosen, also where they are those of an earlier release."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from patron.models.customers import Customers
from patron.pipeline.segmenting.clustering import Found, told_clusters
from patron.segments.clustered import Clustered
from patron.segments.clusters.found import find_clusters
from segments.clusters.planted import planted

THEN = "2011-11-09"
WORLD = planted(6, 600)
SOME = Customers(0, np.arange(600), WORLD.columns())


@pytest.fixture(scope="module")
def found() -> Found:
    ids = [str(one) for one in SOME.customer_id]
    clusters = find_clusters(SOME.columns, WORLD.value, ids, names=tuple(SOME.columns), algorithm="kmeans", seed=1)
    labels = range(clusters.k)
    clustered = Clustered(clusters.classifier, tuple(labels), tuple(f"Group {one}" for one in labels), 0.05)
    return Found(clusters, clustered, (), (), clusters.k, clusters.choice.to_dict())


def test_clusters_found_today_are_told_with_todays_candidates(found: Found) -> None:
    told = told_clusters(found, SOME)
    assert told is not None
    assert told["choice"] == found.clusters.choice.to_dict()
    assert told["kept_since"] == ""


def test_kept_clusters_are_told_with_the_candidates_of_the_day_they_were_found(found: Found) -> None:
    choice = found.choice | {"sentence": "They were clear then.", "candidates": found.choice["candidates"][:2]}
    told = told_clusters(replace(found, choice=choice, kept_since=THEN), SOME)
    assert told is not None
    assert told["choice"]["tried_on"] == told["kept_since"] == THEN
    assert told["choice"]["candidates"] == choice["candidates"] != found.choice["candidates"]
    assert told["choice"]["sentence"] == (
        f"The {found.clusters.k} clusters found on {THEN} are kept, since new ones would not be clearly better. "
        "On that day they were chosen so: They were clear then."
    )


def test_kept_clusters_whose_candidates_are_not_known_are_told_beside_a_search_of_today(found: Found) -> None:
    told = told_clusters(replace(found, choice={}, kept_since=THEN), SOME)
    assert told is not None
    assert "tried_on" not in told["choice"]
    assert told["choice"]["sentence"].endswith(f"; a search today gives: {found.choice['sentence']}")
