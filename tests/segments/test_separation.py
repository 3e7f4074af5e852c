"""How well labels tell values apart, from nothing to everything."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kruskal

from patron.segments.separation import separation


def test_labels_that_order_values_tell_most_and_chance_tells_nothing() -> None:
    value = np.arange(900.0)
    thirds = np.repeat(np.array(["a", "b", "c"]), 300)
    assert separation(thirds, value) == pytest.approx(8 / 9, abs=1e-3)
    assert separation(np.random.default_rng(1).permutation(thirds), value) < 0.02
    assert separation(thirds, np.ones(900)) == 0.0


def test_it_is_the_statistic_of_kruskal_and_wallis_over_its_degrees() -> None:
    rng = np.random.default_rng(2)
    labels, value = rng.choice(["a", "b", "c"], 500), rng.normal(size=500)
    groups = [value[labels == label] for label in ("a", "b", "c")]
    assert separation(labels, value) == pytest.approx(kruskal(*groups).statistic / (len(value) - 1))
