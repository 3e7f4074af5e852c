from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from models.simulated_customers import history, shop, subscribers, window
from patron.errors import DataError
from patron.models.customers import Customers, History, Prediction
from patron.models.validation.metrics import measure
from patron.models.valuing.baselines import TrailingValue
from patron.models.valuing.feature_matrix import learn_columns, learnable_columns, lessons_of
from patron.models.valuing.linear import FittedLinear, Linear, fit_amount, fit_chance

SALES = shop(1200)
NOW, HORIZON = 380, 120
HISTORY = history(SALES, NOW, HORIZON)
FUTURE = window(SALES, NOW, HORIZON)
MONEY = ("monetary_value", "historic_value", "gross_value", "refund_value", "trailing_value")


@pytest.fixture(scope="module")
def fitted() -> FittedLinear:
    return Linear().fit(HISTORY, 7)


def with_columns(customers: Customers, **columns: np.ndarray) -> Customers:
    return replace(customers, columns={**customers.columns, **columns})


def same(one: Prediction, other: Prediction) -> None:
    np.testing.assert_array_equal(one.expected_value, other.expected_value)
    np.testing.assert_array_equal(one.expected_orders, other.expected_orders)
    np.testing.assert_array_equal(one.probability_no_purchase, other.probability_no_purchase)


def test_it_beats_the_overall_mean_and_ranks_better_than_the_last_period(fitted: FittedLinear) -> None:
    predicted = fitted.predict(FUTURE.customers).expected_value
    made = measure(FUTURE.future_value, predicted)
    learnt_mean = np.mean(np.concatenate([one.future_value for one in HISTORY.windows]))
    plain = measure(FUTURE.future_value, np.full(len(predicted), learnt_mean))
    last = measure(FUTURE.future_value, TrailingValue().fit(HISTORY, 0).predict(HISTORY.now).expected_value)
    assert made.rmse < 0.85 * plain.rmse
    assert made.mae < plain.mae
    assert made.gini > last.gini
    assert made.spearman > 0.4
    assert 0.75 < made.bias < 1.25


def test_the_totals_it_learnt_from_are_kept(fitted: FittedLinear) -> None:
    for field in ("value", "orders"):
        learnt = sum(float(getattr(one, f"future_{field}").sum()) for one in HISTORY.windows)
        made = sum(float(getattr(fitted.predict(one.customers), f"expected_{field}").sum()) for one in HISTORY.windows)
        assert made == pytest.approx(learnt, rel=1e-9 if field == "value" else 0.02)


def test_a_regression_with_a_logarithmic_link_keeps_its_total() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(500, 3))
    amount = np.exp(matrix[:, 0] + rng.normal(0, 1.5, 500))
    part = fit_amount(matrix, amount)
    predicted = part.exp(part.intercept + matrix @ np.array(part.weights))
    assert predicted.sum() == pytest.approx(amount.sum(), rel=1e-6)


def test_plain_arithmetic_predicts_as_scikit_learn_does() -> None:
    from sklearn.linear_model import LogisticRegression, PoissonRegressor

    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(400, 4))
    happened, amount = rng.random(400) < 1 / (1 + np.exp(-matrix[:, 1])), np.exp(matrix[:, 0])
    chance, much = fit_chance(matrix, happened), fit_amount(matrix, amount)
    theirs = LogisticRegression(C=1.0, solver="newton-cholesky").fit(matrix, happened)
    total = chance.intercept + matrix @ np.array(chance.weights)
    np.testing.assert_allclose(1 / (1 + np.exp(-total)), theirs.predict_proba(matrix)[:, 1], rtol=1e-6)
    model = PoissonRegressor(alpha=0.01, solver="newton-cholesky").fit(matrix, amount / amount.mean())
    total = much.intercept + matrix @ np.array(much.weights)
    np.testing.assert_allclose(much.exp(total), model.predict(matrix) * amount.mean(), rtol=1e-6)


def test_the_same_history_gives_the_same_bytes(fitted: FittedLinear) -> None:
    again = Linear().fit(HISTORY, 2**40)
    assert again.artifacts() == fitted.artifacts()
    same(again.predict(HISTORY.now), fitted.predict(HISTORY.now))


def test_a_saved_model_answers_alike(fitted: FittedLinear) -> None:
    files = fitted.artifacts()
    for body in files.values():
        json.loads(body)
    assert sum(map(len, files.values())) < 20_000
    same(FittedLinear.from_artifacts(files).predict(HISTORY.now), fitted.predict(HISTORY.now))
    with pytest.raises(DataError, match="no linear model"):
        FittedLinear.from_artifacts({"linear.json": b'{"model": "other"}'})


def test_cents_instead_of_euros_multiply_values_by_a_hundred_and_nothing_else(fitted: FittedLinear) -> None:
    def cents(customers: Customers) -> Customers:
        return with_columns(customers, **{name: customers.column(name) * 100 for name in MONEY})

    windows = tuple(
        replace(one, customers=cents(one.customers), future_value=one.future_value * 100) for one in HISTORY.windows
    )
    made = Linear().fit(History(cents(HISTORY.now), windows, HORIZON), 7).predict(cents(HISTORY.now))
    plain = fitted.predict(HISTORY.now)
    np.testing.assert_allclose(made.expected_value, 100 * plain.expected_value, rtol=1e-5)
    np.testing.assert_allclose(made.expected_orders, plain.expected_orders, rtol=1e-5)


def test_shuffled_customers_get_their_own_values(fitted: FittedLinear) -> None:
    order = np.random.default_rng(3).permutation(len(HISTORY.now))
    shuffled = fitted.predict(HISTORY.now.rows(order)).expected_value
    np.testing.assert_array_equal(shuffled, fitted.predict(HISTORY.now).expected_value[order])


def test_a_table_without_a_learnt_column_is_refused_and_a_further_one_is_ignored(fitted: FittedLinear) -> None:
    now = HISTORY.now
    short = replace(now, columns={name: column for name, column in now.columns.items() if name != "orders"})
    with pytest.raises(DataError, match="no column 'orders', which the model learnt on"):
        fitted.predict(short)
    same(fitted.predict(with_columns(now, unheard_of=np.ones(len(now)))), fitted.predict(now))


def test_missing_and_infinite_features_take_what_was_learnt() -> None:
    def holes(customers: Customers) -> Customers:
        gap = customers.column("recency").copy()
        gap[::3] = np.nan
        gap[1::7] = np.inf
        return with_columns(customers, mean_gap=gap, never_known=np.full(len(customers), np.nan))

    windows = tuple(replace(one, customers=holes(one.customers)) for one in HISTORY.windows)
    made = Linear().fit(History(holes(HISTORY.now), windows, HORIZON), 0)
    assert {"mean_gap", "mean_gap is missing"} <= set(made.columns.input_names)
    assert "never_known" not in made.columns.input_names
    all_gone = with_columns(
        HISTORY.now, mean_gap=np.full(len(HISTORY.now), np.nan), never_known=np.zeros(len(HISTORY.now))
    )
    assert np.isfinite(made.predict(all_gone).expected_value).all()


def test_columns_are_centred_with_spread_1_and_a_constant_one_is_left_out() -> None:
    rng = np.random.default_rng(4)
    gaps = np.where(rng.random(300) < 0.3, np.nan, rng.lognormal(3, 2, 300))
    learnt = learn_columns({"gap": gaps, "one": np.full(300, 0.1), "none": np.zeros(300)}, ("gap", "one", "none"))
    matrix = learnt.matrix({"gap": gaps})
    assert learnt.input_names == ("gap", "gap is missing")
    np.testing.assert_allclose(matrix.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(matrix.std(axis=0), 1, rtol=1e-9)


def test_a_customer_beyond_all_others_is_held_at_the_largest_learnt() -> None:
    fitted = Linear().fit(HISTORY, 0)
    now = HISTORY.now.rows(np.array([0, 0]))
    giant = with_columns(now, **{name: np.array([1e9, 1e15]) for name in (*MONEY, "orders")})
    value = fitted.predict(giant).expected_value
    assert value[0] == value[1]
    assert np.isfinite(value).all()


def test_a_column_that_tells_the_future_is_used() -> None:
    rng = np.random.default_rng(3)

    def told(one: object) -> np.ndarray:
        return np.where(one.future_orders > 0, 1.0, 0.0) * (rng.random(len(one.customers)) < 0.7)

    windows = tuple(replace(one, customers=with_columns(one.customers, said_so=told(one))) for one in HISTORY.windows)
    future = with_columns(FUTURE.customers, said_so=told(FUTURE))
    wise = Linear().fit(History(future, windows, HORIZON), 0).predict(future).expected_value
    plain = Linear().fit(HISTORY, 0).predict(HISTORY.now).expected_value
    assert measure(FUTURE.future_value, wise).gini > measure(FUTURE.future_value, plain).gini + 0.05


def test_a_world_where_everybody_buys_again_is_borne() -> None:
    loyal = subscribers(300, churn=0.0)
    past = history(loyal, 600, 90)
    made = Linear().fit(past, 0).predict(past.now)
    assert measure(window(loyal, 600, 90).future_value, made.expected_value).bias == pytest.approx(1, abs=0.05)


def test_without_enough_buyers_it_says_what_it_needs() -> None:
    with pytest.raises(DataError, match="Linear regression has 0 earlier windows of a whole horizon with 0 buyers"):
        Linear().fit(History(HISTORY.now, (), HORIZON), 0)


def test_lessons_leave_positions_in_the_calendar_out_and_stay_within_their_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not {"first_day", "last_day"} & set(learnable_columns(HISTORY))
    monkeypatch.setattr("patron.models.valuing.feature_matrix.MOST_ROWS", 500)
    thin = lessons_of(HISTORY, "A model")
    assert 350 < len(thin.value) < 650


def test_one_thread_or_two_give_the_same_bytes() -> None:
    code = (
        "import hashlib; from models.simulated_customers import history, shop;"
        "from patron.models.valuing.linear import Linear;"
        "files = Linear().fit(history(shop(2000), 380, 120), 7).artifacts();"
        "print(hashlib.sha256(b''.join(files.values())).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"OPENBLAS_NUM_THREADS": threads, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(digests) == 1


def test_windows_shorter_than_the_horizon_teach_nothing() -> None:
    short = replace(HISTORY.windows[0], horizon_days=30)
    more = History(HISTORY.now, (*HISTORY.windows, short), HORIZON)
    assert Linear().fit(more, 0).artifacts() == Linear().fit(HISTORY, 0).artifacts()
