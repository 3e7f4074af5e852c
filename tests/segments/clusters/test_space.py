"""The space has no units, no facet louder than its weight, and is the same however customers are ordered."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from patron.errors import DataError
from patron.features.catalogue import FEATURES
from patron.segments.clusters.facets import FACETS, facet_of
from patron.segments.clusters.space import REACH, Space, cluster_columns, learn_space

RNG = np.random.default_rng(8)
ROWS = 2_000
SPENT = RNG.lognormal(3, 1, ROWS)
TABLE = {
    "orders": RNG.poisson(4, ROWS) + 1.0,
    "historic_value": SPENT,
    "gross_value": SPENT * 1.001,
    "value_365d": SPENT * RNG.uniform(0, 1, ROWS),
    "value_90d": SPENT * RNG.uniform(0, 0.5, ROWS),
    "days_since_last_purchase": RNG.exponential(90, ROWS),
    "mean_gap": np.where(RNG.random(ROWS) < 0.3, np.nan, RNG.exponential(30, ROWS)),
    "weekend_share": RNG.integers(0, 2, ROWS).astype(float),
    "categories": np.ones(ROWS),
}
NAMES = tuple(TABLE)


def test_columns_that_are_constant_or_repeat_another_are_left_out() -> None:
    space = learn_space(TABLE, NAMES)
    assert space.left_out == ("gross_value", "categories")
    assert "historic_value" in space.names


def test_no_facet_is_louder_than_its_weight_however_many_columns_it_has() -> None:
    space = learn_space(TABLE, NAMES)
    weighted = space.standard(TABLE) * np.array([column.weight for column in space.columns])
    for facet, weight in {facet_of(name) for name in space.names}:
        members = [place for place, name in enumerate(space.names) if facet_of(name)[0] == facet]
        widest = np.linalg.svd(weighted[:, members] - weighted[:, members].mean(axis=0))[1][0]
        assert widest / np.sqrt(ROWS) == pytest.approx(weight)


def test_missing_values_stand_at_the_median_and_extreme_ones_no_further_than_the_reach() -> None:
    space = learn_space(TABLE, NAMES)
    column = next(column for column in space.columns if column.name == "mean_gap")
    assert column.standard({"mean_gap": np.array([np.nan, 1e300, -np.inf])}).tolist() == [0, REACH, 0]
    known = TABLE["mean_gap"][np.isfinite(TABLE["mean_gap"])]
    assert column.standard({"mean_gap": np.array([np.median(known)])})[0] == pytest.approx(0, abs=0.01)


def test_a_share_of_one_order_is_hardly_believed() -> None:
    space = learn_space(TABLE, NAMES)
    column = next(column for column in space.columns if column.name == "weekend_share")
    one, many = np.abs(column.standard({"weekend_share": np.array([1.0, 1.0]), "orders": np.array([1.0, 96.0])}))
    everything = abs(column.standard({"weekend_share": np.array([1.0]), "orders": np.array([1e12])})[0])
    assert one == pytest.approx(0.2 * everything)
    assert many == pytest.approx(0.96 * everything)


def test_the_components_kept_explain_nine_tenths_and_are_at_most_ten() -> None:
    space = learn_space(TABLE, NAMES)
    assert sum(space.explained_variance) >= 0.9
    assert sum(space.explained_variance[:-1]) < 0.9
    wide = {f"habit_{number}": RNG.normal(size=ROWS) for number in range(14)}
    assert learn_space(wide, tuple(wide)).places(wide).shape == (ROWS, 10)


def test_places_are_those_of_the_learnt_scales_and_survive_a_journey() -> None:
    space = learn_space(TABLE, NAMES)
    there = Space.from_dict(json.loads(json.dumps(space.to_dict())))
    pickled: Space = pickle.loads(pickle.dumps(space))  # noqa: S301 - our own, made in the line
    some = {name: column[:7] for name, column in TABLE.items()}
    # Matrices of other shapes are multiplied in other orders: equal to the last bits but one.
    np.testing.assert_allclose(space.places(some), space.places(TABLE)[:7], rtol=1e-12, atol=1e-12)
    assert np.array_equal(there.places(TABLE), space.places(TABLE))
    assert np.array_equal(pickled.places(TABLE), space.places(TABLE))


def test_directions_point_the_same_way_however_customers_are_ordered() -> None:
    order = RNG.permutation(ROWS)
    shuffled = {name: column[order] for name, column in TABLE.items()}
    one, other = learn_space(TABLE, NAMES), learn_space(shuffled, NAMES)
    np.testing.assert_allclose(one.directions, other.directions, atol=1e-6)


def test_calendar_positions_and_ids_are_never_behaviour() -> None:
    available = [feature.name for feature in FEATURES] + ["customer_id"]
    chosen = set(cluster_columns(available))
    assert not chosen & {"first_day", "last_day", "acquisition_month", "acquisition_season", "customer_id"}
    assert {"days_since_last_purchase", "orders", "historic_value", "weekend_share", "quarter_1_share"} <= chosen


def test_every_feature_of_a_facet_is_in_the_catalogue_and_in_no_other() -> None:
    named = [name for facet in FACETS for name in facet.features]
    assert len(named) == len(set(named))
    assert set(named) <= {feature.name for feature in FEATURES}


def test_customers_whom_nothing_tells_apart_are_refused() -> None:
    with pytest.raises(DataError, match="None of 1 features tells these customers apart"):
        learn_space({"orders": np.ones(50)}, ("orders",))
    with pytest.raises(DataError, match="no column 'historic_value'"):
        learn_space(TABLE, NAMES).places({"days_since_last_purchase": np.ones(3), "orders": np.ones(3)})
