"""What to do about a customer: one action, from the group that calls for it, with figures that are the customer's own."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from patron.reports.recommendation import Standing, recommendation
from patron.segments.lifecycle import STAGES
from patron.segments.rfm import RFM_CATALOGUE
from patron.segments.tiers import TIERS

ADA = Standing("high", "Champions", "Regular", 3, 12.04)


def test_where_all_is_well_the_rfm_name_says_what_to_do() -> None:
    told = recommendation(ADA)
    assert (told.view, told.group) == ("rfm_segment", "Champions")
    assert told.because == (
        "Last bought 3 days ago, beside a usual pause of 12 days. Champions: bought lately, buy often and spend the most. "
        "Expected value: high tier."
    )


def test_for_a_late_customer_of_the_high_tier_more_is_spent_than_for_others() -> None:
    late = replace(ADA, rfm_segment="Cannot Lose", lifecycle="Lapsing", days_since_last_purchase=90)
    assert recommendation(late).group == "Cannot Lose"
    assert recommendation(replace(late, tier="medium")).group == "Lapsing"
    assert recommendation(replace(late, lifecycle="Lapsed")).group == "Lapsed"


@pytest.mark.parametrize(
    ("stage", "words"), [("New", "customers usually come again"), ("Not yet buying", "No purchase")]
)
def test_who_bought_once_or_never_is_told_by_everybodys_pause_or_none(stage: str, words: str) -> None:
    assert words in recommendation(replace(ADA, lifecycle=stage)).because


def test_every_standing_gets_the_action_of_one_of_its_own_groups() -> None:
    actions = {one.name: one.action for one in (*STAGES, *RFM_CATALOGUE)}
    named = {stage.name for stage in STAGES} & {name.name for name in RFM_CATALOGUE}
    for tier, rfm, stage in product(TIERS, RFM_CATALOGUE, STAGES):
        told = recommendation(Standing(tier, rfm.name, stage.name, 40, 20.0))
        assert told.group in (rfm.name, stage.name)
        assert told.action in (rfm.action, stage.action)
        assert told.group in named or told.action == actions[told.group]
