"""The bridge in words: the largest part first, and figures that add up as they are written."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.reports.bridge_words import (
    PART_MEANINGS,
    PART_WORDS,
    bridge_sentence,
    moves_of,
    part_money,
    rounded_ends,
    rounded_parts,
    row_step_of,
    step_of,
)
from patron.scores.bridge import PARTS, Sums

SINCE, TODAY = date(2026, 3, 5), date(2026, 3, 9)


def sums(before: float = 0.0, **parts: float) -> Sums:
    counted = {part: round(parts.get(part, 0.0) * 10_000) for part in PARTS}
    moved = [round(parts.get(name, 0.0) * 10_000) for name in ("moved_in", "moved_out")]
    start = round(before * 10_000)
    return Sums(10, 10, start, start + sum(counted.values()) + sum(moved), counted, *moved)


def test_the_sentence_tells_the_change_and_its_parts_the_largest_first() -> None:
    told = sums(900_000, silence=-63_021.5, purchases=18_399.9, new=3_401.0)
    assert bridge_sentence(told, "GBP", SINCE, TODAY) == (
        "The portfolio is worth £41,200 less than on 5 March 2026: "
        "−£63,000 silence, +£18,400 purchases, +£3,400 new customers."
    )


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (sums(5), "The portfolio is worth as much as on 5 March 2026."),
        (
            sums(5, silence=-12, purchases=12),
            "The portfolio is worth as much as on 5 March 2026: +€12.00 purchases, −€12.00 silence.",
        ),
        (
            sums(5, model_change=3_214_000, overrides=-200),
            "The portfolio is worth €3.21 million more than on 5 March 2026: +€3.21 million model change, "
            "−under €10,000 overrides.",
        ),
        (
            sums(500, moved_out=-120, refunds=-30),
            "The portfolio is worth €150 less than on 5 March 2026: −€120 moved out, −€30 refunds.",
        ),
    ],
)
def test_every_case_has_its_words(told: Sums, words: str) -> None:
    assert bridge_sentence(told, "EUR", SINCE, TODAY).replace("\u00a0", " ") == words


def test_what_changed_in_the_model_is_named_and_so_is_a_bridge_that_could_not_be_divided() -> None:
    told = sums(900, model_change=100)
    named = bridge_sentence(
        told, "EUR", SINCE, TODAY, changed=["hybrid instead of bg_nbd", "90 days ahead instead of 60"]
    )
    assert "+€100 model change (hybrid instead of bg_nbd and 90 days ahead instead of 60)." in named
    ends = bridge_sentence(told, "EUR", SINCE, SINCE, who="Branch North", undivided="the model cannot be read back")
    assert ends == (
        "Branch North is worth €100 more than the earlier release said: +€100 all else. "
        "What makes up the rest cannot be told: the model cannot be read back."
    )


@given(amounts=st.lists(st.integers(-(10**15), 10**15), min_size=7, max_size=7), moved=st.integers(-(10**12), 10**12))
def test_rounded_parts_add_up_to_the_rounded_change(amounts: list[int], moved: int) -> None:
    parts = dict(zip(PARTS, amounts, strict=True))
    told = Sums(1, 1, 0, sum(amounts) + moved, parts, moved)
    step = step_of(told)
    rounded = rounded_parts(told, step)
    assert abs(sum(rounded.values()) - told.change) * 2 <= step
    for part, amount in (parts | {"moved_in": moved, "moved_out": 0}).items():
        assert abs(rounded[part] - amount) < step
        assert rounded[part] % step == 0
        assert bool(amount) == any(figure in "123456789" for figure in part_money(amount, rounded[part], "", step))


@given(before=st.integers(0, 10**15), amounts=st.lists(st.integers(-(10**11), 10**11), min_size=7, max_size=7))
def test_both_ends_are_told_so_that_the_parts_lead_from_one_to_the_other(before: int, amounts: list[int]) -> None:
    told = Sums(1, 1, before, before + sum(amounts), dict(zip(PARTS, amounts, strict=True)))
    for step in (step_of(told), row_step_of(told)):
        first, last = rounded_ends(told, step)
        assert first + sum(rounded_parts(told, step).values()) == last
        assert abs(first - told.before) <= step
        assert abs(last - told.now) * 2 <= step


def test_a_part_that_rounds_to_nothing_is_still_told() -> None:
    told = sums(900_000, silence=-63_021.5, purchases=40.0, corrections=-0.0001)
    step = step_of(told)
    words = [
        part_money(moves_of(told)[part], amount, "GBP", step) for part, amount in rounded_parts(told, step).items()
    ]
    assert words == ["+£0", "+under £100", "−£63,000", "+£0", "−under £100", "+£0", "+£0", "+£0", "+£0"]
    assert bridge_sentence(told, "GBP", SINCE, TODAY).endswith(
        "−£63,000 silence, +under £100 purchases, −under £100 corrected data."
    )


def test_every_part_has_its_words_and_its_meaning() -> None:
    assert PART_WORDS.keys() == PART_MEANINGS.keys() == {*PARTS, "moved_in", "moved_out"}
