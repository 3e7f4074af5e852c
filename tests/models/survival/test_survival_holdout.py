from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from patron.errors import DataError
from patron.models.survival.boosted import BoostedAFT
from patron.models.survival.cox import Cox
from patron.models.survival.durations import (
    Durations,
    contract_lifetimes,
    indicators,
    next_purchase_gaps,
    silent_lifetimes,
)
from patron.models.survival.fitted import FittedSurvival
from patron.models.survival.holdout import (
    SurvivalHoldout,
    brier,
    calibration,
    d_calibration,
    integrated_brier,
    measure_holdout,
)
from patron.models.survival.kaplan_meier import KaplanMeier
from patron.models.survival.weibull import WeibullAFT
from patron.periods import day_number
from patron.sources.samples.worlds import simulate


def world(count: int, seed: int) -> tuple[Durations, np.ndarray]:
    """Exponential lifetimes with the scale of each, a third censored."""
    rng = np.random.default_rng(seed)
    scale = np.exp(rng.normal(3, 0.7, count))
    life, watched = rng.exponential(scale), rng.exponential(scale * 2)
    return Durations(np.minimum(life, watched), life <= watched, {"log_scale": np.log(scale)}), scale


def learn_all(seen: Durations) -> dict[str, FittedSurvival]:
    return {"cox": Cox().fit(seen), "weibull": WeibullAFT().fit(seen), "boosted": BoostedAFT().fit(seen, 1)}


def measured(seen: Durations, unseen: Durations, horizon: float) -> dict[str, SurvivalHoldout]:
    curve = KaplanMeier().fit(seen)
    return {name: measure_holdout(model, curve, unseen, horizon) for name, model in learn_all(seen).items()}


def test_without_censoring_the_brier_score_is_the_mean_squared_error() -> None:
    durations = Durations([1, 2, 3, 4], [1, 1, 1, 1])
    chance = np.array([0.1, 0.4, 0.7, 0.8])
    assert brier(durations, chance, 2.0) == pytest.approx(np.mean([0.1**2, 0.4**2, 0.3**2, 0.2**2]))


def test_the_brier_score_weighs_up_those_who_resemble_the_censored() -> None:
    # One of four is censored at 1: who was watched past 1 stands for 4/3 customers.
    durations = Durations([1, 1, 3, 4], [0, 1, 1, 1])
    chance = np.array([0.5, 0.2, 0.6, 0.9])
    expected = (0.2**2 + (0.6**2 + (1 - 0.9) ** 2) / (2 / 3)) / 4
    assert brier(durations, chance, 3.0) == pytest.approx(expected)


def test_censoring_hardly_moves_the_brier_score_of_the_truth() -> None:
    rng = np.random.default_rng(1)
    life, watched = rng.exponential(20, 20_000), rng.exponential(60, 20_000)
    truth = np.full(20_000, np.exp(-10 / 20))
    censored = brier(Durations(np.minimum(life, watched), life <= watched), truth, 10)
    assert censored == pytest.approx(brier(Durations(life, np.ones(20_000)), truth, 10), abs=0.004)


def test_the_integrated_brier_score_is_the_mean_over_time() -> None:
    durations, times = Durations([1, 2, 3, 4], [1, 1, 1, 1]), np.array([1.0, 2.0, 3.0])
    flat = np.full((4, 3), 0.5)
    assert integrated_brier(durations, flat, times) == pytest.approx(0.25)
    assert integrated_brier(durations, flat[:, :1], times[:1]) == pytest.approx(0.25)


def test_the_truth_is_calibrated_and_a_doubled_hazard_is_not() -> None:
    durations, scale = world(4000, 2)
    right, wrong = (np.exp(-durations.duration / scale * times) for times in (1, 2))
    assert d_calibration(durations, right).p_value > 0.05
    assert d_calibration(durations, wrong).p_value < 1e-6
    assert sum(d_calibration(durations, right).shares) == pytest.approx(1)
    for row in calibration(durations, 1 - np.exp(-10 / scale), 10):
        assert row.low - 0.02 < row.predicted < row.high + 0.02
    assert max(abs(row.predicted - row.observed) for row in calibration(durations, 1 - np.exp(-20 / scale), 10)) > 0.1


def test_on_unseen_customers_every_model_orders_and_errs_less_than_a_plain_curve() -> None:
    (seen, _), (unseen, scale) = world(2500, 3), world(2500, 4)
    best = brier(unseen, np.exp(-15 / scale), 15)
    for held in measured(seen, unseen, 15).values():
        assert held.concordance > 0.62
        assert held.brier < held.reference_brier - 0.01
        assert held.integrated_brier < held.reference_integrated_brier
        assert held.brier < best + 0.01
        assert held.worst_gap < 0.12
        assert (held.customers, held.events, held.horizon) == (len(unseen), unseen.events, 15)


def test_a_horizon_beyond_what_was_watched_is_refused() -> None:
    seen, _ = world(300, 5)
    curve, model = KaplanMeier().fit(seen), WeibullAFT().fit(seen)
    with pytest.raises(DataError, match="cannot be measured on customers watched for up to"):
        measure_holdout(model, curve, seen, 1e6)
    with pytest.raises(DataError, match="None of the 2 unseen"):
        measure_holdout(model, curve, Durations([1, 2], [0, 0], {"log_scale": [1, 2]}), 1)


def test_later_subscribers_are_foreseen_from_earlier_ones(tmp_path: Path) -> None:
    made = simulate("subscription", tmp_path, customers=4000, seed=2)
    source = next(source for source in made.sources if source.table == "subscriptions")
    table = pq.read_table(tmp_path / source.file)
    column = {name: table[mapped].to_pylist() for name, mapped in source.columns.items()}
    started = np.array([day_number(day) for day in column["started_on"]], dtype=float)
    ended = np.array([day_number(day) if day else np.nan for day in column["ended_on"]])
    facts = indicators("plan", column["plan"])
    end, split = day_number(made.end), day_number(made.end) - 400
    then = contract_lifetimes(column["customer_id"], started, ended, split, facts).durations
    later = contract_lifetimes(column["customer_id"], started, ended, end, facts).started(after_day=split).durations
    for held in measured(then, later, 200).values():
        assert held.concordance > 0.55
        assert held.brier < held.reference_brier
        assert held.worst_gap < 0.15


def test_telco_customers_are_foreseen_from_others(shared_data: Path) -> None:
    path = shared_data / "telco_churn" / "wa_fn_usec_telco.parquet"
    column = duckdb.sql(f"SELECT * FROM '{path}'").fetchnumpy()
    facts = {
        name: values
        for source in ("contract", "internet_service", "payment_method", "partner", "online_security", "tech_support")
        for name, values in indicators(source, column[source]).items()
        if "No internet" not in name
    }
    everybody = Durations(column["tenure"], column["churn"] == "Yes", facts, "month")
    # All were last seen in one quarter, so that earlier and later starts are long and short tenures: here the holdout
    # is of other customers, not of a later time.
    held_out = np.random.default_rng(1).random(len(everybody)) < 0.3
    found = measured(everybody.rows(~held_out), everybody.rows(held_out), 24)
    for name, held in found.items():
        assert held.concordance > 0.84, name
        assert held.brier < 0.62 * held.reference_brier, name
        assert held.integrated_brier < 0.75 * held.reference_integrated_brier, name
        assert held.worst_gap < 0.15, name
    assert found["weibull"].d_calibration.p_value > 0.01


def test_second_orders_of_cd_buyers_come_as_first_orders_foretell(shared_data: Path) -> None:
    path = shared_data / "cdnow" / "master.parquet"
    query = f"SELECT customer_id, date::DATE - DATE '1970-01-01' AS day, sum(cds) AS cds FROM '{path}' GROUP BY 1, 2 ORDER BY 1, 2"
    rows = duckdb.sql(query).fetchnumpy()
    who, day = rows["customer_id"], rows["day"].astype(np.int64)
    begins = int(day.min())
    # Those who came in the first six weeks, as known half a year later, teach; those who came after them are foreseen.
    teaches = np.isin(who, who[day <= begins + 42])

    def first_gaps(chosen: np.ndarray, as_of: int) -> Durations:
        chosen = chosen & (day <= as_of)
        gaps = next_purchase_gaps(who[chosen], day[chosen], as_of)
        first = np.r_[True, gaps.customer_id[1:] != gaps.customer_id[:-1]]
        return gaps.with_covariates({"log_cds": np.log1p(rows["cds"][chosen])}).durations.rows(first)

    seen, unseen = first_gaps(teaches, begins + 225), first_gaps(~teaches, int(day.max()))
    for name, held in measured(seen, unseen, 120).items():
        assert held.concordance > 0.54, name
        assert held.brier < held.reference_brier, name
        assert held.worst_gap < 0.08, name


def test_a_silence_of_ninety_days_empties_cdnow_out_of_time_as_the_curve_says(shared_data: Path) -> None:
    path = shared_data / "cdnow" / "master.parquet"
    rows = duckdb.sql(f"SELECT customer_id, date::DATE - DATE '1970-01-01' AS day FROM '{path}'").fetchnumpy()
    who, day = rows["customer_id"], rows["day"].astype(np.int64)
    teaches = np.isin(who, who[day <= int(day.min()) + 42])
    curves = [
        KaplanMeier().fit(silent_lifetimes(who[part], day[part], as_of, window_days=90).durations)
        for part, as_of in ((teaches, int(day.min()) + 300), (~teaches, int(day.max())))
    ]
    times = [89.0, 90.0, 150.0, 200.0, 250.0]
    earlier, later = (curve.survival(times) for curve in curves)
    assert earlier[0] == later[0] == 1
    np.testing.assert_allclose(earlier, later, atol=0.06)
