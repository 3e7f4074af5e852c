from __future__ import annotations

from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from patron.segments.rules import count_rules, described_customers, read_counts, rule_memberships
from segments.rules.people import PEOPLE, QUOTED, belongs_by_hand, people, rule
from warehouse.engines import EVERY_ENGINE, OPENERS

RULES = (
    rule("Often", column="orders", at_least=5),
    rule("Awake or unknown", **{"not": {"column": "days_since_last_purchase", "above": 90}}),
    rule("Nobody", column="orders", above=1000),
    rule('O\'Hara "x" ' + "y" * 45, column="model", **{"is": QUOTED}),
    rule("Slashes", column="model", **{"in": ["back\\slash", "'"]}),
    rule(
        "Days",
        any=[{"column": "next_purchase_to", "at_most": "2024-07-01"}, {"column": "first_day", "above": "2023-12-31"}],
    ),
    rule(
        "Values",
        all=[
            {"column": "expected_value", "between": [7.0005, 100.1]},
            {"column": "probability_alive", "missing": False},
        ],
    ),
)


def by_hand() -> dict[str, set[str]]:
    return {
        one.name: {row["customer_id"] for row in PEOPLE.to_pylist() if belongs_by_hand(one.where, row)} for one in RULES
    }


def test_one_query_counts_all_rules_and_sums_their_value() -> None:
    often, awake, nobody, *_ = read_counts(RULES, count_rules(people(), RULES).to_pyarrow())
    assert (often.rule, often.customers, often.expected_value) == ("Often", 3, 57.2505)
    assert often.share_of_customers == pytest.approx(3 / 5)
    assert often.share_of_value == pytest.approx(57.2505 / 169.8505)
    assert (awake.customers, awake.expected_value) == (3, pytest.approx(107.1005))
    assert (nobody.customers, nobody.expected_value, nobody.share_of_value) == (0, 0.0, 0.0)


def test_memberships_are_rows_of_customer_and_rule() -> None:
    rows = rule_memberships(people(), RULES).to_pyarrow().to_pylist()
    found = {one.name: {row["customer_id"] for row in rows if row["rule"] == one.name} for one in RULES}
    assert found == by_hand()
    assert len(rows) == sum(map(len, found.values()))


def test_no_rules_give_no_members_and_no_customers_count_as_none() -> None:
    none = rule_memberships(people(), ()).to_pyarrow()
    assert (none.num_rows, none.column_names) == (0, ["customer_id", "rule"])
    assert read_counts((), count_rules(people(), ()).to_pyarrow()) == ()
    nobody = ibis.memtable(PEOPLE.slice(0, 0))
    counted = read_counts(RULES[:1], count_rules(nobody, RULES[:1]).to_pyarrow())[0]
    assert (counted.customers, counted.expected_value, counted.share_of_customers) == (0, 0.0, 0.0)


def test_a_rule_on_the_value_is_judged_before_it_is_rounded() -> None:
    fine = pa.table({"customer_id": ["a"], "expected_value": [1.00004]})
    (counted,) = read_counts(
        [over := rule(column="expected_value", above=1.0)], count_rules(ibis.memtable(fine), [over]).to_pyarrow()
    )
    assert (counted.customers, counted.expected_value) == (1, 1.0)


def test_the_tables_of_a_release_are_put_side_by_side_as_far_as_rules_ask(tmp_path: Path) -> None:
    parts = {
        "scores": ["customer_id", "expected_value", "probability_alive", "next_purchase_to", "model"],
        "features": ["customer_id", "orders", "days_since_last_purchase", "first_day"],
        "segments": ["customer_id", "tier", "rfm_segment"],
    }
    for name, columns in parts.items():
        pq.write_table(PEOPLE.select(columns), tmp_path / f"{name}.parquet")
    connection = ibis.duckdb.connect()
    scores, *others = (connection.read_parquet(str(tmp_path / f"{name}.parquet")) for name in parts)
    assert set(described_customers(scores, others).columns) == set(PEOPLE.column_names)
    narrow = described_customers(scores, others, RULES[:1])
    assert set(narrow.columns) == {"customer_id", "expected_value", "orders"}
    assert "segments" not in str(ibis.to_sql(narrow))
    wide = described_customers(scores, others, RULES)
    assert (
        connection.to_pyarrow(count_rules(wide, RULES)).to_pylist()
        == count_rules(people(), RULES).to_pyarrow().to_pylist()
    )


def test_a_customer_whom_another_table_does_not_know_has_missing_values() -> None:
    scores, features = (
        PEOPLE.select(["customer_id", "expected_value"]),
        PEOPLE.select(["customer_id", "orders"]).slice(0, 2),
    )
    table = described_customers(ibis.memtable(scores), [ibis.memtable(features)])
    unknown = rule(column="orders", missing=True)
    assert read_counts([unknown], count_rules(table, [unknown]).to_pyarrow())[0].customers == 3


@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_every_engine_counts_and_names_the_same_customers(engine: str, tmp_path: Path) -> None:
    with OPENERS[engine](tmp_path) as warehouse:
        warehouse.replace("work", "people", PEOPLE)
        table = warehouse.table("work", "people")
        counts = read_counts(RULES, warehouse.fetch(count_rules(table, RULES)))
        members = warehouse.fetch(rule_memberships(table, RULES)).to_pylist()
    assert counts == read_counts(RULES, count_rules(people(), RULES).to_pyarrow())
    assert {one.name: {row["customer_id"] for row in members if row["rule"] == one.name} for one in RULES} == by_hand()
