"""Changes to the customers that must change what they should in every model, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from models.simulated_customers import summary as simulated
from patron.models.buying.bg_bb import BGBB, FittedBGBB, Occasions
from patron.models.buying.bg_nbd import BGNBD, FittedBGNBD
from patron.models.buying.fit_checks import track
from patron.models.buying.gamma_gamma import FittedGammaGamma, GammaGamma
from patron.models.buying.lifetime_value import lifetime_value
from patron.models.buying.mbg_nbd import MBGNBD, FittedMBGNBD
from patron.models.buying.pareto_nbd import FittedParetoNBD, ParetoNBD
from patron.models.buying.shifted_beta_geometric import (
    Contracts,
    FittedShiftedBetaGeometric,
    ShiftedBetaGeometric,
)
from patron.models.buying.summary import Summary

Model = type[BGNBD] | type[MBGNBD] | type[ParetoNBD]
Fitted = FittedBGNBD | FittedMBGNBD | FittedParetoNBD
MODELS: tuple[Model, ...] = (BGNBD, MBGNBD, ParetoNBD)
COUNT = 1500
every_model = pytest.mark.parametrize("model", MODELS)


@dataclass(frozen=True)
class Shop:
    """Customers with the days of all their purchases behind them."""

    summary: Summary
    spend: np.ndarray


@pytest.fixture(scope="module")
def shop() -> Shop:
    weeks = simulated(COUNT, 31, r=0.6, alpha=7.0, a=0.8, b=3.0)
    rng = np.random.default_rng(32)
    spend = np.where(weeks.frequency > 0, 5 + rng.gamma(3, 10, COUNT), 0.0)
    rows = Summary(weeks.frequency, np.round(weeks.recency, 2), np.round(weeks.T, 2) + 0.01, spend, unit="week")
    return Shop(rows, spend)


@pytest.fixture(scope="module")
def fits(shop: Shop) -> dict[Model, Fitted]:
    return {model: model().fit(shop.summary) for model in MODELS}


def with_rows(summary: Summary, rows: np.ndarray, weight: np.ndarray | None = None) -> Summary:
    assert summary.monetary_value is not None
    columns = (summary.frequency, summary.recency, summary.T, summary.monetary_value)
    return Summary(*(column[rows] for column in columns), weight=weight, unit=summary.unit)


def same_parameters(one: Fitted, other: Fitted, rel: float = 1e-5) -> None:
    assert list(other.symbols) == pytest.approx(list(one.symbols), rel=rel)


def errors(fitted: Fitted) -> np.ndarray:
    assert fitted.standard_errors is not None
    return np.array([fitted.standard_errors[name] for name in fitted.PARAMS])


@every_model
def test_shuffled_customers_give_the_same_model_and_their_own_forecasts(
    shop: Shop, fits: dict[Model, Fitted], model: Model
) -> None:
    order = np.random.default_rng(1).permutation(COUNT)
    shuffled, fitted = with_rows(shop.summary, order), fits[model]
    assert model().fit(shuffled) == fitted
    for forecast in (fitted.probability_alive, fitted.log_likelihoods):
        np.testing.assert_allclose(forecast(shuffled), forecast(shop.summary)[order], rtol=1e-12)
    for within in (fitted.expected_purchases, fitted.probability_no_purchase):
        np.testing.assert_allclose(within(shuffled, 26), within(shop.summary, 26)[order], rtol=1e-12)


@every_model
def test_a_history_twice_doubles_the_evidence_and_nothing_else(
    shop: Shop, fits: dict[Model, Fitted], model: Model
) -> None:
    once, twice = fits[model], model().fit(with_rows(shop.summary, np.tile(np.arange(COUNT), 2)))
    same_parameters(once, twice)
    assert twice.customers == 2 * once.customers
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-10)
    np.testing.assert_allclose(errors(twice), errors(once) / np.sqrt(2), rtol=1e-3)


@every_model
def test_collapsed_customers_are_the_same_evidence(shop: Shop, fits: dict[Model, Fitted], model: Model) -> None:
    weight = np.random.default_rng(3).integers(1, 4, COUNT)
    raw = model().fit(with_rows(shop.summary, np.repeat(np.arange(COUNT), weight)))
    weighted = model().fit(with_rows(shop.summary, np.arange(COUNT), weight))
    collapsed = model().fit(with_rows(shop.summary, np.arange(COUNT), weight).collapse())
    same_parameters(raw, weighted, rel=1e-9)
    same_parameters(raw, collapsed, rel=1e-9)
    assert weighted.log_likelihood == pytest.approx(raw.log_likelihood, rel=1e-12)
    assert weighted.customers == weight.sum()


@every_model
def test_a_customer_of_today_without_purchases_teaches_nothing(
    shop: Shop, fits: dict[Model, Fitted], model: Model
) -> None:
    s, fitted = shop.summary, fits[model]
    more = Summary([*s.frequency, 0], [*s.recency, 0], [*s.T, 0], unit="week")
    again = model().fit(more)
    same_parameters(fitted, again)
    assert again.customers == fitted.customers + 1
    assert again.log_likelihood == pytest.approx(fitted.log_likelihood, rel=1e-10)
    np.testing.assert_allclose(errors(again), errors(fitted), rtol=1e-3)
    assert fitted.log_likelihoods(more)[-1] == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(fitted.expected_purchases(more, 26)[:-1], fitted.expected_purchases(s, 26), rtol=1e-12)
    # Of that customer nothing is known but the start: the forecast is a new customer's.
    new = fitted.expected_purchases_new_customer(26)
    assert fitted.expected_purchases(more, 26)[-1] == pytest.approx(new, rel=1e-9)


@every_model
def test_currency_has_no_part_in_when_customers_buy(shop: Shop, fits: dict[Model, Fitted], model: Model) -> None:
    s = shop.summary
    cents = Summary(s.frequency, s.recency, s.T, shop.spend * 100, unit="week")
    assert model().fit(cents) == fits[model]
    assert (fits[model].expected_purchases(cents, 26) == fits[model].expected_purchases(s, 26)).all()


@every_model
def test_a_clock_set_forward_shifts_the_tracking_and_changes_no_number(
    shop: Shop, fits: dict[Model, Fitted], model: Model
) -> None:
    starts = np.round(80 - shop.summary.T)
    repeats = starts[shop.summary.frequency > 0] + 3
    now = track(starts, repeats, {"model": fits[model]}, 90, unit="week")
    later = track(starts + 52, repeats + 52, {"model": fits[model]}, 90 + 52, unit="week")
    assert (later.actual[:52] == 0).all()
    np.testing.assert_array_equal(later.actual[52:], now.actual)
    np.testing.assert_allclose(later.expected["model"][52:], now.expected["model"], rtol=1e-12)


@every_model
def test_days_for_weeks_change_the_scale_of_time_and_no_forecast(
    shop: Shop, fits: dict[Model, Fitted], model: Model
) -> None:
    s, weekly = shop.summary, fits[model]
    days = Summary(s.frequency, s.recency * 7, s.T * 7, unit="day")
    daily = model().fit(days)
    scale = {"alpha": 7.0, "beta": 7.0}
    expected = [weekly.params[name] * scale.get(name, 1.0) for name in weekly.PARAMS]
    assert list(daily.symbols) == pytest.approx(expected, rel=1e-5)
    shift = s.frequency.sum() * np.log(7)
    assert daily.log_likelihood == pytest.approx(weekly.log_likelihood - shift, rel=1e-9)
    np.testing.assert_allclose(daily.probability_alive(days), weekly.probability_alive(s), rtol=1e-5)
    np.testing.assert_allclose(
        daily.discounted_purchases(days, 182, 0.1), weekly.discounted_purchases(s, 26, 0.1), rtol=1e-5
    )


def spend_model(shop: Shop, factor: float = 1.0) -> FittedGammaGamma:
    return GammaGamma().fit(shop.summary.frequency, shop.spend * factor)


def test_cents_for_dollars_scale_spend_and_value_by_a_hundred(shop: Shop, fits: dict[Model, Fitted]) -> None:
    s, dollars, cents = shop.summary, spend_model(shop), spend_model(shop, 100)
    assert [cents.params[name] for name in "pqv"] == pytest.approx(
        [dollars.params["p"], dollars.params["q"], 100 * dollars.params["v"]], rel=1e-5
    )
    shift = dollars.customers * np.log(100)
    assert cents.log_likelihood == pytest.approx(dollars.log_likelihood - shift, rel=1e-9)
    np.testing.assert_allclose(
        cents.expected_spend(s.frequency, shop.spend * 100), 100 * dollars.expected_spend(s.frequency, shop.spend), 1e-5
    )
    in_cents = Summary(s.frequency, s.recency, s.T, shop.spend * 100, unit="week")
    for fitted in fits.values():
        value, cent_value = (
            lifetime_value(fitted, dollars, s, 52, 0.1),
            lifetime_value(fitted, cents, in_cents, 52, 0.1),
        )
        np.testing.assert_allclose(cent_value, 100 * value, rtol=1e-5)


def test_spend_shuffled_twice_or_with_one_time_buyers_gives_the_same_spend_model(shop: Shop) -> None:
    x, m, fitted = shop.summary.frequency, shop.spend, spend_model(shop)
    order = np.random.default_rng(4).permutation(COUNT)
    names = FittedGammaGamma.PARAMS

    def params(model: FittedGammaGamma) -> list[float]:
        return [model.params[name] for name in names]

    assert params(GammaGamma().fit(x[order], m[order])) == pytest.approx(params(fitted), rel=1e-9)
    assert GammaGamma().fit([*x, 0], [*m, 0]) == fitted
    twice = GammaGamma().fit(np.tile(x, 2), np.tile(m, 2))
    assert params(twice) == pytest.approx(params(fitted), rel=1e-5)
    assert twice.log_likelihood == pytest.approx(2 * fitted.log_likelihood, rel=1e-10)
    assert twice.standard_errors is not None
    assert fitted.standard_errors is not None
    assert twice.standard_errors["q"] == pytest.approx(fitted.standard_errors["q"] / np.sqrt(2), rel=1e-3)


def test_contracts_shuffled_twice_or_with_a_newcomer_give_the_same_model() -> None:
    truth = FittedShiftedBetaGeometric({"alpha": 0.8, "beta": 3.0})
    rows = truth.simulate(np.random.default_rng(1).integers(1, 12, 2000), np.random.default_rng(2))
    fitted, order = ShiftedBetaGeometric().fit(rows), np.random.default_rng(3).permutation(2000)
    assert ShiftedBetaGeometric().fit(Contracts(rows.occasions[order], rows.left[order])) == fitted
    twice = ShiftedBetaGeometric().fit(Contracts(np.tile(rows.occasions, 2), np.tile(rows.left, 2)))
    assert twice.symbols == pytest.approx(fitted.symbols, rel=1e-6)
    assert twice.log_likelihood == pytest.approx(2 * fitted.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(np.array(twice.log_covariance), np.array(fitted.log_covariance) / 2, rtol=1e-4)
    newcomer = ShiftedBetaGeometric().fit(Contracts([*rows.occasions, 0], [*rows.left, False]))
    assert newcomer.symbols == pytest.approx(fitted.symbols, rel=1e-6)
    assert newcomer.log_likelihood == pytest.approx(fitted.log_likelihood, rel=1e-12)
    assert newcomer.customers == 2001


def test_occasions_shuffled_twice_or_with_a_newcomer_give_the_same_model() -> None:
    truth = FittedBGBB({"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8})
    rows = truth.simulate(np.random.default_rng(1).integers(1, 9, 4000), np.random.default_rng(2)).summary
    columns = (rows.frequency, rows.recency, rows.opportunities)
    fitted, order = BGBB().fit(rows), np.random.default_rng(3).permutation(4000)
    assert BGBB().fit(Occasions(*(column[order] for column in columns))) == fitted
    twice = BGBB().fit(Occasions(*(np.tile(column, 2) for column in columns)))
    assert twice.symbols == pytest.approx(fitted.symbols, rel=1e-6)
    assert twice.log_likelihood == pytest.approx(2 * fitted.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(np.array(twice.log_covariance), np.array(fitted.log_covariance) / 2, rtol=1e-4)
    newcomer = BGBB().fit(Occasions(*([*column, 0] for column in columns)))
    assert newcomer.symbols == pytest.approx(fitted.symbols, rel=1e-6)
    assert newcomer.log_likelihood == pytest.approx(fitted.log_likelihood, rel=1e-12)
