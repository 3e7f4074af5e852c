"""The verdicts: a word for each question, with the figure behind it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patron.reports.answers import Answers, read_answers
from patron.reports.evidence import CoverageRow
from patron.reports.story import gate_sentence, metric_figure, verdicts
from reports.fake_release import shop_release


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    return read_answers(shop_release(tmp_path_factory.mktemp("shop"), customers=200))


def _with_bias(answers: Answers, bias: float) -> Answers:
    gate = answers.evidence.gate
    rows = tuple(replace(row, bias=bias) for row in gate.leaderboard)
    return replace(answers, evidence=replace(answers.evidence, gate=replace(gate, leaderboard=rows)))


@pytest.mark.parametrize(("bias", "level"), [(0.04, "good"), (-0.2, "fair"), (0.4, "poor")])
def test_the_total_is_judged_by_its_bias(shop: Answers, bias: float, level: str) -> None:
    assert verdicts(_with_bias(shop, bias))[1].level == level


def test_a_bias_is_told_as_too_high_or_too_low(shop: Answers) -> None:
    assert verdicts(_with_bias(shop, -0.2))[1].why == "In the backtest the predicted total was 20% too low."


@pytest.mark.parametrize(("measured", "level"), [(0.81, "good"), (0.72, "fair"), (0.97, "poor"), (None, "untested")])
def test_intervals_are_judged_by_how_near_they_keep_their_promise(
    shop: Answers, measured: float | None, level: str
) -> None:
    coverage = replace(shop.evidence.coverage, overall=CoverageRow("All", 100, 0.8, measured))
    assert verdicts(replace(shop, evidence=replace(shop.evidence, coverage=coverage)))[3].level == level


@pytest.mark.parametrize(("quarantined", "level"), [(0, "good"), (15_000, "fair"), (90_000, "poor")])
def test_the_data_are_judged_by_the_share_set_aside(shop: Answers, quarantined: int, level: str) -> None:
    run = replace(shop.evidence.run, quarantined=quarantined)
    assert verdicts(replace(shop, evidence=replace(shop.evidence, run=run)))[4].level == level


def test_where_more_is_better_the_best_baseline_is_the_greatest(shop: Answers) -> None:
    gate = replace(shop.evidence.gate, metric="gini")
    by_gini = replace(shop, evidence=replace(shop.evidence, gate=gate))
    assert "normalised Gini 0.71 against 0.62 for RFM rate" in gate_sentence(by_gini)


def test_a_model_that_scored_better_and_was_refused_for_its_total_is_named(shop: Answers) -> None:
    gate = shop.evidence.gate
    rows = [replace(row, rmse=1300.0, bias=-0.31) if row.model == "bg_nbd" else row for row in gate.leaderboard]
    told = replace(gate, leaderboard=tuple(rows), max_bias=0.25)
    refused = "BG/NBD × Gamma-Gamma scored better (RMSE £1,300), but was refused: its predicted total was 31% too low, and at most 25% is allowed."
    passed = replace(shop, evidence=replace(shop.evidence, gate=told))
    assert gate_sentence(passed) == (
        f"Gradient boosting makes these values: it beat every plain baseline out of time (RMSE £1,412 against £1,655 for RFM rate). {refused}"
    )
    baseline = replace(told, champion="rfm_rate", champion_title="RFM rate", passed=False)
    assert gate_sentence(replace(shop, evidence=replace(shop.evidence, gate=baseline))) == (
        f"No model passed, so the values come from a plain baseline, RFM rate (RMSE £1,655). {refused}"
    )


def test_no_model_is_said_to_be_refused_that_scored_worse_or_had_its_total_about_right(shop: Answers) -> None:
    told = replace(shop.evidence.gate, max_bias=0.25)
    within = replace(shop, evidence=replace(shop.evidence, gate=told))
    assert gate_sentence(within) == gate_sentence(shop)
    assert "refused" not in gate_sentence(_with_bias(within, -0.2))


@pytest.mark.parametrize(
    ("metric", "value", "words"),
    [
        ("rmse", 1412.3, "£1,412"),
        ("mae", 8.126, "£8.13"),
        ("gini", 0.7, "0.70"),
        ("bias", -0.1, "−10%"),
        ("wape", None, "–"),
    ],
)
def test_a_backtest_figure_is_written_in_its_own_unit(metric: str, value: float | None, words: str) -> None:
    assert metric_figure(metric, value, "GBP") == words
