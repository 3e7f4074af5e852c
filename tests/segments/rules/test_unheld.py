"""Names that nobody bears: told with what was meant and what there is, never as a fault."""

from __future__ import annotations

from patron.segments.rules.unheld import named_columns, unheld_names
from segments.rules.people import rule

HELD = {"cluster": {"Big spenders", "Lapsed"}, "place": set[str]()}
RULES = (
    rule("First", all=[{"column": "cluster", "in": ["big spender", "Lapsed"]}, {"column": "orders", "above": 3}]),
    rule("Second", **{"not": {"column": "place", "is_not": "Leeds"}}),
    rule("Third", any=[{"column": "cluster", "missing": True}, {"column": "tier", "is": "high"}]),
)


def test_only_columns_compared_with_names_of_which_none_is_known_beforehand_are_asked() -> None:
    assert named_columns(RULES) == ("cluster", "place")


def test_a_name_that_nobody_bears_is_told_with_the_one_that_was_meant_and_those_there_are() -> None:
    first, second = unheld_names(RULES, HELD)
    assert first.sentence == (
        "The rule 'First' asks for cluster 'big spender', which no customer of this release has. "
        "Did you mean 'Big spenders'? There are: Big spenders, Lapsed."
    )
    assert second.sentence == (
        "The rule 'Second' asks for place 'Leeds', which no customer of this release has. There is: none."
    )


def test_of_many_names_the_first_are_told() -> None:
    places = {f"Town {number:02}" for number in range(20)}
    (hint,) = unheld_names(RULES[1:2], {"place": places})
    assert hint.sentence.endswith("Town 06, Town 07 and 12 more.")
