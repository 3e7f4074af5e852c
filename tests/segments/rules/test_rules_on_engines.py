"""Rules as each engine's own SQL: whom they name there is whom plain Python names, whatever is missing and however they nest."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from patron.segment_terms import MOST_CONDITIONS
from patron.segments.rules import count_rules, read_counts, rule_flags
from segments.rules.people import COLUMNS, PEOPLE, belongs_by_hand, rule
from warehouse.engines import EVERY_ENGINE, OPENERS

HARD = (
    *("'", "''", '"', "`", "\\", "\\\\", "\\'", "\\n", "\n", "\r\n", "\t", "--", "/* x", "; DROP TABLE scores"),
    *("%", "_", "%s", "{}", "{0}", "${x}", "$1", "$$", ":name", "?", "@x", "NULL", "true", "1", "2024-06-30"),
    *("", " ", "é", "e\u0301", "ß", "SS", "日本", "🦊", "a", "A", "a ", "\\u0041", "\\x41", "\\101", "&amp;", "E'x'"),
)
"""Texts that some engine or some driver reads as something else, and texts that are nearly another."""
TEXTS = pa.table({"customer_id": [f"t{n:02}" for n in range(len(HARD))], "model": HARD})
EVERYBODY = pa.concat_tables([PEOPLE, TEXTS], promote_options="default")
LIMITS: dict[str, list[Any]] = {
    "next_purchase_to": ["2024-06-30", "2024-07-01", "2024-02-29", "2025-01-01"],
    "first_day": [18_000, 19_000, "2024-01-01", "2019-04-14"],
    "tier": ["high", "medium", "low"],
    "rfm_segment": ["Champions", "Lost", "New"],
    "model": ["plain", *HARD],
}
NUMBERS = [-1, 0, 0.1, 0.2, 0.3, 1, 5, 7, 7.0005, 12, 91, 100.1, 120.0]
WORDS = ("tier", "rfm_segment", "model")


def comparisons() -> Iterator[dict[str, Any]]:
    """Every test of every column."""
    for column in COLUMNS:
        one, *_, other = LIMITS.get(column, NUMBERS[3:9])
        yield from ({"column": column, "missing": missing} for missing in (True, False))
        yield from ({"column": column, test: limit} for test in ("is", "is_not") for limit in (one, other))
        yield from ({"column": column, "in": limits} for limits in ([one], [other, one, other]))
        if column not in WORDS:
            tests = ("above", "at_least", "below", "at_most")
            yield from ({"column": column, test: limit} for test in tests for limit in (one, other))
            if column != "first_day":
                yield {"column": column, "between": sorted([one, other])}
    yield {"column": "first_day", "between": ["2019-04-14", "2023-12-31"]}


def nested(rng: random.Random, deep: int) -> dict[str, Any]:
    """A condition made of others, some of which are missing for somebody."""
    if deep == 0:
        return rng.choice(list(comparisons()))
    shape = rng.choice(["all", "any", "not"])
    parts = [nested(rng, deep - 1) for _ in range(1 if shape == "not" else rng.randint(1, 3))]
    return {shape: parts[0] if shape == "not" else parts}


def made_rules() -> dict[str, list[dict[str, Any]]]:
    rng = random.Random(7)  # noqa: S311
    return {
        "comparisons": list(comparisons()),
        "texts": [{"column": "model", test: text} for text in HARD for test in ("is", "is_not")],
        "nested": [nested(rng, deep) for deep in (2, 3, 4) for _ in range(8)],
        "longest": [
            {"column": "model", "in": list(HARD)},
            {"any": [{"column": "first_day", "is": 18_000 + n} for n in range(MOST_CONDITIONS - 1)]},
            {"not": {"not": {"not": {"not": {"column": "tier", "is_not": "low"}}}}},
        ],
    }


@pytest.mark.parametrize("engine", [*EVERY_ENGINE, "bigquery"])
def test_every_engine_names_whom_plain_python_names(engine: str, tmp_path: Path) -> None:
    people = EVERYBODY.to_pylist()
    with OPENERS[engine](tmp_path) as warehouse:
        warehouse.replace("work", "people", EVERYBODY)
        table = warehouse.table("work", "people")
        for kind, wheres in made_rules().items():
            rules = [rule(f"{kind} {number}", **where) for number, where in enumerate(wheres)]
            flags = warehouse.fetch(rule_flags(table, rules).order_by("customer_id"))
            counts = read_counts(rules, warehouse.fetch(count_rules(table, rules)))
            for number, one in enumerate(rules):
                named = flags["customer_id"].filter(flags[f"rule_{number + 1}"]).to_pylist()
                assert named == [row["customer_id"] for row in people if belongs_by_hand(one.where, row)], one.where
                assert counts[number].customers == len(named), one.where


def test_these_rules_name_somebody_and_leave_somebody_out() -> None:
    """Were they met by all or by nobody, every engine would agree."""
    people = EVERYBODY.to_pylist()
    told = [
        [belongs_by_hand(rule(**where).where, row) for row in people]
        for where in [one for wheres in made_rules().values() for one in wheres]
    ]
    assert sum(any(met) and not all(met) for met in told) > 0.8 * len(told)
