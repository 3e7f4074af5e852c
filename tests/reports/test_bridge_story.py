"""The bridge as the report tells it: a headline, its parts, and the largest part of each customer's change."""

from __future__ import annotations

from pydantic import TypeAdapter

from patron.reports import bridge_story
from patron.reports.segment_answers import BridgeTold
from reports.fake_segments import bridge

TOLD = TypeAdapter(BridgeTold).validate_python(bridge())


def test_the_headline_is_the_change_and_the_rest_its_parts() -> None:
    assert bridge_story.finding(TOLD) == "The portfolio is worth £44,600 less than on 9 November 2011"
    assert bridge_story.parts_sentence(TOLD) == "−£63,000 silence, +£18,400 purchases."


def test_a_change_without_parts_is_a_headline_alone() -> None:
    told = BridgeTold(sentence="The portfolio is worth as much as on 9 November 2011.")
    assert bridge_story.finding(told) == "The portfolio is worth as much as on 9 November 2011"
    assert bridge_story.parts_sentence(told) == ""


def test_each_customer_carries_the_largest_part_of_their_change() -> None:
    (row,) = bridge_story.change_rows(TOLD.down, TOLD)
    assert (row.name, row.change, row.mostly) == ("12348", "−£63,000", "−£63,000 silence")
    (group,) = bridge_story.change_rows((TOLD.groups or {})["tier"], TOLD, of="label")
    assert group.name == "high"


def test_without_a_bridge_the_reason_is_said() -> None:
    told = BridgeTold(why="no earlier release")
    assert bridge_story.no_bridge_sentence(told) == "Why values changed cannot be told: no earlier release."
    assert bridge_story.no_bridge_sentence(None) == "Why values changed cannot be told."
