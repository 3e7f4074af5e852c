"""Alerts, value at risk and lists are told beside what was measured, for better or worse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patron.reports import behaviour_story as story
from patron.reports.segment_answers import AlertRow, Behaviour, ListRow, LossTest, Measured, RisingTest
from patron.reports.segment_tables import Engagement

PLAIN = Behaviour(2_800_000.0, 680_000.0, 722_000.0, 610_000.0, 2, {"act now": 156, "calm": 9})


@pytest.mark.parametrize(
    ("precision", "base", "level"), [(0.67, 0.39, "good"), (0.45, 0.39, "fair"), (0.0, 0.03, "poor")]
)
def test_alerts_are_judged_by_how_much_they_beat_the_base_rate(precision: float, base: float, level: str) -> None:
    told = replace(PLAIN, measured=Measured(9, (AlertRow("act now", 9, precision, base),)))
    verdict = story.alert_verdict(told)
    assert verdict is not None
    assert verdict.level == level


def test_unmeasured_alerts_get_no_verdict_and_are_called_so() -> None:
    assert story.alert_verdict(None) is None
    assert story.alert_verdict(PLAIN) is None
    assert story.alerts_finding(PLAIN).endswith("how often such alerts are right has not been measured")


def test_a_level_below_the_base_rate_is_no_better_than_chance() -> None:
    assert story.alert_sentence(AlertRow("act now", 9, 0.02, 0.03)) == "no better than chance"
    assert story.alert_sentence(AlertRow("watch", 9, 0.06, 0.03)) == "2.0 times the base rate"


@pytest.mark.parametrize(
    ("came", "words"),
    [
        (100.0, "was expected to be lost, and £102 was."),
        (60.0, "less than expected, within"),
        (125.0, "more than expected, within"),
        (
            400.0,
            "4.0 times as much, and more than the figure of one time in twenty (£130). Take today's figure as too low.",
        ),
    ],
)
def test_the_loss_that_came_is_told_beside_the_one_expected(came: float, words: str) -> None:
    came = 102.0 if came == 100.0 else came
    assert words in story.loss_sentence(LossTest(100.0, 130.0, came), "GBP")


def test_the_days_over_which_losses_were_measured_are_told() -> None:
    told = story.loss_sentence(LossTest(100.0, 130.0, 102.0, days=56), "GBP")
    assert "£100 was expected to be lost in the 56 days after, and £102 was." in told
    assert story.days_sentence(56).startswith("No more than these 56 days could be measured")
    assert story.days_sentence(90) == story.days_sentence(0) == ""


def test_where_nobody_is_seen_to_leave_it_is_said_why_all_can_be_saved() -> None:
    assert "customers who are still there to be saved hold £610,000" in story.at_risk_sentence(PLAIN, "GBP")
    told = story.at_risk_sentence(replace(PLAIN, savable_value=679_990.0), "GBP")
    assert told.endswith(f"is lost. {story.ALL_SAVABLE}")


def test_a_list_that_does_not_beat_rfm_is_told_so() -> None:
    row = ListRow(47, 100.0, 300.0, 72.0, 1300.0)
    assert "does not beat RFM: its customers lost £100 each" in story.list_sentence(row, False, "GBP")
    assert "does not beat RFM" in story.rising_sentence(RisingTest(row, None, False), "GBP")


def test_engagement_tells_the_median_and_those_far_below() -> None:
    engagement = Engagement((10, 0, 0, 0, 0, *(0,) * 14, 30), 69.0)
    assert story.engagement_finding(engagement) == "Half of customers score above 69 of 100; 25% score below 25"
