from __future__ import annotations

from typing import Any

import ibis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patron.errors import UsageError
from patron.segment_terms import SegmentRule
from patron.segments.rules import refuse_unmet, rule_flags
from patron.segments.rules.conditions import belongs
from segments.rules.people import COLUMNS, PEOPLE, QUOTED, belongs_by_hand, people, rule


def members(one: SegmentRule) -> str:
    """The first letters of who belongs."""
    rows = rule_flags(people(), [one]).to_pyarrow().to_pylist()
    return "".join(sorted(row["customer_id"][0] for row in rows if row["rule_1"]))


@pytest.mark.parametrize(
    ("where", "who"),
    [
        ({"column": "orders", "is": 5}, "b"),
        ({"column": "orders", "is_not": 5}, "ace"),
        ({"column": "orders", "in": [1, 7]}, "ae"),
        ({"column": "orders", "above": 5}, "ce"),
        ({"column": "orders", "at_least": 5}, "bce"),
        ({"column": "orders", "below": 5}, "a"),
        ({"column": "orders", "at_most": 5}, "ab"),
        ({"column": "orders", "between": [5, 7]}, "be"),
        ({"column": "orders", "missing": True}, "d"),
        ({"column": "orders", "missing": False}, "abce"),
        ({"column": "days_since_last_purchase", "missing": True}, "ce"),
        ({"column": "days_since_last_purchase", "above": 0}, "abd"),
        ({"column": "probability_alive", "is": 0.3}, "c"),
        ({"column": "tier", "is": "high"}, "ae"),
        ({"column": "tier", "is_not": "high"}, "bc"),
        ({"column": "tier", "in": ["low", "medium"]}, "bc"),
        ({"column": "next_purchase_to", "at_most": "2024-06-30"}, "a"),
        ({"column": "next_purchase_to", "between": ["2024-07-01", "2025-01-01"]}, "cd"),
        ({"column": "first_day", "at_least": "2024-01-01"}, "e"),
        ({"column": "first_day", "below": 18_500}, "bc"),
    ],
)
def test_each_comparison(where: dict[str, Any], who: str) -> None:
    assert members(rule(**where)) == who


def test_conditions_nest() -> None:
    sleeping = rule(
        all=[
            {"column": "orders", "at_least": 5},
            {
                "any": [
                    {"column": "days_since_last_purchase", "above": 90},
                    {"column": "probability_alive", "below": 0.35},
                ]
            },
            {"not": {"column": "tier", "is": "low"}},
        ]
    )
    assert members(sleeping) == "b"


def test_a_missing_value_meets_no_comparison_and_so_meets_its_opposite_by_not() -> None:
    assert "d" not in members(rule(column="orders", is_not=5))
    assert members(rule(**{"not": {"column": "orders", "is": 5}})) == "acde"
    assert members(rule(**{"not": {"not": {"column": "orders", "is_not": 5}}})) == "ace"


@pytest.mark.parametrize("text", [QUOTED, "' OR '1'='1", "back\\slash", '"', "$$", "%", "{}", "?", ":name", "\n--"])
def test_a_text_is_a_value_and_never_sql(text: str) -> None:
    held = {row["customer_id"][0] for row in PEOPLE.to_pylist() if row["model"] == text}
    assert members(rule(column="model", **{"is": text})) == "".join(sorted(held))
    assert members(rule(column="model", **{"in": [text, text]})) == "".join(sorted(held))


def test_a_column_that_these_customers_lack_is_told_with_what_would_give_it() -> None:
    with pytest.raises(UsageError, match="'Readers' asks about opens_30d, which these customers do not have") as caught:
        belongs(rule("Readers", column="opens_30d", above=3), people())
    assert "engagements.kind" in caught.value.to_do
    with pytest.raises(UsageError, match="Change the rule"):
        belongs(rule(column="orders; DROP TABLE x", above=3), people())


def test_a_feature_that_is_not_mapped_is_refused_before_anything_runs() -> None:
    rules = [rule("Fine", column="orders", above=3), rule("Readers", **{"not": {"column": "opens_30d", "above": 3}})]
    mapped = {"transactions": frozenset({"customer_id"})}
    refuse_unmet(rules[:1], mapped)
    with pytest.raises(UsageError, match="'Readers' asks about opens_30d"):
        refuse_unmet(rules, mapped)
    refuse_unmet(rules, {**mapped, "engagements": frozenset({"customer_id", "occurred_at", "kind"})})


NUMBERS = st.sampled_from([0, 1, 5, 7, 12, 91, 120, 0.1, 0.2, 0.3, 0.9, 3.0, 18_000, 19_723, -1])
LIMITS = {
    "next_purchase_to": st.sampled_from(["2024-06-30", "2024-07-01", "2024-12-31", "2025-01-01"]),
    "first_day": NUMBERS | st.sampled_from(["2019-04-14", "2024-01-01"]),
    "tier": st.sampled_from(["high", "medium", "low"]),
    "rfm_segment": st.sampled_from(["Champions", "Lost", "New"]),
    "model": st.sampled_from([QUOTED, "plain", "back\\slash", "Plain", ""]),
}
TEXTS = ("tier", "rfm_segment", "model")


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    column = draw(st.sampled_from(COLUMNS))
    tests = ["is", "is_not", "in", "missing"]
    test = draw(
        st.sampled_from(tests if column in TEXTS else [*tests, "above", "at_least", "below", "at_most", "between"])
    )
    if test == "missing":
        return {"column": column, test: draw(st.booleans())}
    limits = LIMITS.get(column, NUMBERS)
    if test == "in":
        return {"column": column, test: draw(st.lists(limits, min_size=1, max_size=3))}
    if test == "between":
        ends = draw(st.lists(LIMITS.get(column, NUMBERS) if column != "first_day" else NUMBERS, min_size=2, max_size=2))
        return {"column": column, test: sorted(ends)}
    return {"column": column, test: draw(limits)}


def grown(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=1, max_size=3)
    return (
        st.builds(lambda parts: {"all": parts}, several)
        | st.builds(lambda parts: {"any": parts}, several)
        | st.builds(lambda part: {"not": part}, inner)
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.recursive(comparisons(), grown, max_leaves=8), min_size=1, max_size=12))
def test_a_rule_says_what_plain_python_says(wheres: list[dict[str, Any]]) -> None:
    rules = [rule(**where) for where in wheres]
    for row in rule_flags(people(), rules).to_pyarrow().to_pylist():
        person = next(one for one in PEOPLE.to_pylist() if one["customer_id"] == row["customer_id"])
        said = [row[f"rule_{number}"] for number in range(1, len(rules) + 1)]
        assert said == [belongs_by_hand(one.where, person) for one in rules]


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "bigquery"])
def test_every_comparison_can_be_worded_for(dialect: str) -> None:
    table = ibis.table(ibis.memtable(PEOPLE).schema(), name="people")
    told = rule(all=[{"column": name, "missing": False} for name in COLUMNS])
    some = rule(any=[{"column": "orders", "between": [1, 2]}, {"column": "model", "in": [QUOTED]}])
    days = rule(
        any=[{"column": "next_purchase_to", "above": "2024-01-01"}, {"column": "first_day", "below": "2020-01-01"}]
    )
    assert "SELECT" in str(ibis.to_sql(rule_flags(table, [told, some, days]), dialect=dialect))
