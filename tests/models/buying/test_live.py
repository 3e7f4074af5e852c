from __future__ import annotations

import time

import numpy as np
import pytest

from patron.errors import DataError, UsageError
from patron.models.buying.beta_geometric import FittedBetaGeometric
from patron.models.buying.bg_nbd import FittedBGNBD
from patron.models.buying.gamma_gamma import FittedGammaGamma
from patron.models.buying.lifetime_value import lifetime_value
from patron.models.buying.live import LiveValue
from patron.models.buying.mbg_nbd import FittedMBGNBD
from patron.models.buying.summary import Summary

PARAMS = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
BG, MBG = FittedBGNBD(PARAMS, unit="week"), FittedMBGNBD(PARAMS, unit="week")
SPEND = FittedGammaGamma({"p": 6.25, "q": 3.74, "v": 15.44})


def customers(count: int, seed: int) -> Summary:
    rng = np.random.default_rng(seed)
    x = rng.choice([0, 0, 0, 1, 2, 7, 40, 300, 1500], count).astype(float)
    T = rng.uniform(0, 150, count) * (rng.random(count) > 0.02)
    x[T == 0] = 0
    t_x = np.where(x > 0, T * rng.choice([0.1, 0.9, 0.999, 1.0], count), 0.0)
    return Summary(x, t_x, T, np.where(x > 0, rng.gamma(3, 20, count) * (rng.random(count) > 0.05), 0), unit="week")


@pytest.mark.parametrize("rate", [0.0, 0.1, 5.0])
@pytest.mark.parametrize("process", [BG, MBG], ids=lambda process: process.NAME)
def test_one_customer_at_a_time_gives_what_all_together_give(process: FittedBetaGeometric, rate: float) -> None:
    rows = customers(2000, 1)
    assert rows.monetary_value is not None
    live = LiveValue(process, SPEND, 52, rate)
    each = np.array([live(*row) for row in zip(rows.frequency, rows.recency, rows.T, rows.monetary_value, strict=True)])
    np.testing.assert_allclose(each[:, 0], process.probability_alive(rows), rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(each[:, 1], process.expected_purchases(rows, 52), rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(each[:, 2], lifetime_value(process, SPEND, rows, 52, rate), rtol=1e-9, atol=1e-300)


def test_one_customer_takes_less_than_fifty_microseconds() -> None:
    # The middle of many is a few microseconds on an idle machine; a busy one has the rest of the fifty.
    live, rows, taken = LiveValue(BG, SPEND, 52, 0.1), customers(1000, 2), []
    assert rows.monetary_value is not None
    four = list(zip(*(column.tolist() for column in (rows.frequency, rows.recency, rows.T, rows.monetary_value))))  # noqa: B905
    for row in four:
        start = time.perf_counter()
        live(*row)
        taken.append(time.perf_counter() - start)
    assert np.median(taken) < 50e-6


def test_no_horizon_is_worth_nothing() -> None:
    assert LiveValue(BG, SPEND, 0)(2, 10, 20, 30.0)[1:] == (0.0, 0.0)


@pytest.mark.parametrize(
    "numbers",
    [
        (-1, 0, 5, 0),
        (1.5, 2, 5, 0),
        (1, 6, 5, 0),
        (0, 1, 5, 0),
        (1, 2, 5, -3),
        (1, float("nan"), 5, 3),
        (1, 1, float("inf"), 3),
    ],
)
def test_impossible_customers_are_refused(numbers: tuple[float, float, float, float]) -> None:
    with pytest.raises(DataError, match="No customer has frequency"):
        LiveValue(BG, SPEND, 52)(*numbers)


def test_impossible_horizons_and_discounts_and_processes_are_refused_at_once() -> None:
    with pytest.raises(UsageError, match="horizon of -1"):
        LiveValue(BG, SPEND, -1)
    with pytest.raises(UsageError, match="discount rate of -0.5"):
        LiveValue(BG, SPEND, 52, -0.5)
    with pytest.raises(UsageError, match="BG/NBD and MBG/NBD"):
        LiveValue(SPEND, SPEND, 52)  # type: ignore[arg-type]
