from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from models.simulated_customers import Sales, history, shop, subscribers
from patron.errors import LeakFound
from patron.models.customers import ALL_COLUMNS, History, Window
from patron.models.validation.leaks import refuse_leaks
from patron.models.valuing.baselines import FittedRule
from patron.models.valuing.installed import value_models


@dataclass(frozen=True)
class Oracle:
    """A model that reads whatever it is given."""

    name: str = "oracle"
    title: str = "reads tomorrow's papers"
    complexity: int = 9
    inputs: tuple[str, ...] = ALL_COLUMNS

    def fit(self, history: History, seed: int) -> FittedRule:
        raise NotImplementedError


def with_column(windows: tuple[Window, ...], name: str, of: Callable[[Window], np.ndarray]) -> tuple[Window, ...]:
    return tuple(
        replace(one, customers=replace(one.customers, columns={**one.customers.columns, name: of(one)}))
        for one in windows
    )


SHOP = history(shop(), 380, 120).windows


@pytest.mark.parametrize("name", sorted(value_models()))
def test_no_built_in_model_is_refused_in_an_ordinary_shop(name: str) -> None:
    refuse_leaks(value_models()[name], SHOP)


def test_an_outcome_is_refused_by_its_name() -> None:
    with pytest.raises(LeakFound, match="'oracle' is refused: its input 'future_value' is an outcome"):
        refuse_leaks(Oracle(), with_column(SHOP, "future_value", lambda one: one.future_value))
    with pytest.raises(LeakFound, match="future_orders"):
        refuse_leaks(Oracle(inputs=("T", "future_orders")), ())


@pytest.mark.parametrize(
    "disguise",
    [
        lambda one: one.future_value,
        lambda one: -3 * one.future_value + 7,
        lambda one: np.log1p(one.future_value),
        lambda one: np.where(one.future_value > 0, one.future_value, np.nan),
        lambda one: one.future_orders,
        lambda one: (one.future_orders > 0).astype(float),
        lambda one: one.future_value * np.random.default_rng(0).uniform(0.99, 1.01, len(one.customers)),
    ],
)
def test_the_future_under_another_name_is_refused(disguise: Callable[[Window], np.ndarray]) -> None:
    with pytest.raises(LeakFound, match="'loyalty_index' alone explains") as refusal:
        refuse_leaks(Oracle(), with_column(SHOP, "loyalty_index", disguise))
    assert refusal.value.model == "oracle"
    assert refusal.value.feature == "loyalty_index"


def test_two_copies_of_the_future_do_not_excuse_each_other() -> None:
    twice = with_column(SHOP, "one", lambda one: one.future_value)
    twice = with_column(twice, "two", lambda one: 2 * one.future_value)
    with pytest.raises(LeakFound):
        refuse_leaks(Oracle(), twice)


def test_a_plain_fact_overwritten_by_the_future_is_refused() -> None:
    with pytest.raises(LeakFound, match="monetary_value"):
        refuse_leaks(Oracle(), with_column(SHOP, "monetary_value", lambda one: one.future_value))


def test_a_model_that_does_not_read_the_leak_is_not_refused() -> None:
    leaking = with_column(SHOP, "loyalty_index", lambda one: one.future_value)
    refuse_leaks(value_models()["bg_nbd"], leaking)


@pytest.mark.parametrize("churn", [0.0, 0.002, 0.01, 0.05, 0.2])
def test_subscribers_who_pay_the_same_every_month_are_no_leak(churn: float) -> None:
    contract: Sales = subscribers(churn=churn)
    for cutoff, horizon in ((600, 90), (600, 180)):
        refuse_leaks(Oracle(), history(contract, cutoff, horizon).windows)


@pytest.mark.parametrize("churn", [0.01, 0.05])
def test_knowing_which_subscriber_leaves_is_a_leak(churn: float) -> None:
    windows = history(subscribers(churn=churn), 600, 180).windows
    with pytest.raises(LeakFound, match="leaving_score"):
        refuse_leaks(Oracle(), with_column(windows, "leaving_score", lambda one: one.future_value))


def test_one_giant_customer_does_not_make_an_honest_feature_suspect() -> None:
    def giant(one: Window) -> Window:
        first = np.arange(len(one.customers)) == 0
        columns = {
            **one.customers.columns,
            "trailing_value": np.where(first, 1e7, one.customers.column("trailing_value")),
        }
        return replace(
            one, customers=replace(one.customers, columns=columns), future_value=np.where(first, 1e7, one.future_value)
        )

    refuse_leaks(Oracle(), tuple(giant(one) for one in SHOP))


def test_too_few_customers_are_judged_by_name_alone() -> None:
    few = tuple(one.rows(np.arange(60)) for one in SHOP)
    refuse_leaks(Oracle(), with_column(few, "loyalty_index", lambda one: one.future_value))
    with pytest.raises(LeakFound):
        refuse_leaks(Oracle(), with_column(few, "future_value", lambda one: one.future_value))
