"""What arithmetic says of a customer after more purchases is what the features say once those purchases happen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from features.random_world import FIRST, LAST, prompt_lines
from features.silver_cast import HORIZON, ORDERS_ONLY, Line, prepare, silver, warehouse
from patron.errors import UsageError
from patron.features.catalogue import FEATURES, available_features
from patron.features.customer_features import customer_features
from patron.models.customers import Customers
from patron.scores.more_purchases import _spread, usual_order_value, with_purchases
from patron.scores.views import customers_of

CUTOFF = FIRST + 380
PRESENT = {"transactions": ORDERS_ONLY["transactions"] | {"product_id"}}
FEATURES_THEN = available_features(PRESENT)
WINDOWED = {
    feature.name
    for feature in FEATURES
    if feature.family == "trend" or feature.name in ("same_season_value", "same_season_orders")
}
# An order like the usual one leaves these as they are, to which nothing in the engine answers.
BESIDE = {"lines_per_order", "products", "products_per_order"}
EXACT = sorted({feature.name for feature in FEATURES_THEN} - WINDOWED - BESIDE)


def lines() -> list[Line]:
    """A world that ends at the cutoff, with no row that became known or was taken back later."""
    return [line for line in prompt_lines(3) if line.day <= CUTOFF and line.known is None]


def described(rows: list[Line], day: int) -> Customers:
    house = warehouse()
    prepared = prepare(house, silver(house, rows), PRESENT)
    table = house.fetch(customer_features(prepared, [day], HORIZON, FEATURES_THEN))
    return customers_of(pa.table(table), day)


def after(now: Customers, n: int, amount: np.ndarray, day: int) -> Customers:
    new = [
        Line(str(who), f"new-{who}-{on}", on, f"{money:.2f}")
        for who, money in zip(now.customer_id, amount, strict=True)
        for on in _spread(now.as_of_day, day - now.as_of_day, n)
    ]
    return described([*lines(), *new], day)


@pytest.fixture(scope="module")
def now() -> Customers:
    return described(lines(), CUTOFF)


def amounts(now: Customers) -> np.ndarray:
    return np.round(np.nan_to_num(usual_order_value(now), nan=12.5), 2) + 0.01


@pytest.mark.parametrize(("n", "days"), [(0, 60), (1, 7), (2, 200), (5, 60)])
def test_features_of_all_history_are_those_that_purchases_would_make(now: Customers, n: int, days: int) -> None:
    amount, day = amounts(now), CUTOFF + days
    made, real = with_purchases(now, n, amount, day, HORIZON), after(now, n, amount, day)
    assert made.as_of_day == day
    assert {"frequency", "std_gap", "quarter_1_share", "refund_share", "max_order_value"} <= set(EXACT)
    for name in EXACT:
        np.testing.assert_allclose(made.column(name), real.column(name), rtol=1e-7, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("n", [0, 3])
def test_spans_whose_age_is_a_known_span_are_exact(now: Customers, n: int) -> None:
    # 150 of today's days are not known; 180 - 90 and 365 - 185 are, and whatever lies wholly after today.
    amount, day = amounts(now), CUTOFF + 90
    made, real = with_purchases(now, n, amount, day, HORIZON), after(now, n, amount, day)
    for name in ("orders_30d", "orders_90d", "orders_180d", "trailing_orders", "value_30d", "value_90d", "value_180d"):
        np.testing.assert_allclose(made.column(name), real.column(name), atol=1e-7, err_msg=name)
    np.testing.assert_allclose(made.column("orders_trend_90d"), real.column("orders_trend_90d"), atol=1e-9)
    np.testing.assert_allclose(made.column("orders_pace_90d"), real.column("orders_pace_90d"), atol=1e-9)


@pytest.mark.parametrize("days", [20, 110])
def test_other_spans_are_near_and_within_their_bounds(now: Customers, days: int) -> None:
    amount, day = amounts(now), CUTOFF + days
    made, real = with_purchases(now, 2, amount, day, HORIZON), after(now, 2, amount, day)
    for name in ("orders_30d", "orders_90d", "orders_180d", "orders_365d", "same_season_orders"):
        told, true = made.column(name), real.column(name)
        np.testing.assert_array_equal(np.isnan(told), np.isnan(true), err_msg=name)
        assert np.nanmean(np.abs(told - true)) < 1.0
        assert np.nanmin(told) >= 0
    assert (made.column("orders_90d") <= made.column("orders_180d") + 1e-9).all()


def test_a_first_purchase_makes_a_customer_of_whoever_only_gave_back(now: Customers) -> None:
    house = warehouse()
    rows = [Line("Bruno", "B1", CUTOFF - 20, "-12.50", refund=True), Line("Ada", "A1", CUTOFF - 100, "10")]
    prepared = prepare(house, silver(house, rows), PRESENT)
    table = house.fetch(customer_features(prepared, [CUTOFF], HORIZON, FEATURES_THEN))
    made = with_purchases(customers_of(table, CUTOFF), 2, np.array([8.0, 30.0]), CUTOFF + 40, HORIZON)
    bruno = {name: column[1] for name, column in made.columns.items()}
    assert (bruno["frequency"], bruno["T"], bruno["recency"], bruno["monetary_value"]) == (1, 29, 20, 30.0)
    assert (bruno["historic_value"], bruno["first_day_value"], bruno["max_gap"]) == (47.5, 30.0, 20)


def test_only_columns_that_are_there_are_made(now: Customers) -> None:
    few = replace(now, columns={name: now.column(name) for name in now.columns if not name.startswith("quarter")})
    made = with_purchases(few, 1, amounts(now), CUTOFF + 30, HORIZON)
    assert made.columns.keys() == few.columns.keys()


@pytest.mark.parametrize(("n", "day"), [(1, CUTOFF), (8, CUTOFF + 7), (-1, CUTOFF + 7)])
def test_no_room_for_the_orders_is_refused(now: Customers, n: int, day: int) -> None:
    with pytest.raises(UsageError, match="cannot be thought through"):
        with_purchases(now, n, amounts(now), day, HORIZON)


def test_each_order_has_a_day_of_its_own() -> None:
    for days in (1, 7, 30, 31):
        for n in range(1, min(days, 10) + 1):
            spread = _spread(100, days, n)
            assert len(set(spread)) == n
            assert 100 < min(spread) <= max(spread) <= 100 + days
    assert LAST > CUTOFF
