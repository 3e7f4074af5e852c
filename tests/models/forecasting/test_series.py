"""A monthly series carried on from the top down."""

from __future__ import annotations

import numpy as np
import pytest

from patron.errors import DataError
from patron.models.forecasting.series import forecast_series


def test_a_level_series_goes_on_at_its_level() -> None:
    told = forecast_series(np.full(10, 250.0), 4)
    assert told.expected == pytest.approx(np.full(4, 250.0), rel=1e-6)


def test_one_month_is_enough_to_say_the_same_again() -> None:
    told = forecast_series(np.array([70.0]), 3)
    assert (told.model, told.expected.tolist()) == ("mean", [70.0, 70.0, 70.0])


def test_a_clear_trend_is_followed() -> None:
    rising = 100 + 10.0 * np.arange(18)
    assert forecast_series(rising, 1).expected[0] == pytest.approx(280, rel=0.03)


def test_seasons_seen_several_times_come_again() -> None:
    months = np.arange(48)
    series = 1000 + 400.0 * (months % 12 == 11) + np.random.default_rng(3).normal(0, 10, 48)
    told = forecast_series(series, 12)
    assert told.model in ("seasonal", "last_year")
    assert told.expected[11] == pytest.approx(1400, rel=0.05)
    assert told.expected[:11] == pytest.approx(np.full(11, 1000), rel=0.05)


@pytest.mark.slow
def test_noise_alone_does_not_buy_a_richer_model() -> None:
    chosen = [forecast_series(np.random.default_rng(seed).normal(100, 10, 20), 3).model for seed in range(10)]
    assert sum(model in ("mean", "level") for model in chosen) >= 8


def test_the_same_series_gives_the_same_bytes() -> None:
    series = np.random.default_rng(5).gamma(5, 100, 30)
    assert forecast_series(series, 6).expected.tobytes() == forecast_series(series, 6).expected.tobytes()


def test_an_empty_series_is_refused() -> None:
    with pytest.raises(DataError, match="no complete month"):
        forecast_series(np.zeros(0), 3)


@pytest.mark.parametrize("months", range(1, 30))
def test_a_history_of_any_length_is_carried_on(months: int) -> None:
    series = np.random.default_rng(months).gamma(5, 100, months)
    assert np.isfinite(forecast_series(series, 7).expected).all()


@pytest.mark.parametrize("times", [1e-4, 100.0, 1e6])
def test_another_currency_gives_the_same_forecast_in_it(times: float) -> None:
    months = np.arange(42)
    series = (1000 + 20 * months + 300 * np.sin(months / 12 * 2 * np.pi)) * np.random.default_rng(4).gamma(
        80, 1 / 80, 42
    )
    one, other = forecast_series(series, 5), forecast_series(series * times, 5)
    assert other.model == one.model
    assert other.expected / times == pytest.approx(one.expected, rel=1e-6)
