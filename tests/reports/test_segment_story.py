"""Findings on clusters, stages, movement and calm, each in a sentence that its figures bear out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patron.reports import segment_story as story
from patron.reports.segment_answers import (
    Calm,
    CalmView,
    Candidate,
    Choice,
    Clusters,
    Criteria,
    Flow,
    Foresight,
    Profile,
    Steadiness,
    Trait,
)
from patron.reports.segment_tables import GroupRow, Heading, HeadingRow


def steadiness(flaps: int, quality: float | None = 0.3) -> Steadiness:
    return Steadiness(flaps, 1326, 42_899, quality)


def test_the_shift_that_moved_most_money_is_the_finding() -> None:
    flows = (
        Flow("Champions", "Champions", 5, 0.5, 900.0, 99_000.0),
        Flow("Champions", "Loyal", 5, 0.5, 800.0, 700.0),
        Flow("Lost", "Champions", 2, 0.2, 0.0, 400.0),
    )
    assert story.flows_finding("rfm_segment", flows, "GBP", 90) == (
        "The largest shift: 2 went from Lost to Champions and brought £400 more in 90 days"
    )
    assert story.flows_finding("rfm_segment", flows[:1], "GBP", 90) == "Nobody changed their RFM name"


def test_those_who_came_since_are_not_counted_as_risen() -> None:
    flows = (Flow("high", "high", 5, 1.0, 900.0, 900.0), Flow("(not yet there)", "high", 9, 1.0, 0.0, 10.0))
    assert story.flows_finding("tier", flows, "GBP", 90) == "All 5 customers of the high tier are still in it"
    assert story.flows_finding("tier", flows[1:], "GBP", 90) == "Nobody was in the high tier"


@pytest.mark.parametrize(
    ("tier", "rfm", "words"),
    [
        (True, True, "The next value tier and the next RFM name can be told better than by “nothing changes”"),
        (False, True, "The next RFM name can be told better than by “nothing changes”, the next value tier cannot"),
        (False, False, "Nothing told the next groups better than “nothing changes”"),
    ],
)
def test_whether_the_model_beats_persistence_is_said_plainly(tier: bool, rfm: bool, words: str) -> None:
    told = {view: Foresight("", 9, 0.6, 0.6, 0.5, 0.5, beats) for view, beats in (("rfm_segment", rfm), ("tier", tier))}
    assert story.foresight_finding(told) == words


def test_what_was_not_measured_is_called_so() -> None:
    assert story.foresight_finding({"tier": Foresight()}) == "Whether groups can be told ahead has not been measured"
    assert story.served_sentence("tier", Foresight()) == "The present value tier is shown as the next."


def test_likely_groups_come_out_too_large_only_where_something_moves() -> None:
    still = Heading((HeadingRow("high", 3, 3),), (("up", 0), ("same", 3), ("down", 0)))
    moving = Heading((HeadingRow("high", 3, 5),), (("up", 1_000), ("same", 3), ("down", 2)))
    assert story.outlook_sentence(still) == "Nobody is shown as changing tier."
    assert "1,000 should go up, 3 stay and 2 go down" in story.outlook_sentence(moving)
    assert "larger than they will be" in story.outlook_sentence(still, moving)


def test_expected_numbers_are_called_so() -> None:
    ways = (("up", 1_000), ("same", 3), ("down", 2))
    told = story.outlook_sentence(Heading((HeadingRow("high", 3, 5),), ways, expected=True))
    assert "1,000 are expected to go up, 3 to stay and 2 to go down." in told
    assert told.endswith(
        "Expected numbers are the chances of today's customers added up; who comes until then is not among them."
    )


@pytest.mark.parametrize(
    ("raw", "calm", "words"),
    [
        (213, 55, "Published labels go to and fro 3.9 times less often than raw ones"),
        (40, 0, "Published labels do not flap; raw ones do"),
        (0, 0, "Labels do not flap"),
    ],
)
def test_calm_is_told_as_a_ratio_where_there_is_one(raw: int, calm: int, words: str) -> None:
    told = Calm(14, 3787, {"tier": CalmView(steadiness(raw), steadiness(calm))})
    assert story.calm_finding(told) == words
    assert story.calm_sentence("tier", told).endswith(".")


def test_what_calm_costs_is_said() -> None:
    told = Calm(14, 100, {"tier": CalmView(steadiness(10, 0.30), steadiness(5, 0.25))})
    assert "They tell what came a little less well (0.25 of 1 against 0.30)." in story.calm_sentence("tier", told)


def test_each_phrase_of_a_profile_stands_once_and_small_differences_do_not() -> None:
    traits = (Trait("buy often", 0.9, True), Trait("buy often", 1.2, True), Trait("are new", -0.4, False))
    one = Profile(
        0, "Big", 3, 0.1, 5.0, 1.6, 0.2, (*traits, Trait("buy at noon", 0.1, True)), "3% of us: they buy often."
    )
    assert story.trait_rows(one) == (("buy often", 1.2), ("are new", -0.4))
    assert story.profile_words(one) == "They buy often."


def test_one_group_is_told_as_one_group() -> None:
    told = Clusters(1, Choice(1, sentence="One group only: these customers spread around one centre."))
    assert story.clusters_finding(told) == "All customers form one group"
    assert story.clusters_line(told) == "Clusters: one group only."
    assert story.agreement_sentence(told) == ""


def test_clusters_that_outlived_a_search_are_told_with_the_candidates_of_their_own_day() -> None:
    chosen = Candidate("kmeans", "K-Means", 2, Criteria())
    found = Clusters(2, Choice(2, (chosen,), chosen))
    kept = replace(found, kept_since="2011-11-09", choice=replace(found.choice, tried_on="2011-11-09"))
    searched = replace(kept, choice=replace(found.choice, sentence="The 2 clusters are kept; a search today gives: 3."))
    assert story.candidates_sentence(found).startswith("Each grouping tried, by its number")
    assert "tried on 9 November 2011, when these clusters were found" in story.candidates_sentence(kept)
    assert [one.chosen_then for one in (found, kept, searched)] == [True, True, False]
    assert "2 by K-Means" in story.clusters_line(kept)
    assert "K-Means" not in story.clusters_line(searched)


def test_stages_that_are_late_are_added_up() -> None:
    rows = (
        GroupRow("Regular", 90, 0.9, 90.0, 0.9),
        GroupRow("Slowing", 6, 0.06, 6.0, 0.06),
        GroupRow("Lapsed", 4, 0.04, 4.0, 0.04),
    )
    assert story.stages_finding(rows) == "10 customers are later than their own rhythm, with 10% of the expected value"
    assert story.stages_finding(rows[:1]) == "Nobody is late in their own rhythm"
    assert story.seasons_finding(rows[:0]) == "No customer shows a season of their own"
