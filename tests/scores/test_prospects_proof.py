"""The proof of newcomers' values: it sees what is there, and says so where there is nothing to see."""

from __future__ import annotations

import numpy as np

from patron.models.valuing.acquisition import AcquisitionTerms
from patron.models.valuing.prospects import Newcomers, PastNewcomers, Prospects
from patron.scores.prospects import EVERYBODY, MOST_WORDS, OTHERS, prove, telling, value_groups

TERMS = AcquisitionTerms()


def world(count: int, seed: int, pull: float, words: int = 4, days: int = 400) -> PastNewcomers:
    """Newcomers whose value depends on their source by so much, and on nothing else."""
    rng = np.random.default_rng(seed)
    source = rng.integers(0, words, count)
    value = np.where(rng.random(count) < 0.5, rng.gamma(2, 10, count) * (1 + pull * source), 0.0)
    who = Newcomers(rng.lognormal(3, 0.5, count), {"source": np.array([f"s{number}" for number in source])})
    return PastNewcomers(who, rng.integers(0, days, count), value, 60)


def test_where_the_first_day_says_nothing_the_proof_says_so() -> None:
    verdicts = []
    for seed in range(6):
        proof = prove(world(1500, seed, pull=0.0), np.arange(1500), seed)
        assert proof is not None
        verdicts += [proof.tells_apart, *(row.verdict == "better" for row in proof.rivals)]
    assert np.mean(verdicts) < 0.2


def test_where_only_the_source_counts_its_average_is_the_strongest_rule_and_not_beaten() -> None:
    proof = prove(world(3000, 1, pull=1.0), np.arange(3000), 1)
    assert proof is not None
    assert proof.tells_apart
    assert [row.rule for row in proof.rivals] == ["source", "first_order"]
    assert [row.verdict for row in proof.rivals] == ["no better", "better"]


def test_teachers_and_tested_share_no_day_of_their_horizons_where_that_leaves_enough_of_both() -> None:
    long, short = (prove(world(1200, 2, 1.0, days=days), np.arange(1200), 2) for days in (400, 70))
    assert long is not None
    assert short is not None
    assert (long.apart, short.apart) == (True, False)
    assert long.taught + long.tested < 1200 == short.taught + short.tested


def test_too_few_newcomers_are_not_parted() -> None:
    assert prove(world(250, 3, 1.0), np.arange(250), 3) is None


def test_of_many_words_the_commonest_are_told_by_name_and_the_rest_as_one_group() -> None:
    past = world(3000, 4, 0.0, words=150)
    fitted = Prospects().fit(past)
    once = np.ones(3000, dtype=np.int64)
    rows = value_groups(fitted, past.newcomers, once, "source", TERMS)
    assert len(rows) == MOST_WORDS + 1
    assert OTHERS in {row.value.channel for row in rows}
    assert sum(row.value.customers for row in rows) == 3000
    (whole,) = value_groups(fitted, past.newcomers, once, EVERYBODY, TERMS)
    total = sum(row.value.customers * row.value.expected_value for row in rows)
    assert np.isclose(whole.value.expected_value * 3000, total)


def test_an_attribute_that_says_the_same_of_all_tells_nothing() -> None:
    words = {"one": np.array(["a", "a", "b"]), "same": np.array(["x", "x", "x"])}
    assert telling(words, np.array([True, True, True])) == ("one",)
    assert telling(words, np.array([True, True, False])) == ()
