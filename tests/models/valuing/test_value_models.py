from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest
import xgboost as xgb

from models.simulated_customers import history, shop, subscribers, table, window
from patron.errors import DataError, UnknownName
from patron.models.customers import Customers, FittedValueModel, History, Prediction, Window, input_columns
from patron.models.validation.metrics import measure
from patron.models.valuing.baselines import CohortMean, RFMRate, TrailingValue
from patron.models.valuing.boosting import Boosting
from patron.models.valuing.installed import BASELINES, value_model, value_models
from patron.models.valuing.process_value import BGNBDValue
from patron.models.valuing.teaching import learnable_features

SALES = shop(1200)
NOW, HORIZON = 380, 120
HISTORY = history(SALES, NOW, HORIZON)
FUTURE = window(SALES, NOW, HORIZON)
# The search tries a dozen boosters: it has tests of its own.
EVERY_MODEL = sorted(set(value_models()) - {"tuned_boosting"})
PROCESSES = ["bg_nbd", "pareto_nbd"]
LEARNED = ["boosting", "tweedie", "corrected", "smooth", "zero_inflated", "hybrid"]
SIMPLER = [*BASELINES, *PROCESSES]


@pytest.fixture(scope="module")
def fitted() -> dict[str, FittedValueModel]:
    return {name: value_models()[name].fit(HISTORY, 7) for name in EVERY_MODEL}


@pytest.fixture(scope="module")
def predictions(fitted: dict[str, FittedValueModel]) -> dict[str, Prediction]:
    return {name: model.predict(HISTORY.now) for name, model in fitted.items()}


def arrays(prediction: Prediction) -> dict[str, np.ndarray]:
    return {field.name: getattr(prediction, field.name) for field in fields(prediction)}


def changed(history: History, **columns: object) -> History:
    """The same history with each named column passed through a function."""

    def of(customers: Customers) -> Customers:
        new = {name: columns[name](column) if name in columns else column for name, column in customers.columns.items()}
        return replace(customers, columns=new)

    windows = tuple(replace(one, customers=of(one.customers)) for one in history.windows)
    return History(of(history.now), windows, history.horizon_days)


def in_cents(history: History) -> History:
    money = ("monetary_value", "historic_value", "gross_value", "refund_value", "trailing_value")
    scaled = changed(history, **dict.fromkeys(money, lambda column: column * 100))
    windows = tuple(replace(one, future_value=one.future_value * 100) for one in scaled.windows)
    return History(scaled.now, windows, scaled.horizon_days)


@pytest.mark.parametrize("name", EVERY_MODEL)
def test_every_model_keeps_chances_and_days_within_their_bounds(name: str, predictions: dict[str, Prediction]) -> None:
    made = predictions[name]
    assert (made.expected_value >= 0).all()
    assert (made.expected_orders >= 0).all()
    for chance in (made.probability_alive, made.probability_no_purchase):
        assert ((chance >= 0) & (chance <= 1)).all()
    assert (made.probability_alive >= 1 - made.probability_no_purchase - 1e-9).all()
    assert (made.next_purchase_from_days <= made.next_purchase_to_days).all()
    assert ((made.next_purchase_from_days > 0) & (made.next_purchase_to_days < HORIZON)).all()


@pytest.mark.parametrize("name", [*SIMPLER, *LEARNED])
def test_every_model_gives_the_same_bits_twice(name: str, fitted: dict[str, FittedValueModel]) -> None:
    # A copy of the history: nothing of the first fit is remembered for it.
    again = value_models()[name].fit(changed(HISTORY), 7)
    for field, values in arrays(again.predict(HISTORY.now)).items():
        assert values.tobytes() == arrays(fitted[name].predict(HISTORY.now))[field].tobytes()
    assert again.artifacts() == fitted[name].artifacts()


@pytest.mark.parametrize("name", EVERY_MODEL)
def test_every_model_files_plain_data_only(name: str, fitted: dict[str, FittedValueModel]) -> None:
    for file, content in fitted[name].artifacts().items():
        if file.endswith(".json"):
            json.loads(content)
        else:
            assert file.endswith(".ubj")
            assert xgb.Booster(model_file=bytearray(content)).num_boosted_rounds() > 0


@pytest.mark.parametrize("name", EVERY_MODEL)
def test_a_customer_is_valued_alike_alone_and_among_others(
    name: str, fitted: dict[str, FittedValueModel], predictions: dict[str, Prediction]
) -> None:
    few = np.array([3, 500, 900])
    for field, values in arrays(fitted[name].predict(HISTORY.now.rows(few))).items():
        np.testing.assert_allclose(values, arrays(predictions[name])[field][few], rtol=1e-12)


@pytest.mark.parametrize("name", [*SIMPLER, *LEARNED])
def test_cents_instead_of_euros_multiply_values_by_a_hundred_and_nothing_else(
    name: str, predictions: dict[str, Prediction]
) -> None:
    cents = arrays(value_models()[name].fit(in_cents(HISTORY), 7).predict(in_cents(HISTORY).now))
    euros = arrays(predictions[name])
    # Trees cut between 32-bit numbers: a value on a cut may fall on its other side.
    tolerance = 0.02 if name in LEARNED else 1e-5
    assert cents["expected_value"].sum() == pytest.approx(100 * euros["expected_value"].sum(), rel=tolerance)
    assert cents["expected_orders"].sum() == pytest.approx(euros["expected_orders"].sum(), rel=tolerance)
    if name in SIMPLER:
        np.testing.assert_allclose(cents["expected_value"], 100 * euros["expected_value"], rtol=1e-4)


@pytest.mark.parametrize("name", [*PROCESSES, *LEARNED, "blend"])
def test_candidates_predict_the_total_and_beat_the_baselines_in_a_shop_of_leavers(
    name: str, predictions: dict[str, Prediction]
) -> None:
    made = measure(FUTURE.future_value, predictions[name].expected_value)
    assert 0.75 < made.bias < 1.25
    for baseline in BASELINES:
        assert made.rmse < measure(FUTURE.future_value, predictions[baseline].expected_value).rmse


def test_the_chance_of_no_purchase_is_right_on_average(predictions: dict[str, Prediction]) -> None:
    silent = (FUTURE.future_orders == 0).mean()
    for name in (*PROCESSES, "boosting", "zero_inflated", "blend", "hybrid", "cohort_mean"):
        assert predictions[name].probability_no_purchase.mean() == pytest.approx(silent, abs=0.06)


def test_trailing_value_repeats_the_last_period_and_never_goes_below_zero() -> None:
    refunded = changed(HISTORY, trailing_value=lambda column: np.where(np.arange(len(column)) == 0, -50.0, column))
    made = TrailingValue().fit(refunded, 0).predict(refunded.now)
    assert made.expected_value[0] == 0
    np.testing.assert_array_equal(made.expected_value[1:], HISTORY.now.column("trailing_value")[1:])


def test_a_day_old_customer_is_not_expected_to_buy_every_day() -> None:
    young = changed(HISTORY, T=lambda column: np.zeros_like(column), recency=lambda column: np.zeros_like(column))
    young = changed(young, frequency=lambda column: np.zeros_like(column))
    made = RFMRate().fit(young, 0).predict(young.now)
    np.testing.assert_allclose(made.expected_value, young.now.column("historic_value") * HORIZON / 90)


def test_cohort_mean_takes_the_overall_mean_for_a_cell_of_few() -> None:
    fitted = CohortMean().fit(HISTORY, 0)
    outcome = np.concatenate([one.future_value for one in HISTORY.windows])
    assert np.isclose(fitted.value, outcome.mean()).any()
    assert fitted.predict(HISTORY.now).expected_value.mean() == pytest.approx(FUTURE.future_value.mean(), rel=0.5)


def test_cohort_mean_without_windows_learns_from_the_last_period() -> None:
    alone = History(HISTORY.now, (), HORIZON)
    made = CohortMean().fit(alone, 0).predict(alone.now)
    assert made.expected_value.mean() == pytest.approx(alone.now.column("trailing_value").mean(), rel=0.1)


def test_a_missing_last_purchase_counts_from_the_first_row() -> None:
    unknown = changed(HISTORY, days_since_last_purchase=lambda column: np.full_like(column, np.nan))
    tenure = changed(HISTORY, days_since_last_purchase=lambda column: column)
    tenure = History(
        replace(tenure.now, columns={**tenure.now.columns, "days_since_last_purchase": tenure.now.column("T")}),
        tuple(
            replace(w, customers=replace(w.customers, columns={**w.customers.columns, "days_since_last_purchase": w.customers.column("T")}))
            for w in tenure.windows
        ),
        HORIZON,
    )  # fmt: skip
    one, other = (CohortMean().fit(h, 0).predict(h.now).expected_value for h in (unknown, tenure))
    np.testing.assert_array_equal(one, other)


def test_half_of_everything_given_back_halves_the_value() -> None:
    returned = changed(HISTORY, historic_value=lambda column: column / 2)
    whole, half = (BGNBDValue().fit(h, 0).predict(h.now).expected_value for h in (HISTORY, returned))
    np.testing.assert_allclose(half, whole / 2, rtol=1e-9)


def test_a_huge_cancelled_order_leaves_its_customer_with_little_expected() -> None:
    def first(value: float) -> object:
        return lambda column: np.where(np.arange(len(column)) == 0, value, column)

    huge = changed(HISTORY, frequency=first(1), recency=first(1), monetary_value=first(80_000))
    kept = changed(huge, gross_value=first(80_050), historic_value=first(80_050))
    cancelled = changed(huge, gross_value=first(80_050), historic_value=first(50))
    one, other = (BGNBDValue().fit(h, 0).predict(h.now).expected_value[0] for h in (kept, cancelled))
    assert other < 0.05 * one


def test_several_orders_a_day_raise_orders_not_value() -> None:
    doubled = changed(HISTORY, orders=lambda column: column * 2)
    one, two = (BGNBDValue().fit(h, 0).predict(h.now) for h in (HISTORY, doubled))
    np.testing.assert_allclose(two.expected_orders, 2 * one.expected_orders, rtol=1e-9)
    np.testing.assert_array_equal(two.expected_value, one.expected_value)


def test_few_customers_still_get_a_finite_answer_from_everything_but_boosting() -> None:
    for count in (0, 1, 3):
        few = History(HISTORY.now.rows(np.arange(count)), (), HORIZON)
        for name in (*BASELINES, "bg_nbd"):
            assert len(value_model(name).fit(few, 0).predict(few.now).expected_value) == count


def test_customers_seen_only_today_get_a_finite_answer() -> None:
    today = changed(
        History(HISTORY.now, (), HORIZON), **dict.fromkeys(("T", "recency", "frequency"), lambda column: column * 0)
    )
    for name in (*BASELINES, "bg_nbd"):
        assert np.isfinite(value_model(name).fit(today, 0).predict(today.now).expected_value).all()


def test_boosting_without_enough_buyers_says_what_it_needs() -> None:
    with pytest.raises(DataError, match="0 earlier windows with 0 buyers"):
        Boosting().fit(History(HISTORY.now, (), HORIZON), 0)
    thin = HISTORY.windows[0].rows(np.arange(40))
    with pytest.raises(DataError, match="50 buyers"):
        Boosting().fit(History(HISTORY.now, (thin,), HORIZON), 0)


def test_boosting_keeps_the_total_of_what_it_learnt_from(fitted: dict[str, FittedValueModel]) -> None:
    facts = json.loads(fitted["boosting"].artifacts()["boosting.json"])
    assert 0.8 < facts["value_level"] < 1.25
    assert 0.8 < facts["orders_level"] < 1.25


def test_boosting_reads_every_shared_column_but_no_position_in_the_calendar() -> None:
    columns = learnable_features(HISTORY)
    assert "trailing_value" in columns
    assert not {"first_day", "last_day"} & set(columns)
    extra = replace(HISTORY.now, columns={**HISTORY.now.columns, "only_now": HISTORY.now.column("T")})
    assert "only_now" not in learnable_features(History(extra, HISTORY.windows, HORIZON))


def test_boosting_learns_from_a_column_the_others_ignore(predictions: dict[str, Prediction]) -> None:
    rng = np.random.default_rng(3)

    def told(one: Window) -> Window:
        told = np.where(one.future_orders > 0, 1.0, 0.0) * (rng.random(len(one.customers)) < 0.7)
        return replace(one, customers=replace(one.customers, columns={**one.customers.columns, "said_so": told}))

    future = told(FUTURE)
    wiser = History(future.customers, tuple(told(one) for one in HISTORY.windows), HORIZON)
    wise = Boosting().fit(wiser, 7).predict(wiser.now).expected_value
    plain = predictions["boosting"].expected_value
    assert measure(FUTURE.future_value, wise).gini > measure(FUTURE.future_value, plain).gini + 0.05


def test_boosting_bears_infinite_and_missing_features() -> None:
    odd = changed(
        HISTORY, recency=lambda column: column, trailing_orders=lambda column: np.where(column > 2, np.inf, np.nan)
    )
    assert np.isfinite(Boosting().fit(odd, 0).predict(odd.now).expected_value).all()


def test_boosting_bears_a_world_where_everybody_buys_again() -> None:
    loyal = subscribers(300, churn=0.0)
    past = history(loyal, 600, 90)
    made = Boosting().fit(past, 0).predict(past.now)
    assert measure(window(loyal, 600, 90).future_value, made.expected_value).bias == pytest.approx(1, abs=0.05)


def test_blend_is_the_average_of_both(predictions: dict[str, Prediction]) -> None:
    half = (predictions["bg_nbd"].expected_value + predictions["boosting"].expected_value) / 2
    np.testing.assert_allclose(predictions["blend"].expected_value, half, rtol=1e-12)


def test_a_window_that_reaches_past_the_cutoff_is_refused() -> None:
    with pytest.raises(DataError, match="must lie in the past"):
        History(HISTORY.now, (FUTURE,), HORIZON)


def test_a_missing_feature_is_named() -> None:
    bare = Customers(NOW, np.array(["ada"]), {name: np.zeros(1) for name in ("frequency", "recency", "T")})
    with pytest.raises(DataError, match="no column 'trailing_value'"):
        TrailingValue().fit(History(bare, (), HORIZON), 0).predict(bare)
    with pytest.raises(DataError, match="2 values for 1 customers"):
        Customers(NOW, np.array(["ada"]), {"T": np.array([3.0, 4.0])})


def test_every_built_in_model_is_known_by_its_name_and_baselines_are_simplest() -> None:
    models = value_models()
    assert set(BASELINES) < set(models)
    assert all(models[name].name == name and models[name].title for name in models)
    assert max(models[name].complexity for name in BASELINES) < models["bg_nbd"].complexity
    order = [models[name].complexity for name in ("bg_nbd", "boosting", "blend", "hybrid")]
    assert order == sorted(set(order))
    for name in ("trailing_value", "bg_nbd"):
        assert set(input_columns(models[name], HISTORY.now)) <= set(HISTORY.now.columns)
    with pytest.raises(UnknownName, match="Did you mean 'bg_nbd'"):
        value_model("bgnbd")


def test_the_simulated_tables_agree_with_the_sales() -> None:
    now = table(SALES, NOW, HORIZON)
    assert now.column("historic_value").sum() == pytest.approx(SALES.value[SALES.day <= NOW].sum())
