"""Totals of groups in a release and in the report."""

from __future__ import annotations

from patron.reports.evidence import GroupTotal
from patron.reports.group_totals import MOST_SHOWN, group_totals


def test_the_largest_groups_are_shown_and_the_rest_are_counted() -> None:
    rows = [GroupTotal("country", f"land {n}", 30, float(n)) for n in range(MOST_SHOWN + 3)]
    (told,) = group_totals(rows)
    assert told.largest[0].label == f"land {MOST_SHOWN + 2}"
    assert (len(told.largest), told.others) == (MOST_SHOWN, 3)


def test_a_grouping_that_parts_nobody_is_left_out() -> None:
    assert group_totals([GroupTotal("country", "all of them", 30, 5.0)]) == ()
