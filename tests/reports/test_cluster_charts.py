"""The pictures of clusters: what was tried and chosen, and the map."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from patron.reports.cluster_charts import candidates_chart, cluster_map, drawn_rows, legend, shown_variance
from patron.reports.segment_answers import Candidate, Choice, Criteria, Picture, Profile


def tried(algorithm: str, k: int, silhouette: float, score: float = 0.5) -> Candidate:
    return Candidate(algorithm, algorithm.title(), k, Criteria(silhouette, None, 800.0, 0.9, 0.2, 0.7), score)


CHOSEN = tried("kmeans", 3, 0.31)
CHOICE = Choice(3, (tried("kmeans", 2, 0.25), CHOSEN, tried("ward", 2, 0.2, 0.9), tried("dbscan", 1, 0.0)), CHOSEN)
PROFILES = (Profile(0, "Big", 10, 0.1, 5.0, 0.5), Profile(1, "Small", 90, 0.9, 5.0, 0.5))


@pytest.mark.parametrize("width", [340.0, 1040.0])
def test_the_chosen_grouping_is_marked_with_its_figures(width: float) -> None:
    drawing = ET.fromstring(candidates_chart(CHOICE, width, "c"))  # noqa: S314 - our own
    words = [str(text.text) for text in drawing.iter("text")]
    assert {"Silhouette", "Davies–Bouldin", "Calinski–Harabasz", "Stability", "Smallest segment", "Value told"} <= {
        *words
    }
    assert "0.31" in words
    marks = [line for line in drawing.iter("line") if line.attrib["class"] == "mark"]
    assert len(marks) == 6


def test_the_chosen_algorithm_is_the_strong_line_and_else_the_best_by_score() -> None:
    assert legend(CHOICE) == (("strong", "kmeans", "Kmeans"), ("other-0", "ward", "Ward"))
    nothing_chosen = Choice(1, CHOICE.candidates)
    assert legend(nothing_chosen)[0] == ("strong", "ward", "Ward")


def test_a_large_sample_is_thinned_evenly() -> None:
    picture = Picture(tuple((float(k), 0.0) for k in range(2000)), (0,) * 2000)
    rows = drawn_rows(picture)
    assert len(rows) == 667
    assert rows[:3] == (0, 3, 6)


def test_the_map_numbers_each_cluster_at_its_middle_and_draws_those_of_none_apart() -> None:
    points = tuple((float(k % 10), float(k // 10)) for k in range(60))
    labels = (-1,) * 10 + (0,) * 20 + (1,) * 30
    drawing = ET.fromstring(cluster_map(Picture(points, labels), PROFILES, 340.0, "m"))  # noqa: S314 - our own
    assert [text.text for text in drawing.iter("text")] == ["1", "2"]
    classes = [path.attrib["class"] for path in drawing.iter("path")]
    assert classes == ["dots group-none", "dots group-0", "dots group-1"]
    assert [path.attrib["d"].count("h0") for path in drawing.iter("path")] == [10, 20, 30]


def test_the_share_that_two_axes_of_three_keep_is_told_and_none_of_a_bent_map() -> None:
    points = ((1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0))
    assert shown_variance(Picture(points, (0,) * 6, "pca", 0.9)) == pytest.approx(0.6)
    assert shown_variance(Picture(points, (0,) * 6, "tsne", None)) is None
