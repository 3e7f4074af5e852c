from __future__ import annotations

import pytest

from patron.features.catalogue import FEATURES
from patron.features.words import FeatureWords, has_own_words, words_of
from patron.tables import BEHAVIOUR, SCORES, SEGMENTS

DECLARED = (*SCORES.names, *SEGMENTS.names, *BEHAVIOUR.names)
NAMES = tuple(dict.fromkeys((*(feature.name for feature in FEATURES), *DECLARED)))


@pytest.mark.parametrize("name", NAMES)
def test_every_column_has_words_of_its_own_without_underscores(name: str) -> None:
    assert has_own_words(name)
    words = words_of(name)
    assert all((words.noun, words.high, words.low))
    assert "_" not in f"{words.noun}{words.high}{words.low}"
    assert words.high != words.low


@pytest.mark.parametrize("part", ["noun", "high", "low"])
def test_no_two_columns_share_their_words(part: str) -> None:
    spoken = [getattr(words_of(name), part) for name in NAMES]
    assert sorted(spoken) == sorted(set(spoken))


@pytest.mark.parametrize(
    ("name", "noun"),
    [
        ("value_90d", "money spent in the last 90 days"),
        ("value_45d", "money spent in the last 45 days"),
        ("opens_30d", "number of messages opened in the last 30 days"),
        ("value_trend_90d", "share of the spending of the last 180 days that fell in the last 90"),
        ("orders_trend_365d", "share of the orders of the last 365 days that fell in the last 180"),
        ("quarter_4_share", "share of orders from October to December"),
    ],
)
def test_windowed_words_tell_their_window(name: str, noun: str) -> None:
    assert words_of(name).noun == noun


def test_a_high_figure_of_refunds_is_near_zero_and_so_means_little_given_back() -> None:
    assert words_of("refund_value").high == "give back little or nothing"


def test_an_unknown_name_is_read_as_it_stands() -> None:
    assert words_of("my__plugin_figure") == FeatureWords(
        "my plugin figure", "have a high my plugin figure", "have a low my plugin figure"
    )
    assert not has_own_words("my__plugin_figure")
    assert words_of("___").noun == "an unnamed figure"
