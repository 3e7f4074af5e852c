from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.simulated_customers import history, shop, window
from patron.models.customers import History
from patron.models.valuing.hybrid import BEYOND, LEARNED, FittedHybrid, Hybrid, level_factors, tell
from patron.models.valuing.process_value import BGNBDValue

SALES = shop(1200)
NOW, HORIZON = 380, 120
HISTORY = history(SALES, NOW, HORIZON)
UNBOUND = (0.0, 1e9)


@pytest.fixture(scope="module")
def fitted() -> FittedHybrid:
    made = Hybrid().fit(HISTORY, 7)
    assert isinstance(made, FittedHybrid)
    return made


def test_its_value_is_the_weighted_sum_of_its_members(fitted: FittedHybrid) -> None:
    told = tell(fitted.members, HISTORY.now, fitted.reach.taught.describe(HISTORY.now))
    weighted = fitted.process_weight * told.process
    for weight, learned in zip(fitted.learned_weights, told.learned, strict=True):
        weighted = weighted + weight * learned
    np.testing.assert_allclose(fitted.predict(HISTORY.now).expected_value, weighted, rtol=1e-12)
    assert len(told.learned) == len(LEARNED)


def test_every_learned_member_counts_alike_whatever_its_own_total(fitted: FittedHybrid) -> None:
    told = tell(fitted.members, HISTORY.now, fitted.reach.taught.describe(HISTORY.now))
    brought = [weight * values.sum() for weight, values in zip(fitted.learned_weights, told.learned, strict=True)]
    np.testing.assert_allclose(brought, brought[0], rtol=1e-9)


@given(process=st.floats(1, 1e6), learned=st.lists(st.floats(1, 1e6), min_size=1, max_size=5))
def test_the_level_lies_halfway_between_the_process_and_the_middle_member(process: float, learned: list[float]) -> None:
    factors = level_factors(process, learned, UNBOUND)
    common = factors[0] * process
    assert common == pytest.approx(np.sqrt(process * np.median(learned)))
    for factor, total in zip(factors[1:], learned, strict=True):
        assert factor * total == pytest.approx(common)


def test_the_learned_level_goes_no_further_than_windows_have_shown() -> None:
    assert level_factors(100.0, [900.0], (0.8, 1.21))[0] == pytest.approx(1.1)
    assert level_factors(100.0, [10.0], (0.81, 1.2))[0] == pytest.approx(0.9)
    assert level_factors(0.0, [10.0], UNBOUND) == [1.0, 1.0]
    assert BEYOND > 1


def test_too_few_buyers_leave_the_process_alone() -> None:
    thin = History(HISTORY.now, (HISTORY.windows[0].rows(np.arange(40)),), HORIZON)
    made = Hybrid().fit(thin, 7).predict(HISTORY.now)
    process = BGNBDValue().fit(thin, 7).predict(HISTORY.now)
    np.testing.assert_array_equal(made.expected_value, process.expected_value)


def test_a_customer_younger_than_any_learnt_from_is_valued_by_the_processes() -> None:
    grown = tuple(one.rows(one.customers.column("T") >= 60) for one in HISTORY.windows)
    fitted = Hybrid().fit(History(HISTORY.now, grown, HORIZON), 7)
    assert isinstance(fitted, FittedHybrid)
    young = window(SALES, 200, HORIZON).customers
    few = young.rows(young.column("T") < 60)
    told = tell(fitted.members, few, fitted.reach.taught.describe(few))
    np.testing.assert_allclose(fitted.predict(few).expected_value, fitted.process_level * told.process, rtol=1e-12)
    assert len(few) > 50


def test_the_fewer_taught_the_more_the_processes_count(fitted: FittedHybrid) -> None:
    some = tuple(one.rows(np.arange(300)) for one in HISTORY.windows)
    fewer = Hybrid().fit(History(HISTORY.now, some, HORIZON), 7)
    assert isinstance(fewer, FittedHybrid)
    share, less = (one.process_weight / one.process_level for one in (fitted, fewer))
    assert 1 / 6 < share < less < 1


def test_its_files_say_what_it_is_made_of(fitted: FittedHybrid) -> None:
    files = fitted.artifacts()
    assert set(json.loads(files["hybrid.json"])["learned_weights"]) == set(LEARNED)
    for name in ("bg_nbd", "pareto_nbd", "boosting", "tweedie", "corrected", "smooth", "zero_inflated"):
        assert f"{name}.json" in files
