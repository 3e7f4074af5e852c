from __future__ import annotations

import json
import sys
from collections.abc import Callable

import numpy as np
import pytest

from models.survival.rossi import COVARIATES, rossi
from patron.errors import DataError, UsageError
from patron.models.survival.boosted import BoostedAFT, FittedBoostedAFT
from patron.models.survival.concordance import harrell_c
from patron.models.survival.cox import Cox, FittedCox
from patron.models.survival.durations import Durations
from patron.models.survival.fitted import FittedSurvival
from patron.models.survival.weibull import FittedWeibullAFT, WeibullAFT, weibull_of

LEARN: dict[str, Callable[[Durations], FittedSurvival]] = {
    "cox": lambda durations: Cox().fit(durations),
    "weibull": lambda durations: WeibullAFT().fit(durations),
    "boosted": lambda durations: BoostedAFT().fit(durations, seed=3),
}
CLASSES: dict[str, type[FittedSurvival]] = {"cox": FittedCox, "weibull": FittedWeibullAFT, "boosted": FittedBoostedAFT}
PEOPLE = {name: np.array([0.0, 1.0, 1.0]) for name in COVARIATES} | {"age": np.array([20.0, 30.0, 45.0])}


def weibull_world(count: int = 3000, seed: int = 5) -> Durations:
    """Lifetimes of shape 1.5 whose scale doubles with ``plan`` and falls to 0.8 per unit of ``price``; half are censored."""
    rng = np.random.default_rng(seed)
    plan, price = (rng.random(count) < 0.4).astype(float), rng.normal(size=count)
    life = 20 * 2**plan * 0.8**price * rng.weibull(1.5, count)
    watched = rng.uniform(5, 45, count)
    return Durations(np.minimum(life, watched), life <= watched, {"plan": plan, "price": price}, "month")


@pytest.fixture(scope="module")
def fitted() -> dict[str, FittedSurvival]:
    return {name: learn(rossi()) for name, learn in LEARN.items()}


def test_cox_reproduces_the_published_rossi_values(fitted: dict[str, FittedSurvival]) -> None:
    published = (-0.37942, -0.05744, 0.31390, -0.14980, -0.43370, -0.08487, 0.09150)
    cox = fitted["cox"]
    np.testing.assert_allclose([cox.params[name] for name in COVARIATES], published, atol=1e-5)
    assert cox.log_likelihood == pytest.approx(-658.74766, abs=1e-4)
    assert cox.concordance == pytest.approx(0.64033, abs=1e-5)
    assert (cox.customers, cox.events, cox.unit, cox.advice) == (432, 114, "week", "")


def test_weibull_without_covariates_reproduces_the_published_rossi_values() -> None:
    data = rossi()
    made = WeibullAFT().fit(Durations(data.duration, data.event, unit="week"))
    assert isinstance(made, FittedWeibullAFT)
    assert made.lambda_ == pytest.approx(123.67709, rel=1e-5)
    assert made.rho == pytest.approx(1.36514, rel=1e-5)
    assert made.log_likelihood == pytest.approx(-696.62440, abs=1e-4)
    own = weibull_of(data.duration, data.event.astype(float))
    np.testing.assert_allclose(
        (own.scale, own.shape, own.log_likelihood), (123.67709, 1.36514, -696.62440), rtol=(4e-6)
    )


def test_cox_and_weibull_predict_as_lifelines_does(fitted: dict[str, FittedSurvival]) -> None:
    lifelines = pytest.importorskip("lifelines")
    data = rossi()
    import pandas as pd

    frame = pd.DataFrame({**data.covariates, "week": data.duration, "arrest": data.event.astype(int)})
    # Between two steps lifelines draws a line where the staircase is level.
    times = [1.0, 10.0, 25.0, 52.0]
    for name, theirs in (("cox", lifelines.CoxPHFitter()), ("weibull", lifelines.WeibullAFTFitter())):
        theirs.fit(frame, "week", "arrest")
        expected = theirs.predict_survival_function(frame, times=times).to_numpy().T
        np.testing.assert_allclose(fitted[name].survival(data.covariates, times), expected, rtol=1e-8)
        median = theirs.predict_median(frame).to_numpy()
        np.testing.assert_allclose(fitted[name].median(data.covariates), median, rtol=1e-8)


@pytest.mark.parametrize("name", LEARN)
def test_the_concordance_told_is_the_one_measured(name: str, fitted: dict[str, FittedSurvival]) -> None:
    data = rossi()
    in_sample = harrell_c(data, fitted[name].risk(data.covariates))
    if name == "boosted":
        # Told on customers that the trees did not see; those they saw are always in better order.
        assert 0.55 < fitted[name].concordance < in_sample
    else:
        assert fitted[name].concordance == pytest.approx(in_sample, abs=1e-12)


@pytest.mark.parametrize("name", LEARN)
def test_survival_falls_from_one_and_its_quantiles_agree_with_it(name: str, fitted: dict[str, FittedSurvival]) -> None:
    model = fitted[name]
    share = model.survival(PEOPLE, np.arange(0.0, 53.0))
    assert share.shape == (3, 53)
    np.testing.assert_array_equal(share[:, 0], 1)
    assert (np.diff(share, axis=1) <= 0).all()
    tenth = model.quantile(PEOPLE, 0.1)
    known = np.isfinite(tenth)
    assert known.any()
    people = {column: values[known] for column, values in PEOPLE.items()}
    at = model.survival_at(people, tenth[known])
    assert (at <= 0.9 + 1e-9).all()
    assert (model.survival_at(people, tenth[known] - 1.001) > 0.9).all()


@pytest.mark.parametrize("name", LEARN)
def test_churn_within_a_horizon_is_conditional_on_having_stayed(name: str, fitted: dict[str, FittedSurvival]) -> None:
    model = fitted[name]
    now, later = (model.survival_at(PEOPLE, time) for time in ([10.0, 20.0, 5.0], [22.0, 32.0, 17.0]))
    np.testing.assert_allclose(model.churn_probability(PEOPLE, 12, [10.0, 20.0, 5.0]), 1 - later / now, rtol=1e-9)
    np.testing.assert_array_equal(model.churn_probability(PEOPLE, 0), 0)


@pytest.mark.parametrize("name", LEARN)
def test_a_saved_model_answers_alike_without_lifelines(
    name: str, fitted: dict[str, FittedSurvival], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps(fitted[name].to_dict(), allow_nan=False)
    for module in ("lifelines", "pandas"):
        monkeypatch.setitem(sys.modules, module, None)
    again = CLASSES[name].from_dict(json.loads(text))
    times = np.arange(0.0, 80.0, 7)
    np.testing.assert_array_equal(again.survival(PEOPLE, times), fitted[name].survival(PEOPLE, times))
    assert again.params == fitted[name].params
    with pytest.raises(DataError, match="model is 'other'"):
        CLASSES[name].from_dict({"model": "other"})


@pytest.mark.parametrize("name", ["cox", "weibull"])
def test_without_lifelines_learning_says_how_to_install_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = rossi()
    monkeypatch.setitem(sys.modules, "lifelines", None)
    monkeypatch.delitem(sys.modules, "patron.models.survival.with_lifelines", raising=False)
    with pytest.raises(UsageError, match=r"pip install 'patron\[survival\]'"):
        LEARN[name](data)


def test_boosting_needs_no_lifelines(monkeypatch: pytest.MonkeyPatch) -> None:
    world = weibull_world(400)
    monkeypatch.setitem(sys.modules, "lifelines", None)
    assert BoostedAFT().fit(world, 1).customers == 400


@pytest.mark.parametrize("name", LEARN)
def test_a_known_world_is_recovered(name: str) -> None:
    model = LEARN[name](weibull_world())
    plans = {"plan": np.array([0.0, 1.0]), "price": np.zeros(2)}
    truth = np.exp(-((12.0 / np.array([20.0, 40.0])) ** 1.5))
    np.testing.assert_allclose(model.survival(plans, [12.0])[:, 0], truth, atol=0.06 if name == "boosted" else 0.03)
    if isinstance(model, FittedWeibullAFT):
        assert model.rho == pytest.approx(1.5, rel=0.05)
        assert model.params["plan"] == pytest.approx(np.log(2), abs=3 * model.standard_errors["plan"])
        assert model.params["price"] == pytest.approx(np.log(0.8), abs=3 * model.standard_errors["price"])


@pytest.mark.parametrize("name", LEARN)
def test_another_unit_of_time_changes_nothing_but_the_unit(name: str) -> None:
    months = weibull_world(800)
    days = Durations(months.duration * 30, months.event, months.covariates, "day")
    one, other = LEARN[name](months), LEARN[name](days)
    people = {"plan": [0.0, 1.0], "price": [0.5, -1.0]}
    tolerance = 1e-3 if name == "boosted" else 1e-4
    np.testing.assert_allclose(
        one.survival(people, [6.0, 20.0]), other.survival(people, [180.0, 600.0]), rtol=tolerance
    )


@pytest.mark.parametrize("name", LEARN)
def test_learning_twice_gives_the_same_bytes(name: str, fitted: dict[str, FittedSurvival]) -> None:
    assert json.dumps(LEARN[name](rossi()).to_dict()) == json.dumps(fitted[name].to_dict())


def test_a_large_seed_is_as_good_as_any() -> None:
    assert BoostedAFT().fit(weibull_world(400), 2**40 + 7).params["shape"] > 0


@pytest.mark.parametrize("name", ["cox", "weibull"])
def test_a_covariate_that_tells_nobody_apart_is_named(name: str) -> None:
    data = rossi()
    flat = Durations(data.duration, data.event, {**data.covariates, "one": np.ones(len(data))}, "week")
    with pytest.raises(DataError, match="covariate 'one' is 1 for every customer"):
        LEARN[name](flat)


def test_covariates_that_follow_from_each_other_are_refused_with_a_way_out() -> None:
    data = rossi()
    twins = {"fin": data.covariates["fin"], "twin": data.covariates["fin"] * 2 + 1}
    with pytest.raises(DataError, match="penalty of 0.01"):
        Cox().fit(Durations(data.duration, data.event, twins, "week"))
    assert np.isfinite(Cox(penalty=0.01).fit(Durations(data.duration, data.event, twins, "week")).params["twin"])


def test_a_covariate_that_decides_alone_leaves_advice_in_its_own_name() -> None:
    rng = np.random.default_rng(0)
    left = rng.random(300) < 0.3
    durations = Durations(
        rng.uniform(1, 50, 300), left, {"said goodbye": left.astype(float), "age": rng.normal(size=300)}
    )
    assert "Column said goodbye have very low variance" in Cox().fit(durations).advice


def test_too_few_who_left_is_said_with_the_count() -> None:
    nobody = Durations([1.0, 2.0], [0, 0], {"x": [1.0, 2.0]})
    for learn in LEARN.values():
        with pytest.raises(DataError, match="2 customers of whom 0 left"):
            learn(nobody)
    with pytest.raises(UsageError, match="use KaplanMeier"):
        Cox().fit(Durations([1.0, 2.0], [1, 0]))


def test_unequal_numbers_of_times_and_customers_are_refused(fitted: dict[str, FittedSurvival]) -> None:
    with pytest.raises(DataError, match="2 times for 3 customers"):
        fitted["cox"].survival_at(PEOPLE, [1.0, 2.0])
    with pytest.raises(UsageError, match="horizon of -1"):
        fitted["cox"].churn_probability(PEOPLE, -1)
    with pytest.raises(UsageError, match="quantile of 0"):
        fitted["cox"].quantile(PEOPLE, 0)
