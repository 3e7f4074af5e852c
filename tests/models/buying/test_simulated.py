from __future__ import annotations

import numpy as np
import pytest

from patron.models.buying.beta_geometric import FittedBetaGeometric
from patron.models.buying.bg_nbd import FittedBGNBD
from patron.models.buying.gamma_gamma import FittedGammaGamma, GammaGamma
from patron.models.buying.mbg_nbd import FittedMBGNBD

PARAMS = {"r": 0.6, "alpha": 8.0, "a": 0.8, "b": 2.5}
PROCESSES = (FittedBGNBD(PARAMS, unit="week"), FittedMBGNBD(PARAMS, unit="week"))


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.NAME)
def test_simulated_customers_do_what_the_closed_forms_say(process: FittedBetaGeometric) -> None:
    rng = np.random.default_rng(3)
    made = process.simulate(rng.uniform(20, 60, 100_000), rng, horizon=26)
    alive = process.probability_alive(made.summary)
    silent = process.probability_no_purchase(made.summary, 26)
    for x in (0, 1, 2, 5):
        chosen = made.summary.frequency == x
        few = 4 / np.sqrt(chosen.sum())
        assert made.alive[chosen].mean() == pytest.approx(alive[chosen].mean(), abs=0.5 * few + 1e-12)
        assert (made.purchases[chosen] == 0).mean() == pytest.approx(silent[chosen].mean(), abs=0.5 * few)
        expected = process.expected_purchases(made.summary, 26)[chosen]
        spread = made.purchases[chosen].std() * few
        assert made.purchases[chosen].mean() == pytest.approx(expected.mean(), abs=spread)


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.NAME)
def test_simulated_counts_follow_the_chance_of_each_count(process: FittedBetaGeometric) -> None:
    made = process.simulate(np.full(100_000, 40.0), np.random.default_rng(5))
    for count in range(6):
        chance = process.probability_of_purchases(count, 40)
        assert (made.summary.frequency == count).mean() == pytest.approx(chance, abs=4 * np.sqrt(chance / 100_000))


def test_the_same_seed_makes_the_same_customers_and_another_seed_others() -> None:
    made = [PROCESSES[1].simulate(np.full(50, 40.0), np.random.default_rng(seed), 10) for seed in (1, 1, 2)]
    assert (made[0].summary.recency == made[1].summary.recency).all()
    assert (made[0].purchases == made[1].purchases).all()
    assert (made[0].summary.recency != made[2].summary.recency).any()


def test_simulated_spend_recovers_the_parameters_within_their_standard_errors() -> None:
    truth = FittedGammaGamma({"p": 6.25, "q": 3.74, "v": 15.44})
    rng = np.random.default_rng(6)
    x = rng.integers(0, 8, 30_000).astype(float)
    spend = truth.simulate(x, rng)
    assert (spend[x == 0] == 0).all()
    fitted = GammaGamma().fit(x, spend)
    assert fitted.standard_errors is not None
    for name, value in truth.params.items():
        assert abs(fitted.params[name] - value) < 3.5 * fitted.standard_errors[name]


def test_customers_who_cannot_be_observed_make_no_purchases() -> None:
    made = PROCESSES[0].simulate([0.0, 0.0], np.random.default_rng(1))
    assert (made.summary.frequency == 0).all()
    assert made.alive.all()
