"""Reasons read as a sentence, and the surrogate finds what a known rule does."""

from __future__ import annotations

import numpy as np
import pytest

from patron.segments.clusters.explanations import Marginals, Reason, because, common_share, listed, local_weights

RNG = np.random.default_rng(6)


def test_reasons_become_words_without_a_feature_name() -> None:
    reasons = (Reason("orders", 2.0, True), Reason("discounted_lines_share", 1.0, False))
    assert because(reasons) == "because they buy often and rarely buy things on offer"


def test_what_speaks_against_is_missing_or_said_already_is_left_out() -> None:
    reasons = (
        Reason("orders", 2.0, True),
        Reason("purchase_days", 1.5, True),
        Reason("mean_gap", 1.0, None),
        Reason("historic_value", -0.5, True),
    )
    assert because(reasons) == "because they buy often"
    assert because(reasons[2:]) == ""


def test_phrases_are_listed_as_one_would() -> None:
    assert [listed(("a", "b", "c")[:count]) for count in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_standing_is_the_share_below_with_ties_halved() -> None:
    marginals = Marginals.of(np.array([[0.0], [0.0], [0.0], [5.0], [np.nan]]))
    assert marginals.missing == (pytest.approx(0.2),)
    low, high, unknown = marginals.standing(np.array([[0.0], [5.0], [np.nan]]))[:, 0]
    assert low < 0.5 < high
    assert np.isnan(unknown)


def test_the_surrogate_weighs_what_the_rule_reads_and_nothing_else() -> None:
    table = RNG.normal(size=(2_000, 6))

    def rule(matrix: np.ndarray) -> np.ndarray:
        chance = 1 / (1 + np.exp(-(3 * matrix[:, 1] - 2 * matrix[:, 4])))
        return np.column_stack([1 - chance, chance])

    weights = local_weights(np.array([0.0, 2.0, 0, 0, -2.0, 0]), 1, Marginals.of(table), rule, 1)
    assert np.argsort(-np.abs(weights))[:2].tolist() == [1, 4]
    assert weights[1] == pytest.approx(6, rel=0.25)
    assert weights[4] == pytest.approx(4, rel=0.25)
    assert np.abs(weights[[0, 2, 3, 5]]).max() < 0.8


def test_the_share_in_common_is_of_the_largest_by_size() -> None:
    assert common_share(np.array([5.0, -4, 3, 0]), np.array([-9.0, 8, 0, 7]), top=2) == 1
    assert common_share(np.array([5.0, -4, 0, 0]), np.array([0, 0, 8.0, 7]), top=2) == 0
