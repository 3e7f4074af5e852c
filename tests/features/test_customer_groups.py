"""Which groups customers belong to, as known at a cutoff."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from features.silver_cast import ADA, ANONYMOUS, bought, on, prepare, silver, warehouse
from patron.features.customer_groups import available_groups, customer_groups

LATER = on(2024, 12, 31)
MIDYEAR = on(2024, 6, 30)
PRESENT = {
    "transactions": frozenset({"customer_id", "occurred_at", "amount", "channel", "branch_id", "country"}),
    "customers": frozenset({"customer_id", "gender", "birth_date", "country"}),
}
FACTS: dict[str, list[dict[str, object]]] = {
    "customers": [
        {"customer_id": "Ada", "gender": "f", "birth_date": date(1999, 7, 1), "country": "Malta"},
        {"customer_id": "Bo", "gender": None, "birth_date": None, "country": "Peru"},
    ]
}
BO = (
    bought("Bo", "1", on(2024, 1, 1), "5", branch="s", channel="web"),
    bought("Bo", "2", on(2024, 2, 1), "5", branch="n", channel="shop"),
    bought("Bo", "3", on(2024, 7, 1), "5", branch="s", channel="web"),
    bought("Bo", "4", on(2024, 3, 1), "5", known=on(2024, 8, 1), branch="n", channel="shop"),
    bought("Bo", "5", on(2024, 9, 1), "5", branch="n", channel="shop"),
)


def words(present: dict[str, frozenset[str]], *cutoffs: int) -> dict[tuple[int, str], dict[str, Any]]:
    with warehouse() as house:
        tables = silver(house, (*ADA, *BO, *ANONYMOUS), FACTS)
        keys = prepare(house, tables)["customer_keys"]
        rows = house.fetch(customer_groups({**tables, "customer_keys": keys}, present, cutoffs)).to_pylist()
    return {(row.pop("as_of_day"), row.pop("customer_id")): row for row in rows}


def test_habits_are_what_most_lines_known_by_the_cutoff_say_and_ties_go_by_name() -> None:
    found = words(PRESENT, MIDYEAR, LATER)
    assert found[MIDYEAR, "Bo"]["channel"] == "shop"  # one each: the first by name
    assert found[on(2024, 12, 31), "Bo"]["channel"] == "shop"
    assert words(PRESENT, on(2024, 7, 2))[on(2024, 7, 2), "Bo"]["channel"] == "web"
    assert found[MIDYEAR, "Ada"]["branch"] == "n"
    assert words(PRESENT, on(2023, 12, 31))[on(2023, 12, 31), "Bo"]["channel"] is None


def test_records_go_before_habits_and_age_is_counted_on_the_cutoff() -> None:
    found = words(PRESENT, MIDYEAR, on(2024, 7, 5))
    assert found[MIDYEAR, "Ada"] == {
        "country": "Malta",
        "branch": "n",
        "channel": "web",
        "gender": "f",
        "age": "under 25",
    }
    assert found[on(2024, 7, 5), "Ada"]["age"] == "25–34"
    assert (found[MIDYEAR, "Bo"]["gender"], found[MIDYEAR, "Bo"]["age"]) == (None, None)


def test_each_customer_has_one_row_per_cutoff() -> None:
    assert set(words(PRESENT, MIDYEAR, LATER)) == {(day, who) for day in (MIDYEAR, LATER) for who in ("Ada", "Bo")}


@pytest.mark.parametrize(
    ("present", "names"),
    [
        ({"transactions": frozenset({"customer_id"})}, ()),
        (PRESENT, ("country", "branch", "channel", "gender", "age")),
        (
            {"customers": frozenset({"plan", "region", "acquisition_channel"})},
            ("region", "acquisition_channel", "plan"),
        ),
    ],
)
def test_only_groups_that_are_mapped_are_told(present: dict[str, frozenset[str]], names: tuple[str, ...]) -> None:
    assert available_groups(present) == names


def test_without_any_group_there_are_still_the_customers() -> None:
    assert words({"transactions": frozenset({"customer_id"})}, LATER) == {(LATER, "Ada"): {}, (LATER, "Bo"): {}}
