"""Scoring batch by batch: the same row for a customer in whatever company, wherever the function is sent."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from models.simulated_customers import history, shop
from patron.models.customers import Customers
from patron.models.validation.conformal import fit_intervals
from patron.models.valuing.installed import value_model
from patron.scores.scoring import Scoring
from patron.scores.table import VALUED
from patron.tables import SCORES

NOW, HORIZON = 380, 120
HISTORY = history(shop(900), NOW, HORIZON)
CHAMPIONS = ["bg_nbd", "mbg_nbd", "pareto_nbd", "cohort_mean", "linear", "random_forest", "boosting", "blend", "hybrid"]


def batch_of(customers: Customers) -> pa.RecordBatch:
    ids = pa.array([f"K{number:05}" for number in range(len(customers))])
    columns = {"as_of_day": pa.array(np.full(len(customers), NOW)), "customer_id": ids}
    return pa.RecordBatch.from_pydict(columns | {name: pa.array(values) for name, values in customers.columns.items()})


def pieces(batch: pa.RecordBatch, sizes: list[int]) -> Iterator[pa.RecordBatch]:
    start = 0
    for size in sizes:
        yield batch.slice(start, size)
        start += size
    yield batch.slice(start)


def scoring(champion: str) -> Scoring:
    fitted = value_model(champion).fit(HISTORY, 7)
    expected = fitted.predict(HISTORY.now).expected_value
    intervals = fit_intervals(expected, np.roll(expected, 1))
    return Scoring(fitted, champion, NOW, HORIZON, intervals)


@pytest.mark.parametrize("champion", CHAMPIONS)
def test_a_customers_row_is_the_same_to_the_last_bit_in_any_batch_and_after_a_journey(champion: str) -> None:
    here = scoring(champion)
    there: Scoring = pickle.loads(pickle.dumps(here))  # noqa: S301 - our own, made in the line
    batch = batch_of(HISTORY.now)
    whole = pa.Table.from_batches([here(batch)])
    parted = pa.Table.from_batches([there(piece) for piece in pieces(batch, [1, 1, 7, 100, 333])])
    for name in VALUED.names:
        assert parted[name].combine_chunks().equals(whole[name].combine_chunks()), name


def test_every_score_but_the_confidence_is_made_in_the_batch() -> None:
    assert set(SCORES.names) - {"confidence"} == set(VALUED.names) - {"exact_value", "exact_width"}


def test_an_empty_batch_gives_no_rows() -> None:
    assert scoring("bg_nbd")(batch_of(HISTORY.now).slice(0, 0)).num_rows == 0


def test_without_a_backtest_bounds_come_from_the_model_and_everybodys_usual_history() -> None:
    fitted = value_model("bg_nbd").fit(HISTORY, 7)
    rows = Scoring(fitted, "bg_nbd", NOW, HORIZON, None, usual_history=50.0)(batch_of(HISTORY.now))
    low, high, expected = (rows[name].to_numpy() for name in ("value_low", "value_high", "expected_value"))
    assert ((low <= expected) & (expected <= high)).all()
    assert high.max() > expected.max()
