"""Faults of segments.rules, as a reader of patron.toml meets them: each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from patron.errors import SettingsError
from patron.features.catalogue import FEATURES
from patron.segments.rules import RuleColumn, rule_columns, rule_faults
from patron.segments.rules.checking import faults_of_rules
from patron.settings import Settings, read_settings
from patron.tables import SCORES, SEGMENTS
from segments.rules.people import rule

HEAD = """\
[sources.sales]
table = "transactions"
files = "sales.csv"
columns = { customer_id = "who", occurred_at = "when", amount = "how much" }

[[segments.rules]]
name = "Fine"
where = { column = "orders", at_least = 5 }

[[segments.rules]]
name = "Sleeping regulars"
"""
WHERE_LINE = 12


def read(folder: Path, text: str) -> Settings:
    path = folder / "patron.toml"
    path.write_text(text, "utf-8")
    return read_settings(path, {}, rule_faults)


def fault(folder: Path, where: str) -> tuple[int | None, str]:
    with pytest.raises(SettingsError) as caught:
        read(folder, f"{HEAD}where = {where}\n")
    (only,) = caught.value.faults
    return only.line, str(only)


def test_rules_are_read_as_they_are_written(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        HEAD
        + 'description = "Worth waking"\n'
        + """where = { all = [
  { column = "orders", at_least = 5 },
  { any = [ { column = "days_since_last_purchase", above = 90 }, { column = "probability_alive", below = 0.3 } ] },
  { not = { column = "tier", is = "low" } },
  { column = "next_purchase_to", at_most = 2024-06-30 },
  { column = "first_day", between = [2020-01-01, 2020-12-31] },
] }
""",
    )
    sleeping = settings.segments.rules[1]
    assert (sleeping.name, sleeping.description) == ("Sleeping regulars", "Worth waking")
    assert [part.shape for _, part in sleeping.where.parts] == ["column", "any", "not", "column", "column"]
    assert sleeping.where.parts[3][1].limit == "2024-06-30"


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ('{ column = "ordrs", at_least = 5 }', "'ordrs' of the rule 'Sleeping regulars' is no column of a customer. Did you mean 'orders'?"),
        ('{ column = "Orders", at_least = 5 }', "Did you mean 'orders'?"),
        ('{ column = "zzz", at_least = 5 }', "docs/features.md"),
        ('{ column = "tier", above = 3 }', "compares tier, which holds a text, with 'above', which is for numbers and days."),
        ('{ column = "orders", above = "many" }', "compares orders, which holds a number, with 'many'. Compare it with a number."),
        ('{ column = "orders", is = true }', "with true. Compare it with a number."),
        ('{ column = "orders", in = [1, "two"] }', "with 'two'."),
        ('{ column = "probability_alive", below = 30 }', "with 30. Compare it with a number from 0 to 1; 30 % is 0.3."),
        ('{ column = "next_purchase_to", above = "soon" }', "Compare it with a day such as 2024-06-30."),
        ('{ column = "next_purchase_to", above = 5 }', "Compare it with a day such as 2024-06-30."),
        ('{ column = "first_day", above = "soon" }', "or with a number of days since 1970-01-01."),
        ('{ column = "model", is = 5 }', "Compare it with a text in quotes."),
        ('{ column = "tier", is = "hi" }', "asks for tier 'hi', which nobody has. Allowed: high, medium, low."),
        ('{ column = "tier", in = ["low", "High"] }', "Did you mean 'high'?"),
        ('{ column = "rfm_segment", is_not = "Champion" }', "Did you mean 'Champions'?"),
        ('{ all = [ { column = "orders", above = 1 }, { not = { column = "ordrs", above = 1 } } ] }', "where.all.1.not.column"),
        ('{ column = "orders", atleast = 5 }', "'atleast' is no word of a condition; did you mean 'at_least'?"),
        ('{ column = "orders" }', "give column 'orders' one of is, is_not, in"),
        ('{ column = "orders", above = 1, below = 5 }', "above and below given; put several conditions under all"),
        ('{ column = "orders", above = [1] }', "write a number, a text in quotes"),
        ('{ column = "orders", above = 9007199254740993 }', "can be compared"),
        ('{ column = "orders", in = 5 }', "write a list, in square brackets"),
        ('{ column = "orders", in = [] }', "in is empty"),
        ('{ column = "orders", between = [5, 1] }', "the lower first"),
        ('{ column = "orders", between = [5] }', "between takes two values"),
        ('{ column = "orders", missing = "yes" }', "must be true or false, without quotes"),
        ('{ column = "model", is = "\\u0000" }', "sign of number 0"),
        ('{ all = { column = "orders", above = 1 } }', 'write a list of conditions: [ { column = "orders", at_least = 5 }, … ]'),
        ('{ any = 5 }', "5: write a list of conditions"),
        ('{ any = [ 3 ] }', 'where.any.0: 3: write one condition, in braces: { column = "orders", at_least = 5 }'),
        ('{ not = [ { column = "orders", above = 1 } ] }', "where.not: write one condition, in braces"),
        ('"orders > 5"', "'orders > 5': write one condition, in braces"),
        ('{ column = 7, above = 1 }', "where.column: 7: must be a text, in quotes"),
        ('{ at_least = 5 }', "at_least needs a column"),
        ('{ all = [] }', "all is empty"),
        ('{ all = [ { any = [] } ] }', "any is empty"),
        ('{ }', "give one of all, any, not, column; none given"),
        ('{ all = [ { column = "orders", above = 1 } ], column = "orders", above = 1 }', "all and column given"),
        ('{ not = { column = "orders", above = 1 }, above = 1 }', "stands beside not"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line_and_what_is_allowed(tmp_path: Path, where: str, told: str) -> None:
    line, words = fault(tmp_path, where)
    assert line == WHERE_LINE
    assert told in words


def test_all_faults_of_all_rules_are_told_at_once(tmp_path: Path) -> None:
    text = HEAD.replace('column = "orders"', 'column = "order"') + 'where = { column = "tier", is = "lo" }\n'
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert [fault.line for fault in caught.value.faults] == [8, 12]


def test_names_are_told_apart_and_fit_to_be_shown(tmp_path: Path) -> None:
    where = 'where = { column = "orders", above = 1 }\n'
    with pytest.raises(SettingsError, match="line 11: .*another rule is called 'fine' too"):
        read(tmp_path, HEAD.replace("Sleeping regulars", "fine") + where)
    for bad in ("", " x", "a\\nb", "x" * 61):
        with pytest.raises(SettingsError, match="line 1[01]: segments.rules.1"):
            read(tmp_path, HEAD.replace("Sleeping regulars", bad) + where)


def test_a_rule_nobody_could_read_is_refused(tmp_path: Path) -> None:
    one = '{ column = "orders", above = 1 }'
    assert "10 deep can be read" in fault(tmp_path, "{ not = " * 11 + one + " }" * 11)[1]
    assert "at most 100" in fault(tmp_path, "{ any = [" + ", ".join([one] * 101) + "] }")[1]


def test_every_feature_score_and_segment_can_be_asked_about() -> None:
    names = {feature.name for feature in FEATURES} | set(SCORES.names) | set(SEGMENTS.names)
    assert names <= set(rule_columns())


def test_a_plugins_column_can_be_asked_about_once_it_is_told() -> None:
    liked = rule(column="likes_cats", **{"is": True})
    (unknown,) = faults_of_rules((liked,), rule_columns())
    assert unknown.key == ("segments", "rules", "0", "where", "column")
    assert not list(faults_of_rules((liked,), {**rule_columns(), "likes_cats": RuleColumn("likes_cats", "flag")}))
