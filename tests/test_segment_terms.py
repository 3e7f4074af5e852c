"""A rule's conditions can be walked, each with its place in patron.toml; how they are written is tested with the rules."""

from __future__ import annotations

import json
from datetime import date

import pytest
from pydantic import ValidationError

from patron.segment_terms import SegmentRule, day_of_text


def read(where: object) -> SegmentRule:
    return SegmentRule.model_validate_json(json.dumps({"name": "Some", "where": where}), strict=True)


def test_every_condition_is_walked_with_its_place() -> None:
    rule = read({"all": [{"column": "a", "in": [1, 2.5]}, {"not": {"any": [{"column": "b", "missing": False}]}}]})
    found = {".".join(place): condition.shape for place, condition in rule.where.walk(("where",))}
    assert found == {
        "where": "all",
        "where.all.0": "column",
        "where.all.1": "not",
        "where.all.1.not": "any",
        "where.all.1.not.any.0": "column",
    }
    first, last = rule.where.parts[0][1], rule.where.parts[1][1].parts[0][1].parts[0][1]
    assert (first.test, first.limit, first.limits) == ("in", (1, 2.5), (1, 2.5))
    assert (last.test, last.limit, last.limits) == ("missing", False, (False,))


@pytest.mark.parametrize("value", [5, 5.5, "five", True])
def test_a_value_keeps_the_kind_it_was_written_in(value: object) -> None:
    limit = read({"column": "a", "is": value}).where.limit
    assert (limit, type(limit)) == (value, type(value))


def test_a_rule_is_frozen_and_knows_no_other_words() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read({"column": "a", "is": 1}).name = "Other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        SegmentRule.model_validate({"name": "Some", "where": {"column": "a", "is": 1}, "colour": "red"})


def test_a_text_that_names_a_day_is_that_day() -> None:
    assert day_of_text("2024-06-30") == date(2024, 6, 30)
    assert day_of_text("2024-06-31") is None
