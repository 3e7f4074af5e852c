"""segmentation.json, read into types: whole, in part, absent or damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from patron.errors import DamagedRelease
from patron.reports.segment_answers import Segmentation, read_segmentation
from reports.fake_segments import told_segments


def read(folder: Path, told: object) -> Segmentation:
    (folder / "segmentation.json").write_text(json.dumps(told))
    return read_segmentation(folder)


def test_a_whole_file_keeps_its_figures(tmp_path: Path) -> None:
    told = read(tmp_path, told_segments())
    assert told.segmentation is not None
    assert told.segmentation.clusters is not None
    assert told.segmentation.clusters.choice.candidates[3].criteria.davies_bouldin is None
    assert told.behaviour is not None
    assert told.behaviour.measured is not None
    assert told.bridge is not None
    assert told.bridge.sums is not None
    assert told.bridge.sums.change == -44_600 * 10_000


@pytest.mark.parametrize("told", [{}, {"segmentation": {}}, {"behaviour": None, "bridge": {"previous": None}}])
def test_what_is_missing_is_nothing(tmp_path: Path, told: object) -> None:
    assert read(tmp_path, told).behaviour is None


def test_a_release_from_before_tells_nothing(tmp_path: Path) -> None:
    assert read_segmentation(tmp_path) == Segmentation()


def test_figures_that_are_not_numbers_are_none(tmp_path: Path) -> None:
    told = told_segments()
    told["segmentation"]["foresight"]["tier"]["accuracy"] = float("nan")
    read_back = read(tmp_path, told).segmentation
    assert read_back is not None
    assert read_back.foresight is not None
    assert not read_back.foresight["tier"].measured


def test_a_damaged_file_says_where(tmp_path: Path) -> None:
    with pytest.raises(DamagedRelease, match=r"segmentation\.json .*behaviour\.usual_value"):
        read(tmp_path, {"behaviour": {"usual_value": "a lot"}})
