from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pytest

from features.silver_cast import (
    CAST,
    CUTOFF,
    EVERYTHING,
    FACTS,
    HORIZON,
    ORDERS_ONLY,
    Line,
    Tables,
    Views,
    bought,
    described,
    exact,
    on,
    prepare,
    silver,
    warehouse,
)
from patron.errors import UsageError
from patron.features.catalogue import FEATURES, available_features
from patron.features.customer_features import customer_features
from patron.warehouse.duckdb import DuckDBWarehouse

ADA: dict[str, Any] = {
    "frequency": 3,
    "recency": 407,
    "T": 417,
    "monetary_value": 115 / 3,
    "orders": 5,
    "purchase_days": 4,
    "historic_value": 122.0,
    "gross_value": 130.0,
    "days_since_last_purchase": 10,
    "first_day": 19_487,
    "last_day": 19_894,
    "mean_gap": 407 / 3,
    "std_gap": math.sqrt((3 * (241**2 + 130**2 + 36**2) - 407**2) / 6),
    "gap_variation": math.sqrt((3 * (241**2 + 130**2 + 36**2) - 407**2) / 6) / (407 / 3),
    "max_gap": 241,
    "last_gap": 36,
    "gap_ratio": 10 / (407 / 3),
    "trailing_value": 57.0,
    "trailing_orders": 2,
    "value_30d": 25.0,
    "orders_30d": 1,
    "value_90d": 57.0,
    "orders_90d": 2,
    "value_180d": 107.0,
    "orders_180d": 4,
    "value_365d": 107.0,
    "orders_365d": 4,
    "value_trend_90d": 65 / 115,
    "value_trend_365d": 1.0,
    "orders_trend_90d": 0.5,
    "orders_trend_365d": 1.0,
    "orders_pace_90d": (2 / 90) / (5 / 418),
    "mean_order_value": 26.0,
    "max_order_value": 40.0,
    "first_day_value": 15.0,
    "lines_per_order": 1.2,
    "items_per_order": 2.4,
    "mean_item_value": 130 / 12,
    "products": 4,
    "products_per_order": 0.8,
    "categories": 2,
    "top_category_share": 70 / 130,
    "refund_value": -8.0,
    "refund_lines": 1,
    "refund_share": 8 / 130,
    "days_since_last_refund": 41,
    "branches": 2,
    "main_branch_share": 100 / 130,
    "channels": 2,
    "main_channel_share": 110 / 130,
    "quarter_1_share": 0.4,
    "quarter_2_share": 0.6,
    "quarter_3_share": 0.0,
    "quarter_4_share": 0.0,
    "weekend_share": 0.4,
    "same_season_value": 0.0,
    "same_season_orders": 0,
    "acquisition_month": 640,
    "acquisition_season": 5,
    "days_since_acquired": 426,
    "discount_share": 10 / 140,
    "discounted_lines_share": 1 / 6,
    "contacts": 3,
    "contacts_90d": 1,
    "days_since_last_contact": 29,
    "responses": 1,
    "response_rate": 1 / 3,
    "opens_30d": 2,
    "opens_90d": 2,
    "clicks_30d": 1,
    "clicks_90d": 1,
    "visits_30d": 0,
    "visits_90d": 1,
    "engagements": 6,
    "days_since_last_engagement": 14,
    "click_share": 0.5,
    "reviews": 4,
    "days_since_last_review": 12,
    "mean_rating": 12.5 / 3,
    "last_rating": 3.75,
    "contracts": 2,
    "active_contracts": 1,
    "contract_tenure": 366,
    "contract_yearly_price": 144.0,
}
BRUNO: dict[str, Any] = {
    "frequency": 0,
    "recency": 0,
    "T": 29,
    "monetary_value": 0.0,
    "orders": 0,
    "purchase_days": 0,
    "historic_value": -12.5,
    "gross_value": 0.0,
    "refund_value": -12.5,
    "refund_share": None,
    "days_since_last_purchase": 29,
    "first_day": on(2024, 6, 1),
    "last_day": on(2024, 6, 1),
    "mean_gap": None,
    "std_gap": None,
    "max_gap": None,
    "last_gap": None,
    "gap_ratio": None,
    "mean_order_value": None,
    "max_order_value": 0.0,
    "weekend_share": None,
    "same_season_value": None,
    "same_season_orders": None,
    "orders_pace_90d": None,
    "products": 0,
    "top_category_share": None,
    "days_since_acquired": None,
    "contacts": 0,
    "days_since_last_contact": None,
    "response_rate": None,
    "opens_30d": 0,
    "engagements": 0,
    "days_since_last_engagement": None,
    "click_share": None,
    "reviews": 0,
    "days_since_last_review": None,
    "mean_rating": None,
    "last_rating": None,
    "contracts": 0,
    "contract_tenure": None,
    "contract_yearly_price": 0.0,
}


@pytest.fixture(scope="module")
def house() -> Iterator[DuckDBWarehouse]:
    with warehouse() as opened:
        yield opened


@pytest.fixture(scope="module")
def prepared(house: DuckDBWarehouse) -> Tables:
    return prepare(house, silver(house, CAST, FACTS))


@pytest.fixture(scope="module")
def today(house: DuckDBWarehouse, prepared: Tables) -> Views:
    return described(house, prepared)


def test_every_feature_of_the_catalogue_has_a_value_worked_out_by_hand() -> None:
    assert set(ADA) == {feature.name for feature in FEATURES}


@pytest.mark.parametrize("name", list(ADA))
def test_ada_has_the_value_worked_out_by_hand(today: Views, name: str) -> None:
    value = today[CUTOFF, "Ada"][name]
    assert type(value) is type(ADA[name])
    assert value == pytest.approx(ADA[name], rel=1e-15, abs=0)


@pytest.mark.parametrize("name", list(BRUNO))
def test_a_customer_of_refunds_only_has_no_purchases_and_nothing_invented(today: Views, name: str) -> None:
    assert today[CUTOFF, "Bruno"][name] == BRUNO[name]


def test_a_customer_of_free_gifts_only_has_no_orders(today: Views) -> None:
    fay = today[CUTOFF, "Fay"]
    assert (fay["orders"], fay["frequency"], fay["T"], fay["historic_value"]) == (0, 0, 20, 0.0)


def test_anonymous_rows_and_customers_of_the_future_are_not_customers(today: Views) -> None:
    assert {who for _, who in today} == {"Ada", "Bruno", "Chen", "Dora", "Fay"}


def test_an_order_known_in_two_steps_counts_once_with_what_was_known(house: DuckDBWarehouse, prepared: Tables) -> None:
    later = on(2024, 7, 1)
    views = described(house, prepared, [CUTOFF, later])
    names = ("orders", "purchase_days", "gross_value", "max_order_value", "mean_order_value", "main_branch_share")
    assert [views[CUTOFF, "Chen"][name] for name in names] == [2, 2, 130.0, 70.0, 65.0, 60 / 130]
    assert [views[later, "Chen"][name] for name in names] == [2, 2, 170.0, 100.0, 85.0, 100 / 170]


def test_last_years_season_is_the_one_that_the_horizon_covers(today: Views) -> None:
    assert (today[CUTOFF, "Chen"]["same_season_value"], today[CUTOFF, "Chen"]["same_season_orders"]) == (70.0, 1)


def test_a_contract_that_begins_on_the_cutoff_is_active_and_priced_by_the_year(today: Views) -> None:
    chen = today[CUTOFF, "Chen"]
    assert (chen["active_contracts"], chen["contract_tenure"], chen["contract_yearly_price"]) == (1, 0, 99.0)


def test_gaps_follow_what_was_known_when_purchases_become_known_out_of_order(
    house: DuckDBWarehouse, prepared: Tables
) -> None:
    days = [on(2024, 5, 1), CUTOFF, on(2024, 7, 31)]
    views = described(house, prepared, days)
    names = ("frequency", "first_day", "first_day_value", "monetary_value", "max_gap", "last_gap", "std_gap")
    assert [[views[day, "Dora"][name] for name in names] for day in days] == [
        [0, on(2024, 3, 10), 33.0, 0.0, None, None, None],
        [1, on(2024, 1, 10), 11.0, 33.0, 60, 60, None],
        [2, on(2024, 1, 10), 11.0, 27.5, 31, 29, math.sqrt(2)],
    ]


def test_a_refund_does_not_raise_the_frequency(house: DuckDBWarehouse) -> None:
    refunded = [bought("Ada", "A1", 19_000, "10"), bought("Ada", "A2", 19_010, "-10", refund=True)]
    views = described(house, _prepared_apart(house, refunded), features=available_features(ORDERS_ONLY))
    assert (views[CUTOFF, "Ada"]["frequency"], views[CUTOFF, "Ada"]["orders"]) == (0, 1)


def test_value_follows_the_value_contract_while_purchases_follow_the_amount(house: DuckDBWarehouse) -> None:
    margins = [
        bought("Ada", "A1", 19_000, "10", value="2.5"),
        bought("Ada", "A2", 19_010, "-4", value="0", refund=True),
    ]
    ada = described(house, _prepared_apart(house, margins), features=available_features(ORDERS_ONLY))[CUTOFF, "Ada"]
    assert (ada["historic_value"], ada["gross_value"], ada["refund_value"], ada["orders"]) == (2.5, 2.5, 0.0, 1)


def test_many_cutoffs_in_one_query_equal_one_at_a_time(house: DuckDBWarehouse, prepared: Tables) -> None:
    cutoffs = [on(2024, 1, 6), on(2024, 3, 31), CUTOFF, on(2024, 7, 31)]
    together = described(house, prepared, cutoffs)
    apart = [described(house, prepared, [cutoff]) for cutoff in cutoffs]
    assert repr(sorted(together.items())) == repr(sorted(item for views in apart for item in views.items()))


def test_restricting_the_customers_changes_nothing_else(house: DuckDBWarehouse, prepared: Tables) -> None:
    house.replace("work", "chosen", pa.table({"customer_id": ["Dora", "Ada", "Unknown", "Ada"]}))
    chosen = house.table("work", "chosen")
    features = available_features(EVERYTHING)
    some = house.fetch(customer_features(prepared, [CUTOFF], HORIZON, features, customers=chosen))
    everyone = house.fetch(customer_features(prepared, [CUTOFF], HORIZON, features))
    mask = [name in ("Ada", "Dora") for name in everyone["customer_id"].to_pylist()]
    assert exact(some) == exact(everyone.filter(mask))


def test_a_missing_source_means_an_absent_column_and_the_others_keep_their_values(
    house: DuckDBWarehouse, today: Views
) -> None:
    features = available_features(ORDERS_ONLY)
    views = described(house, _prepared_apart(house, CAST), features=features)
    ada = views[CUTOFF, "Ada"]
    assert "items_per_order" not in ada
    assert "branches" not in ada
    assert ada == {
        name: today[CUTOFF, "Ada"][name] for name in ("as_of_day", "customer_id", *(f.name for f in features))
    }


def test_no_cutoff_is_refused(prepared: Tables) -> None:
    with pytest.raises(UsageError, match="No cutoff was given"):
        customer_features(prepared, [], HORIZON, FEATURES)


def _prepared_apart(house: DuckDBWarehouse, lines: Iterable[Line]) -> Tables:
    """Prepared in a warehouse of its own and handed back into the shared one's, so that fixtures stay whole."""
    with warehouse() as apart:
        tables = prepare(apart, silver(apart, lines), ORDERS_ONLY)
        rows = {name: apart.fetch(table) for name, table in tables.items()}
    for name, table in rows.items():
        house.replace("gold", f"apart_{name}", table)
    return {name: house.table("gold", f"apart_{name}") for name in rows}
