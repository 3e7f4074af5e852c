from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.typing import NDArray

from patron.features.catalogue import FEATURES
from patron.segments.seasons import (
    ALL_YEAR,
    NEEDED,
    QUARTERS,
    SEASONAL_TYPES,
    TOO_EARLY,
    USUAL,
    WEEKEND,
    Seasons,
    main_quarters,
    stability,
)

Days = NDArray[np.int64]
START, END = 17_000, 18_461


def quarter_of(days: Days) -> Days:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 // 3


def described(histories: list[Days]) -> dict[str, NDArray[np.float64]]:
    """The features of customers who bought on these days, an order each time."""
    rows = []
    for history in histories:
        days = np.asarray(history)
        shares = [float((quarter_of(days) == quarter).mean()) for quarter in range(4)]
        weekend = float(((days + 3) % 7 >= 5).mean())
        rows.append([days.size, np.unique(days).size, days.min(), days.max(), *shares, weekend])
    return dict(zip(NEEDED, np.array(rows, dtype=np.float64).T, strict=True))


def at_random(rng: np.random.Generator, count: int, usual_life: float = 0.0) -> list[Days]:
    """Customers who come at any time, buy at any time at their own pace, and may leave."""
    histories = []
    for _ in range(count):
        came = rng.integers(START, END - 30)
        left = min(END, came + 1 + int(rng.exponential(usual_life))) if usual_life else END
        repeats = rng.poisson((left - came) / 365 * rng.gamma(2.0, 6.0))
        histories.append(np.concatenate([[came], rng.integers(came, left, repeats)]))
    return histories


def in_one_quarter(rng: np.random.Generator, count: int, quarter: int, stray: float = 0.1) -> list[Days]:
    """Customers of three years who buy about eight times a year, hardly ever outside their quarter."""
    histories = []
    for _ in range(count):
        days = rng.integers(START, END, rng.poisson(100) + 20)
        histories.append(days[(quarter_of(days) == quarter) | (rng.random(days.size) < stray)])
    return histories


def named(types: NDArray[np.str_], *names: str) -> float:
    return float(np.isin(types, names).mean())


@pytest.mark.parametrize("usual_life", [0.0, 250.0])
def test_noise_is_not_called_seasonal(usual_life: float) -> None:
    columns = described(at_random(np.random.default_rng(1), 4000, usual_life))
    types = Seasons.of(columns)(columns)
    assert named(types, *QUARTERS, WEEKEND, *USUAL) <= 0.05


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_seasonal_buyers_are_found_among_others(quarter: int) -> None:
    rng = np.random.default_rng(2)
    columns = described(in_one_quarter(rng, 200, quarter) + at_random(rng, 2000))
    types = Seasons.of(columns)(columns)
    assert named(types[:200], QUARTERS[quarter]) >= 0.9
    assert named(types[200:], *QUARTERS, WEEKEND) <= 0.05


def test_weekend_shoppers_are_found_and_regulars_buy_all_year_round() -> None:
    rng = np.random.default_rng(3)
    everyday = [np.sort(rng.integers(START, END, 60)) for _ in range(500)]
    weekends = [days[((days + 3) % 7 >= 5) | (rng.random(60) < 0.1)] for days in everyday[:100]]
    columns = described(weekends + everyday)
    types = Seasons.of(columns)(columns)
    assert named(types[:100], WEEKEND) >= 0.8
    assert named(types[100:], ALL_YEAR) >= 0.95


@pytest.mark.parametrize(("quarter", "name"), [(0, "Usual season: Jan to Mar"), (3, "Usual season: Oct to Dec")])
def test_where_everybody_buys_in_one_quarter_it_is_the_usual_season_and_no_habit_of_ones_own(
    quarter: int, name: str
) -> None:
    columns = described(in_one_quarter(np.random.default_rng(4), 300, quarter))
    types = Seasons.of(columns)(columns)
    assert named(types, name) >= 0.9
    assert named(types, *QUARTERS) <= 0.05


def test_with_few_purchases_or_little_time_nobody_is_seasonal() -> None:
    december = np.array([17_140, 17_505, 17_870])
    summer = np.arange(17_350, 17_400)
    columns = described([december[:1], december[:2], december, summer])
    assert set(Seasons((0.25, 0.25, 0.25, 0.25), 2 / 7)(columns)) == {TOO_EARLY}


def test_many_orders_of_one_day_are_one_decision() -> None:
    columns = described([np.array([17_140] * 20 + [17_505] * 20)])
    assert Seasons((0.25, 0.25, 0.25, 0.25), 2 / 7)(columns).tolist() == [TOO_EARLY]


def test_missing_figures_and_no_customers_are_told_as_too_early() -> None:
    nobody = {name: np.array([]) for name in NEEDED}
    assert Seasons.of(nobody)(nobody).tolist() == []
    blank = {name: np.array([np.nan]) for name in NEEDED}
    assert Seasons.of(blank)(blank).tolist() == [TOO_EARLY]


def test_types_survive_pickling_and_batches_and_need_only_features() -> None:
    columns = described(at_random(np.random.default_rng(5), 300))
    seasons = Seasons.of(columns)
    again = pickle.loads(pickle.dumps(seasons))  # noqa: S301
    halves = [{name: part[rows] for name, part in columns.items()} for rows in (slice(0, 150), slice(150, 300))]
    assert np.concatenate([again(half) for half in halves]).tolist() == seasons(columns).tolist()
    assert set(NEEDED) <= {feature.name for feature in FEATURES}
    assert set(seasons(columns)) <= set(SEASONAL_TYPES)


def test_stability_is_agreement_beside_chance() -> None:
    types = np.array([QUARTERS[3]] * 4 + [QUARTERS[0], ALL_YEAR, TOO_EARLY, WEEKEND])
    following = np.array([4, 4, 1, 0, 1, 2, 3, 1])
    told = stability(types, following)
    assert told.customers == 4
    assert told.agreement == pytest.approx(3 / 4)
    # Of the seven who bought, two had quarter 4 and three quarter 1.
    assert told.by_chance == pytest.approx((3 * 2 / 7 + 3 / 7) / 4)
    assert told.error == pytest.approx(np.sqrt(0.7 * 0.3 / 4))
    assert not told.holds


def test_real_seasons_hold_the_next_year_and_noise_does_not() -> None:
    rng = np.random.default_rng(6)
    histories = [part for quarter in range(4) for part in in_one_quarter(rng, 60, quarter)] + at_random(rng, 1500)
    cutoff = END - 365
    known = [days for days in histories if (days <= cutoff).any()]
    columns = described([days[days <= cutoff] for days in known])
    following = np.array(
        [[(quarter_of(days[days > cutoff]) == quarter).sum() for quarter in range(4)] for days in known]
    )
    told = stability(Seasons.of(columns)(columns), main_quarters(following.astype(np.float64)))
    assert told.holds
    assert told.agreement > 0.85
    assert 0.15 < told.by_chance < 0.35
    shuffled = stability(Seasons.of(columns)(columns), rng.permutation(main_quarters(following.astype(np.float64))))
    assert not shuffled.holds


def test_nobody_seasonal_gives_no_figure() -> None:
    told = stability(np.array([ALL_YEAR]), np.array([1]))
    assert told.customers == 0
    assert np.isnan(told.agreement)
    assert not told.holds


def test_the_main_quarter_is_the_first_of_the_largest() -> None:
    assert main_quarters(np.array([[0, 0, 0, 0], [1, 2, 2, 0], [0, 0, 0, 3.0]])).tolist() == [0, 2, 4]
