from __future__ import annotations

import json
from itertools import product
from math import comb

import mpmath
import numpy as np
import pytest

from patron.errors import DataError, UsageError
from patron.models.buying.bg_bb import BGBB, FittedBGBB, Occasions

# Fader, Hardie and Shang (2010): 11,104 donors of 1995 by gifts and year of the last gift over six years.
DONATIONS = (
    (0, 0, 3464), (1, 1, 1091), (1, 2, 277), (1, 3, 129), (1, 4, 78), (1, 5, 119), (1, 6, 129), (2, 2, 613),
    (2, 3, 255), (2, 4, 155), (2, 5, 173), (2, 6, 234), (3, 3, 322), (3, 4, 181), (3, 5, 225), (3, 6, 357),
    (4, 4, 240), (4, 5, 284), (4, 6, 512), (5, 5, 335), (5, 6, 728), (6, 6, 1203),
)  # fmt: skip
PAPER = FittedBGBB({"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}, unit="year")


def donors() -> Occasions:
    gifts, last, count = zip(*DONATIONS, strict=True)
    return Occasions(gifts, last, [6] * len(gifts), weight=count, unit="year")


def histories(n: int) -> tuple[Occasions, np.ndarray]:
    """Every (x, t_x) possible at n occasions, and in how many orders each can come about."""
    pairs = [(0, 0), *((x, t) for x, t in product(range(1, n + 1), repeat=2) if x <= t)]
    orders = [comb(t - 1, x - 1) if x else 1 for x, t in pairs]
    return Occasions(*zip(*pairs, strict=True), [n] * len(pairs), unit="year"), np.array(orders, dtype=float)


def test_the_papers_donors_give_the_published_parameters_and_likelihood() -> None:
    fitted = BGBB().fit(donors())
    assert fitted.converged
    assert fitted.customers == 11_104
    assert [round(value, 3) for value in fitted.symbols] == [1.204, 0.750, 0.657, 2.783]
    assert fitted.log_likelihood == pytest.approx(-33_225.6, abs=0.05)


def test_the_published_forecasts_of_donors_come_out() -> None:
    fitted, summary = BGBB().fit(donors()), donors()
    total = (fitted.expected_purchases(summary, 5) * summary.weights).sum()
    assert total == pytest.approx(12_884.2, abs=0.1)
    expected = [11_104 * fitted.probability_of_purchases(gifts, 6) for gifts in (0, 6)]
    assert expected == pytest.approx([3454.9, 1253.1], abs=0.1)
    some = Occasions([0, 2, 6], [0, 4, 6], [6, 6, 6], unit="year")
    np.testing.assert_allclose(fitted.probability_alive(some), [0.11, 0.59, 0.93], atol=0.005)


def test_donors_one_by_one_give_the_same_model_as_their_table() -> None:
    table = donors()
    each = table.weights.astype(int)
    order = np.random.default_rng(1).permutation(each.sum())
    rows = Occasions(*(np.repeat(c, each)[order] for c in (table.frequency, table.recency, table.opportunities)))
    assert BGBB().fit(rows) == BGBB().fit(table)


def test_the_chances_of_all_histories_sum_to_one_and_to_the_distribution() -> None:
    summary, orders = histories(7)
    chance = orders * np.exp(PAPER.log_likelihoods(summary))
    assert chance.sum() == pytest.approx(1, rel=1e-12)
    for count in range(8):
        of_count = chance[summary.frequency == count].sum()
        assert PAPER.probability_of_purchases(count, 7) == pytest.approx(of_count, rel=1e-11)
    assert PAPER.probability_of_purchases(8, 7) == 0


def test_forecasts_average_over_all_histories_to_what_a_new_customer_does() -> None:
    summary, orders = histories(6)
    chance = orders * np.exp(PAPER.log_likelihoods(summary))
    both = PAPER.expected_purchases_new_customer(6 + 9)
    assert (chance * (summary.frequency + PAPER.expected_purchases(summary, 9))).sum() == pytest.approx(both, rel=1e-11)
    assert (chance * summary.frequency).sum() == pytest.approx(PAPER.expected_purchases_new_customer(6), rel=1e-11)
    gamma, delta = PAPER.params["gamma"], PAPER.params["delta"]
    lasts = np.prod([(delta + i) / (gamma + delta + i) for i in range(7)])
    assert (chance * PAPER.probability_alive(summary)).sum() == pytest.approx(lasts, rel=1e-11)
    # Buying at one occasion or not is all there is: the chance of none is one minus the expected number.
    np.testing.assert_allclose(
        PAPER.probability_no_purchase(summary, 1), 1 - PAPER.expected_purchases(summary, 1), rtol=1e-11
    )


def test_no_purchase_at_all_is_no_purchase_so_far_and_none_later() -> None:
    none = Occasions([0], [0], [4], unit="year")
    together = PAPER.probability_of_purchases(0, 4) * PAPER.probability_no_purchase(none, 5)[0]
    assert together == pytest.approx(PAPER.probability_of_purchases(0, 9), rel=1e-12)


def test_who_bought_at_the_last_occasion_was_there() -> None:
    assert PAPER.probability_alive(Occasions([1, 6], [6, 6], [6, 6]), ahead=0) == pytest.approx([1, 1], abs=1e-15)


def test_residual_purchases_are_the_papers_formula_and_the_discounted_sum() -> None:
    summary = donors()
    endless = PAPER.residual_purchases(summary, 0.1)
    np.testing.assert_allclose(PAPER.discounted_purchases(summary, 3000, 0.1), endless, rtol=1e-9)
    alpha, beta, gamma, delta = (mpmath.mpf(value) for value in PAPER.symbols)
    d, n = mpmath.mpf("0.1"), 6
    for row in (0, 5, 21):
        x, likelihood = int(summary.frequency[row]), mpmath.exp(PAPER.log_likelihoods(summary)[row])
        formula = mpmath.beta(alpha + x + 1, beta + n - x) / mpmath.beta(alpha, beta)
        formula *= mpmath.beta(gamma, delta + n + 1) / (mpmath.beta(gamma, delta) * (1 + d))
        formula *= mpmath.hyp2f1(1, delta + n + 1, gamma + delta + n + 1, 1 / (1 + d)) / likelihood
        assert endless[row] == pytest.approx(float(formula), rel=1e-10)


def test_residual_purchases_without_discount_are_endless_only_when_many_never_leave() -> None:
    assert PAPER.residual_purchases(donors(), 0.0)[21] == np.inf
    leaving = FittedBGBB({**PAPER.params, "gamma": 3.0}, unit="year")
    assert np.isfinite(leaving.residual_purchases(donors(), 0.0)).all()


def test_simulated_customers_do_what_the_closed_forms_say() -> None:
    world = PAPER.simulate(np.full(60_000, 6), np.random.default_rng(3), horizon=5)
    summary = world.summary
    assert world.purchases.sum() == pytest.approx(PAPER.expected_purchases(summary, 5).sum(), rel=0.02)
    assert world.alive.sum() == pytest.approx(PAPER.probability_alive(summary, ahead=0).sum(), rel=0.02)
    assert (world.purchases == 0).sum() == pytest.approx(PAPER.probability_no_purchase(summary, 5).sum(), rel=0.01)
    late = (summary.frequency == 3) & (summary.recency == 6)
    assert world.purchases[late].mean() == pytest.approx(PAPER.expected_purchases(summary, 5)[late][0], rel=0.04)


def test_simulation_recovers_the_parameters_within_their_standard_errors() -> None:
    opportunities = np.random.default_rng(5).integers(1, 12, 20_000)
    fitted = BGBB().fit(PAPER.simulate(opportunities, np.random.default_rng(6)).summary)
    assert fitted.converged
    assert fitted.standard_errors is not None
    for name, value in PAPER.params.items():
        assert abs(fitted.params[name] - value) < 3.5 * fitted.standard_errors[name]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((7, 6, 6), "frequency is 7 in row 0.*cannot exceed opportunities"),
        ((1, 7, 6), "recency is 7 in row 0.*cannot exceed opportunities"),
        ((3, 2, 6), "recency is 2 in row 0.*cannot be below frequency"),
        ((0, 2, 6), "recency is 2 in row 0.*without a repeat purchase"),
        ((1.5, 2, 6), "frequency is 1.5 in row 0.*whole number"),
        ((0, 0, -1), "opportunities is -1 in row 0"),
    ],
)
def test_impossible_histories_are_refused_by_row(row: tuple[float, float, float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Occasions(*([value] for value in row))


def test_nothing_observed_another_unit_and_half_an_occasion_are_refused() -> None:
    with pytest.raises(DataError, match="nothing to learn"):
        BGBB().fit(Occasions([0], [0], [0]))
    with pytest.raises(DataError, match="nothing to learn"):
        BGBB().fit(Occasions([], [], []))
    with pytest.raises(UsageError, match="lie a month apart, the model's a year"):
        PAPER.expected_purchases(Occasions([1], [1], [2], unit="month"), 3)
    with pytest.raises(UsageError, match="whole number"):
        PAPER.expected_purchases_new_customer(2.5)


def test_no_customers_get_no_forecasts() -> None:
    assert PAPER.expected_purchases(Occasions([], [], []), 3).shape == (0,)


def test_a_model_survives_being_written_as_plain_data() -> None:
    fitted = BGBB().fit(donors())
    assert FittedBGBB.from_dict(json.loads(json.dumps(fitted.to_dict(), allow_nan=False))) == fitted
