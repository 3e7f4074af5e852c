"""Wording: no more figures than the interval warrants, and nothing that misleads."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.reports import wording


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (1_012_345.0, 870_000.0, 1_140_000.0, "£1.01\u00a0million"),
        (812_345.0, 772_000.0, 852_000.0, "£812,000"),
        (1234.5, 300.0, 4000.0, "£1,200"),
        (12.34, 0.0, 900.0, "£10"),
        (2.5, 2.0, 3.0, "£2.50"),
        (-120.4, -200.0, -10.0, "−£120"),
        (0.0, 0.0, 10.0, "£0"),
        (8_300_065.81, 8_300_065.81, 8_300_065.81, "£8.30\u00a0million"),
    ],
)
def test_money_is_as_precise_as_its_interval_warrants(value: float, low: float, high: float, words: str) -> None:
    assert wording.money(value, "GBP", wording.rounding_step(low, high)) == words


def test_a_currency_without_a_sign_is_written_before_the_amount() -> None:
    assert wording.money(1200, "CZK") == "CZK\u00a01,200"
    assert wording.money(-1200, "", 100) == "−1,200"


def test_counted_money_keeps_its_hundredths() -> None:
    assert wording.exact_money(8300065.81, "GBP") == "£8,300,065.81"
    assert wording.exact_money(-0.001, "EUR") == "€0.00"


@given(value=st.floats(-1e13, 1e13), half=st.floats(0, 1e12))
def test_rounding_stays_within_the_interval_or_half_a_unit(value: float, half: float) -> None:
    step = wording.rounding_step(value - half, value + half)
    assert abs(wording.rounded(value, step) - value) <= max(half, 0.5) + 1e-6 * abs(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.684, "68%"),
        (0.0004, "under 1%"),
        (0.9996, "over 99%"),
        (1.0, "100%"),
        (0.0, "0%"),
        (-0.09, "−9%"),
        (None, "–"),
    ],
)
def test_a_share_is_never_written_as_nothing_or_all_when_it_is_not(value: float | None, words: str) -> None:
    assert wording.share(value) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0.04, "+4%"), (-0.15, "−15%"), (0.001, "0%"), (-0.001, "0%"), (None, "–")]
)
def test_a_difference_carries_its_sign(value: float | None, words: str) -> None:
    assert wording.signed_share(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "€0"), (950, "€950"), (1200, "€1.2k"), (999_960, "€1m"), (2.5e9, "€2.5bn"), (-5000, "−€5k")],
)
def test_axis_labels_are_short(value: float, words: str) -> None:
    assert wording.short_money(value, "EUR") == words


@pytest.mark.parametrize(
    ("value", "step", "words"),
    [
        (2_604_000, 1000, "£2.604m"),
        (88_000, 1000, "£88k"),
        (-8_400, 100, "−£8.4k"),
        (400, 100, "£400"),
        (0.2, 0.01, "£0.20"),
    ],
)
def test_short_money_to_a_step_keeps_that_step(value: float, step: float, words: str) -> None:
    assert wording.short_money(value, "GBP", step) == words


def test_days_and_spans_read_as_a_person_would_write_them() -> None:
    assert wording.day(date(2011, 12, 9)) == "9 December 2011"
    assert wording.span(date(2011, 12, 30), date(2012, 2, 3)) == "30 Dec 2011 to 3 Feb 2012"
    assert wording.span(date(2012, 1, 3), date(2012, 2, 3)) == "3 Jan to 3 Feb 2012"
    assert wording.span(None, date(2012, 2, 3)) == "–"


def test_lists_and_counts_read_as_words() -> None:
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert (wording.count(1, "row"), wording.count(2500, "row")) == ("1 row", "2,500 rows")
    assert (wording.period(365), wording.period(90)) == ("year", "90 days")


def test_letters_that_turn_or_hide_text_are_made_visible() -> None:
    assert wording.printable("a\u202eb\x00c") == "a\ufffdb\ufffdc"
    assert wording.printable("客户-مرحبا-👩‍💻") == "客户-مرحبا-👩‍💻"
