from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from models.simulated_customers import history, shop
from patron.errors import DataError, UsageError
from patron.models.customers import Customers, FittedValueModel
from patron.models.valuing.installed import value_models
from patron.periods import day_number, day_of
from patron.scores.counterfactual import WayUp, fewest_orders_for, way_up_sentence
from patron.scores.more_purchases import with_purchases

NOW, HORIZON = 380, 120
HISTORY = history(shop(900), NOW, HORIZON)


@pytest.fixture(scope="module", params=["bg_nbd", "boosting", "hybrid"])
def fitted(request: pytest.FixtureRequest) -> FittedValueModel:
    return value_models()[request.param].fit(HISTORY, 7)


def one(row: int) -> Customers:
    return HISTORY.now.rows(np.array([row]))


def some_regular() -> Customers:
    return one(int(np.flatnonzero(HISTORY.now.column("frequency") == 3)[0]))


def test_the_fewest_orders_reach_the_threshold_and_one_fewer_does_not(fitted: FittedValueModel) -> None:
    customer, day = some_regular(), NOW + 60
    amount = customer.column("gross_value") / customer.column("orders")
    values = [
        float(fitted.predict(with_purchases(customer, n, amount, day, HORIZON)).expected_value[0]) for n in range(11)
    ]
    threshold = (values[2] + values[3]) / 2
    way = fewest_orders_for(fitted, customer, threshold, day, HORIZON)
    assert way.orders == next(n for n, value in enumerate(values) if value >= threshold)
    assert way.with_orders == pytest.approx(values[way.orders])
    assert way.without == pytest.approx(values[0])
    assert way.value_now == pytest.approx(float(fitted.predict(customer).expected_value[0]))
    assert values[3] > values[1] > values[0]


def test_silence_lowers_and_orders_raise_what_is_expected(fitted: FittedValueModel) -> None:
    way = fewest_orders_for(fitted, some_regular(), 1e9, NOW + 90, HORIZON)
    assert way.orders is None
    assert way.tried == 10
    assert way.without < way.value_now < way.with_orders


def test_nothing_is_needed_where_the_threshold_is_kept_without(fitted: FittedValueModel) -> None:
    assert fewest_orders_for(fitted, some_regular(), 0.0, NOW + 5, HORIZON).orders == 0
    assert fewest_orders_for(fitted, some_regular(), 1e9, NOW + 5, HORIZON).tried == 5


def test_a_larger_order_needs_no_more_of_them(fitted: FittedValueModel) -> None:
    customer = some_regular()
    threshold = 1.5 * float(fitted.predict(customer).expected_value[0])
    small, large = (
        fewest_orders_for(fitted, customer, threshold, NOW + 60, HORIZON, amount=money) for money in (20.0, 400.0)
    )
    assert large.orders is not None
    assert small.orders is None or large.orders <= small.orders


def test_who_never_ordered_needs_an_amount(fitted: FittedValueModel) -> None:
    nothing = np.zeros(1)
    customer = some_regular()
    bruno = replace(
        customer, columns={**customer.columns, **dict.fromkeys(("orders", "gross_value", "purchase_days"), nothing)}
    )
    with pytest.raises(DataError, match="has not ordered yet"):
        fewest_orders_for(fitted, bruno, 10.0, NOW + 60, HORIZON)
    with pytest.raises(DataError, match="2 customers were given"):
        fewest_orders_for(fitted, HISTORY.now.rows(np.array([1, 2])), 10.0, NOW + 60, HORIZON)
    with pytest.raises(UsageError, match="must lie after the cutoff"):
        fewest_orders_for(fitted, customer, 10.0, NOW, HORIZON)


WAY = WayUp(
    customer_id="17850",
    day=day_number(day_of(0).replace(year=2011, month=3, day=1)),
    threshold=250.0,
    orders=2,
    tried=10,
    amount=60.2,
    value_now=140.0,
    without=90.4,
    with_orders=260.0,
)


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        (
            WAY,
            "2 more orders of about €60 by 1 March 2011 would lift 17850 from medium to high "
            "(expected value €140 → €260); without any, it would fall to €90.",
        ),
        (
            replace(WAY, orders=1, amount=1234.5, without=140.2),
            "1 more order of about €1,234 by 1 March 2011 would lift 17850 from medium to high "
            "(expected value €140 → €260); without any, it would stay at €140.",
        ),
        (
            replace(WAY, orders=None, with_orders=241.0, without=150.0, amount=3.5),
            "Even 10 more orders of about €3.50 by 1 March 2011 would not lift 17850 from medium to high "
            "(expected value €140 → €241); without any, it would rise to €150.",
        ),
        (
            replace(WAY, orders=0),
            "17850 needs no further order to be high by 1 March 2011 (expected value €140 → €260).",
        ),
    ],
)
def test_the_way_up_is_told_in_a_sentence(way: WayUp, sentence: str) -> None:
    assert way_up_sentence(way, "medium", "high", "EUR") == sentence


def test_the_way_up_is_plain_data() -> None:
    assert json.loads(json.dumps(WAY.to_dict()))["day"] == "2011-03-01"
