"""The study of a contest: complete, plain, and right about what was planted."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np
import pytest

from patron.models.arrays import Floats
from patron.models.validation.backtest import Fold, evaluate
from patron.models.validation.drivers import Driver
from patron.models.validation.gate import choose
from patron.scores.contest import Contest, LeakCheck
from patron.scores.study import FIGURES, study
from patron.segments.tiers import value_tiers
from patron.settings import ModelSettings, SegmentSettings

COUNT = 1500
BRANCH = np.where(np.arange(COUNT) % 3 == 0, "north", "south")
GENDER = np.where(np.arange(COUNT) % 2 == 0, "f", "m")
tier_of = partial(value_tiers, settings=SegmentSettings())


def fold(day: int, lift: Floats) -> Fold:
    rng = np.random.default_rng(day)
    mean = rng.gamma(1, 80, COUNT)
    chance = rng.uniform(0.2, 0.9, COUNT)
    bought = rng.random(COUNT) < chance
    actual = np.where(bought, mean / chance, 0.0)
    guesses = {"trailing_value": mean * rng.lognormal(0, 1, COUNT), "bg_nbd": mean * lift}
    return Fold(day, np.arange(COUNT), actual, guesses, dict.fromkeys(guesses, 1 - chance), bought)


def contest() -> Contest:
    folds = [fold(day, np.where(BRANCH == "north", 1.6, 1.0)) for day in (200, 100)]
    board = evaluate(folds, seed=1)
    verdict = choose(board, "rmse", 0.5, ["trailing_value"])
    return Contest(verdict, board, (), 90, LeakCheck(("bg_nbd",), 7, 3000, by_content=True), (Driver("T", 0.5),))


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    groups = {"branch": [BRANCH, BRANCH], "gender": [GENDER, GENDER]}
    settings = ModelSettings(fairness_groups=("branch", "gender", "country"))
    return study(contest(), groups, tier_of, settings)


def test_every_model_has_every_figure_with_its_error_over_all_folds_and_on_each(found: dict[str, Any]) -> None:
    assert [row["model"] for row in found["results"]] == ["trailing_value", "bg_nbd"]
    for row in found["results"]:
        assert set(row["overall"]) == set(FIGURES)
        assert [part["cutoff"] for part in row["folds"]] == [200, 100]
        for figures in (row["overall"], *(part["figures"] for part in row["folds"])):
            assert all(figure["error"] > 0 for figure in figures.values())
    behind = found["results"][0]["behind_champion"]
    assert behind["value"] > 2 * behind["error"] > 0
    assert found["results"][1]["behind_champion"] is None


def test_the_planted_fault_is_found_as_a_slice_and_as_unfairness(found: dict[str, Any]) -> None:
    worst = found["worst_slices"][0]
    assert (worst["by"], worst["name"]) == ("branch", "north")
    assert worst["bias"]["value"] == pytest.approx(0.6, abs=0.15)
    groups = {(row["by"], row["name"]): row["standing"] for row in found["fairness"]["groups"]}
    assert groups["branch", "north"] == "beyond"
    assert groups["gender", "f"] != "beyond"
    assert found["fairness"]["standing"] == "beyond"


def test_a_declared_group_that_no_source_tells_is_named(found: dict[str, Any]) -> None:
    assert found["fairness"]["not_told"] == ["country"]
    assert "country" not in {row["by"] for row in found["slices"]}


def test_slices_are_by_tier_tenth_and_every_group_each_adding_up_to_all(found: dict[str, Any]) -> None:
    by = {row["by"] for row in found["slices"]}
    assert by == {"tier", "decile", "branch", "gender"}
    for name in by:
        total = sum(row["actual_total"] for row in found["slices"] if row["by"] == name)
        assert total == pytest.approx(sum(float(f.actual.sum()) for f in contest().board.folds))


def test_chances_customers_leaks_and_drivers_are_told(found: dict[str, Any]) -> None:
    assert (found["customers"], found["rows"]) == (COUNT, 2 * COUNT)
    assert found["calibration"]["ece"]["value"] < 0.05
    assert found["leak_check"]["inputs"] == 7
    assert found["drivers"] == [{"feature": "T", "change": 0.5}]
    assert "200 draws" in found["resampling"]


def test_the_study_is_json_without_nan_and_the_same_each_time(found: dict[str, Any]) -> None:
    text = json.dumps(found, allow_nan=False)
    groups = {"branch": [BRANCH, BRANCH], "gender": [GENDER, GENDER]}
    settings = ModelSettings(fairness_groups=("branch", "gender", "country"))
    assert json.dumps(study(contest(), groups, tier_of, settings), allow_nan=False) == text


def test_without_chances_there_is_no_calibration() -> None:
    plain = contest()
    folds = [Fold(f.cutoff_day, f.customer_id, f.actual, f.predictions) for f in plain.board.folds]
    bare = Contest(plain.verdict, evaluate(folds), (), 90)
    assert study(bare, {}, tier_of, ModelSettings())["calibration"] is None
