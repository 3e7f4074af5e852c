from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from patron.models.customers import Customers, Prediction
from patron.models.validation.drivers import TIED, measure_drivers


@dataclass(frozen=True)
class Weighted:
    """Expects a weighted sum of columns, and refuses a frequency that does not belong to its recency."""

    weights: dict[str, float]

    def predict(self, customers: Customers) -> Prediction:
        assert np.array_equal(customers.column("frequency") * 10, customers.column("recency"))
        value = sum(weight * customers.column(name) for name, weight in self.weights.items())
        zero = np.zeros(len(customers))
        return Prediction(np.asarray(value, dtype=np.float64), zero, zero, zero, zero, zero)

    def artifacts(self) -> dict[str, bytes]:
        return {}


def customers(count: int = 500) -> Customers:
    rng = np.random.default_rng(1)
    columns = {name: rng.gamma(2, 1, count) for name in ("spend", "visits", "idle")}
    frequency = rng.integers(0, 5, count).astype(float)
    return Customers(100, np.arange(count), {**columns, "frequency": frequency, "recency": frequency * 10})


def test_inputs_are_ranked_by_how_far_they_move_the_values_and_idle_ones_are_left_out() -> None:
    found = measure_drivers(Weighted({"spend": 5.0, "visits": 1.0}), customers(), ("visits", "idle", "spend"), seed=1)
    assert [driver.feature for driver in found] == ["spend", "visits"]
    assert found[0].change > 3 * found[1].change > 0


def test_what_makes_sense_only_together_is_shuffled_together() -> None:
    found = measure_drivers(Weighted({"frequency": 1.0}), customers(), ("spend", "recency", "frequency"), seed=1)
    assert [driver.feature for driver in found] == ["frequency, recency"]
    assert {"frequency", "recency"} <= set(TIED)


def test_the_same_seed_gives_the_same_figures_whatever_the_number_of_customers() -> None:
    model = Weighted({"spend": 1.0})
    assert measure_drivers(model, customers(3000), ("spend",), 4) == measure_drivers(
        model, customers(3000), ("spend",), 4
    )


def test_nobody_and_nothing_expected_have_no_drivers() -> None:
    assert measure_drivers(Weighted({"spend": 0.0}), customers(), ("spend",), seed=1) == ()
    assert measure_drivers(Weighted({"spend": 1.0}), customers(0), ("spend",), seed=1) == ()
