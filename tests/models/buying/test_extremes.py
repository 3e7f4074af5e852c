"""Forecasts at the edges of what can happen: finite, in range and in order everywhere, and right to nine digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

from patron.models.buying.bg_bb import FittedBGBB, Occasions
from patron.models.buying.bg_nbd import FittedBGNBD
from patron.models.buying.gamma_gamma import FittedGammaGamma
from patron.models.buying.mbg_nbd import FittedMBGNBD
from patron.models.buying.pareto_nbd import FittedParetoNBD
from patron.models.buying.shifted_beta_geometric import Contracts, FittedShiftedBetaGeometric
from patron.models.buying.summary import Summary

Process = FittedBGNBD | FittedMBGNBD | FittedParetoNBD
PROCESSES = (FittedBGNBD, FittedMBGNBD, FittedParetoNBD)
ROWS = 200
SECOND, CENTURIES = 1 / 86_400, 3 * 36_525.0
TINY = 1e-9
# Shapes from almost nothing to almost alike customers; alpha and beta of times from minutes to a century.
WIDE = {
    "r": (1e-3, 1e3),
    "s": (1e-3, 1e3),
    "a": (1e-3, 1e3),
    "b": (1e-3, 1e3),
    "alpha": (1e-3, 4e4),
    "beta": (1e-3, 4e4),
}
COUNTS = np.array([0, 0, 1, 1, 2, 5, 20, 100, 300, 1_000, 10_000], dtype=float)
RATES = (0.0, 0.03, 0.15, 3.0)


@dataclass(frozen=True)
class World:
    """One model with customers and a horizon, all drawn at random from the edges."""

    model: Process
    summary: Summary
    horizon: float
    rate: float

    def demand(self, holds: np.ndarray, rule: str, values: np.ndarray) -> None:
        """Fail with the exact point where the rule does not hold."""
        wrong = np.flatnonzero(~holds)
        if wrong.size:
            row, s = wrong[0], self.summary
            raise AssertionError(
                f"{self.model.TITLE}: {rule} fails at {wrong.size} points, first {dict(self.model.params)}, "
                f"x={s.frequency[row]!r}, t_x={s.recency[row]!r}, T={s.T[row]!r}, horizon={self.horizon!r}, "
                f"rate={self.rate!r}: {values[row]!r}"
            )


def log_uniform(rng: np.random.Generator, low: float, high: float, count: int | None = None) -> np.ndarray:
    return np.exp(rng.uniform(np.log(low), np.log(high), count))


def drawn_customers(rng: np.random.Generator, count: int) -> Summary:
    x = rng.choice(COUNTS, count)
    T = log_uniform(rng, SECOND, CENTURIES, count)
    T[rng.random(count) < 0.03] = 0.0
    share = rng.choice([0.0, 1.0, -1.0, -2.0], count)
    share = np.where(share == -1, rng.random(count), np.where(share == -2, log_uniform(rng, 1e-6, 1, count), share))
    return Summary(x, np.where(x > 0, share * T, 0.0), T, unit="day")


def drawn_world(kind: type[Process], rng: np.random.Generator, rows: int = ROWS) -> World:
    params = {name: float(log_uniform(rng, *WIDE[name])) for name in kind.PARAMS}
    horizon = float(log_uniform(rng, SECOND, CENTURIES))
    return World(kind(params), drawn_customers(rng, rows), horizon, float(rng.choice(RATES)))


def worlds(kind: type[Process], count: int, seed: int) -> Iterator[World]:
    rng = np.random.default_rng(seed)
    return (drawn_world(kind, rng) for _ in range(count))


def check_process(world: World) -> None:
    model, summary, t = world.model, world.summary, world.horizon
    alive, bought = model.probability_alive(summary), model.expected_purchases(summary, t)
    silent, later = model.probability_no_purchase(summary, t), model.expected_purchases(summary, 2 * t)
    kept = model.discounted_purchases(summary, t, world.rate)
    for name, values in (("P(alive)", alive), ("P(no purchase)", silent)):
        world.demand((values >= 0) & (values <= 1), f"{name} in 0 … 1", values)
    for name, values in (("expected purchases", bought), ("discounted purchases", kept), ("twice as long", later)):
        world.demand(np.isfinite(values) & (values >= 0), f"{name} finite and not negative", values)
    world.demand(later >= bought * (1 - TINY), "more purchases in more time", bought - later)
    world.demand(later <= 2 * bought * (1 + TINY), "no more than twice as many in twice the time", later)
    world.demand(kept <= bought * (1 + TINY), "discounted at most as much", kept - bought)
    full = np.exp(-np.log1p(world.rate) * t / 365.25)
    world.demand(kept >= bought * full * (1 - TINY), "discounted no deeper than at the end", kept)
    world.demand(
        1 - silent <= np.minimum(bought, alive) * (1 + TINY) + 1e-13, "some bought at most as expected", silent
    )
    again = model.probability_no_purchase(summary, 2 * t)
    world.demand(again <= silent * (1 + TINY), "silence rarer in more time", again - silent)
    likelihood = model.log_likelihoods(summary)
    world.demand(np.isfinite(likelihood), "finite log-likelihood", likelihood)
    check_waiting(world)
    check_new(world)


def check_waiting(world: World) -> None:
    early, late = (world.model.next_purchase_quantile(world.summary, q, within=world.horizon) for q in (0.1, 0.9))
    world.demand((early >= 0) & (late <= world.horizon * (1 + TINY)), "waiting within the horizon", late)
    world.demand(early <= late * (1 + TINY), "quantiles in order", early - late)
    ever = world.model.next_purchase_quantile(world.summary, 0.5)
    world.demand(ever >= 0, "waiting not negative, perhaps endless", ever)


def check_new(world: World) -> None:
    model, t = world.model, world.horizon
    chances = np.array([model.probability_of_purchases(count, t) for count in (0, 1, 2, 7, 100, 10_000)])
    assert np.isfinite(chances).all(), world
    assert ((chances >= 0) & (chances <= 1)).all(), (chances, world)
    assert chances.sum() <= 1 + TINY, (chances, world)
    expected = model.expected_purchases_new_customer(t)
    assert np.isfinite(expected), world
    assert expected >= (1 - chances[0]) * (1 - TINY) - 1e-13, (expected, chances[0], world)
    assert expected >= (chances * [0, 1, 2, 7, 100, 10_000]).sum() * (1 - TINY), (expected, chances, world)


def check_simulated(kind: type[Process], count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for world in worlds(kind, count, seed):
        # A story of many purchases takes as long as they are many: only customers who buy little are told.
        if world.model.expected_purchases_new_customer(2 * CENTURIES) < 1_000:
            made = world.model.simulate(world.summary.T, rng, world.horizon)
            assert np.isfinite(made.purchases).all()
            assert (made.purchases[~made.alive] == 0).all()
            assert (made.summary.recency <= made.summary.T).all()


@pytest.mark.parametrize("kind", PROCESSES)
def test_extreme_points_give_finite_forecasts_in_range_and_in_order(kind: type[Process]) -> None:
    for world in worlds(kind, 10, seed=1):
        check_process(world)
    check_simulated(kind, 10, seed=2)


@pytest.mark.slow
@pytest.mark.parametrize("kind", PROCESSES)
def test_a_hundred_thousand_extreme_points_give_finite_forecasts_in_range_and_in_order(kind: type[Process]) -> None:
    for world in worlds(kind, 100_000 // ROWS, seed=3):
        check_process(world)
    check_simulated(kind, 100, seed=4)


def check_contracts(rng: np.random.Generator) -> None:
    model = FittedShiftedBetaGeometric({name: float(log_uniform(rng, 1e-4, 1e5)) for name in ("alpha", "beta")})
    asked = np.floor(log_uniform(rng, 1, 10_001, ROWS)) - 1
    left = (rng.random(ROWS) < 0.5) & (asked > 0)
    contracts, rate = Contracts(asked, left), float(rng.choice(RATES[1:]))
    shares = (model.survival(asked), model.probability_of_leaving_at(asked + 1), model.retention_rate(asked + 1))
    for values in shares:
        assert ((values >= 0) & (values <= 1)).all(), (model, asked[~((values >= 0) & (values <= 1))])
    order = np.argsort(asked)
    assert (np.diff(shares[0][order]) <= 0).all(), model
    assert (np.diff(shares[2][order]) >= 0).all(), model
    short, long = (model.discounted_renewals(contracts, periods, rate) for periods in (1, 120))
    endless = model.residual_lifetime(contracts, rate)
    for low, high in ((0.0, short), (short, long), (long, endless)):
        assert np.isfinite(high).all(), model
        assert (low <= high * (1 + TINY)).all(), (model, rate)
    assert (endless[left] == 0).all()
    assert np.isfinite(model.log_likelihoods(contracts)).all(), model
    assert 1 <= model.discounted_lifetime(rate) < np.inf, model


def check_occasions(rng: np.random.Generator) -> None:
    params = {name: float(log_uniform(rng, 1e-3, 1e4)) for name in FittedBGBB.PARAMS}
    model, rate = FittedBGBB(params), float(rng.choice(RATES[1:]))
    n = np.floor(log_uniform(rng, 1, rng.choice([12, 400, 10_001]), ROWS)) - 1
    t_x = np.floor(rng.choice([0.0, 1.0, -1.0], ROWS, p=[0.2, 0.2, 0.6]) * n)
    t_x = np.where(t_x < 0, np.floor(rng.random(ROWS) * (n + 1)), t_x)
    x = np.where(t_x > 0, 1 + np.floor(rng.choice([0, 1, 0.3], ROWS) * (t_x - 1)), 0)
    summary = Occasions(x, t_x, n)
    alive, now = model.probability_alive(summary), model.probability_alive(summary, ahead=0)
    silent = model.probability_no_purchase(summary, 24)
    for values in (alive, now, silent):
        assert ((values >= 0) & (values <= 1)).all(), (model, summary)
    assert (alive <= now).all(), model
    few, many = model.discounted_purchases(summary, 24, rate), model.expected_purchases(summary, 24)
    assert ((few >= 0) & (few <= many * (1 + TINY)) & (many <= 24)).all(), model
    assert (1 - silent <= np.minimum(many, now) * (1 + TINY) + 1e-13).all(), model
    endless = model.residual_purchases(summary, rate)
    assert (np.isfinite(endless) & (endless >= few * (1 - TINY))).all(), model
    assert np.isfinite(model.log_likelihoods(summary)).all(), model
    chances = np.array([model.probability_of_purchases(count, 50) for count in range(51)])
    assert chances.sum() == pytest.approx(1, abs=1e-9), model
    assert (chances * np.arange(51)).sum() == pytest.approx(model.expected_purchases_new_customer(50), rel=1e-8), model


def check_spend(rng: np.random.Generator) -> None:
    p, q, v = log_uniform(rng, 1e-3, 1e3), 1 + log_uniform(rng, 1e-6, 1e3), log_uniform(rng, 1e-6, 1e6)
    model = FittedGammaGamma({"p": float(p), "q": float(q), "v": float(v)})
    x, m = rng.choice(COUNTS, ROWS), log_uniform(rng, 1e-2, 1e9, ROWS)
    spend = model.expected_spend(x, m)
    low, high = np.minimum(m, model.population_mean), np.maximum(m, model.population_mean)
    assert np.isfinite(spend).all(), model
    held = np.where(x > 0, (spend >= low * (1 - TINY)) & (spend <= high * (1 + TINY)), True)
    assert held.all(), (model, x[~held], m[~held])
    assert spend[x == 0] == pytest.approx(model.population_mean)


@pytest.mark.parametrize("check", [check_contracts, check_occasions, check_spend])
def test_extreme_contracts_occasions_and_spend_stay_in_range(check: Callable[[np.random.Generator], None]) -> None:
    rng = np.random.default_rng(5)
    for _ in range(10):
        check(rng)


@pytest.mark.slow
@pytest.mark.parametrize("check", [check_contracts, check_occasions, check_spend])
def test_a_hundred_thousand_extreme_contracts_occasions_and_spends_stay_in_range(
    check: Callable[[np.random.Generator], None],
) -> None:
    rng = np.random.default_rng(6)
    for _ in range(100_000 // ROWS):
        check(rng)


# What follows are the papers' formulas in arithmetic of 100 digits (with 60, mpmath itself errs at some points).


def beta_ratio(a: mpf, b: mpf, up: int, chances: int) -> mpf:
    """B(a + up, b + chances - up) / B(a, b)."""
    return mpmath.rf(a, up) * mpmath.rf(b, chances - up) / mpmath.rf(a + b, chances)


class Leaving:
    """BG/NBD (first = 0) and MBG/NBD (first = 1) as in the papers: a chance to leave after each purchase."""

    def __init__(self, params: dict[str, float], first: int) -> None:
        self.r, self.alpha, self.a, self.b = (mpf(params[name]) for name in ("r", "alpha", "a", "b"))
        self.first = first

    def likelihood(self, x: int, t_x: mpf, T: mpf) -> tuple[mpf, mpf]:
        """Its parts of customers who stayed and who left."""
        chances, buying = x + self.first, mpmath.rf(self.r, x) * self.alpha**self.r
        stayed = beta_ratio(self.a, self.b, 0, chances) * buying * (self.alpha + T) ** -(self.r + x)
        if not chances:
            return stayed, mpf(0)
        return stayed, beta_ratio(self.a, self.b, 1, chances) * buying * (self.alpha + t_x) ** -(self.r + x)

    def alive(self, x: int, t_x: mpf, T: mpf) -> mpf:
        stayed, left = self.likelihood(x, t_x, T)
        return stayed / (stayed + left)

    def if_alive(self, x: int, T: mpf, t: mpf) -> mpf:
        z, c = t / (self.alpha + T + t), self.a + self.b + x + self.first - 1
        kept = (1 - z) ** (self.a - 1) * mpmath.hyp2f1(c - x - self.r, self.a - 1, c, z)
        return c / (self.a - 1) * (1 - kept)

    def bought(self, x: int, t_x: mpf, T: mpf, t: mpf) -> mpf:
        return self.alive(x, t_x, T) * self.if_alive(x, T, t)

    def silent(self, x: int, t_x: mpf, T: mpf, t: mpf) -> mpf:
        quiet = ((self.alpha + T) / (self.alpha + T + t)) ** (self.r + x)
        alive = self.alive(x, t_x, T)
        return 1 - alive * (1 - quiet)

    def discounted(self, x: int, t_x: mpf, T: mpf, t: mpf, rate: mpf) -> mpf:
        c = self.a + self.b + x + self.first

        def density(u: mpf) -> mpf:
            w = -u / (self.alpha + T)
            return mpmath.exp(-rate * u) * mpmath.hyp2f1(self.r + x + 1, self.a, c, w)

        pace = (self.r + x) / (self.alpha + T) * self.alive(x, t_x, T)
        return pace * in_pieces(density, t, self.alpha + T)

    def new(self, t: mpf) -> mpf:
        stays = self.b / (self.a + self.b) if self.first else 1
        return stays * self.if_alive(0, mpf(0), t)

    def count(self, k: int, t: mpf) -> mpf:
        share, chances = t / (self.alpha + t), k + self.first
        exactly = mpmath.rf(self.r, k) / mpmath.factorial(k) * (1 - share) ** self.r * share**k
        chance = beta_ratio(self.a, self.b, 0, chances) * exactly
        if chances:
            as_many = mpmath.betainc(k, self.r, 0, share, regularized=True) if k else 1
            chance += beta_ratio(self.a, self.b, 1, chances) * as_many
        return chance


class Leave:
    """Pareto/NBD as in the papers: leaving at any time."""

    def __init__(self, params: dict[str, float]) -> None:
        self.r, self.alpha, self.s, self.beta = (mpf(params[name]) for name in ("r", "alpha", "s", "beta"))

    @classmethod
    def of(cls, r: mpf, alpha: mpf, s: mpf, beta: mpf) -> Leave:
        return cls({"r": r, "alpha": alpha, "s": s, "beta": beta})

    def likelihood(self, x: int, t_x: mpf, T: mpf) -> tuple[mpf, mpf]:
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta
        all_three, far = r + s + x, max(alpha, beta)
        second = s + 1 if alpha >= beta else r + x

        def at(time: mpf) -> mpf:
            z = abs(alpha - beta) / (far + time)
            return mpmath.hyp2f1(all_three, second, all_three + 1, z) / (far + time) ** all_three

        buying = mpmath.rf(r, x) * alpha**r * beta**s
        stayed = buying / ((alpha + T) ** (r + x) * (beta + T) ** s)
        return stayed, buying * s / all_three * (at(t_x) - at(T))

    def alive(self, x: int, t_x: mpf, T: mpf) -> mpf:
        stayed, left = self.likelihood(x, t_x, T)
        return stayed / (stayed + left)

    def if_alive(self, x: int, T: mpf, t: mpf) -> mpf:
        there = (self.beta + T) / (self.beta + T + t)
        lasting = (self.beta + T) / (self.s - 1) * (1 - there ** (self.s - 1))
        return (self.r + x) / (self.alpha + T) * lasting

    def bought(self, x: int, t_x: mpf, T: mpf, t: mpf) -> mpf:
        return self.alive(x, t_x, T) * self.if_alive(x, T, t)

    def silent(self, x: int, t_x: mpf, T: mpf, t: mpf) -> mpf:
        later = Leave.of(self.r + x, self.alpha + T, self.s, self.beta + T)
        quiet = mpmath.fsum(later.likelihood(0, mpf(0), t))
        return 1 - self.alive(x, t_x, T) * (1 - quiet)

    def discounted(self, x: int, t_x: mpf, T: mpf, t: mpf, rate: mpf) -> mpf:
        def density(u: mpf) -> mpf:
            return mpmath.exp(-rate * u) * ((self.beta + T) / (self.beta + T + u)) ** self.s

        pace = (self.r + x) / (self.alpha + T) * self.alive(x, t_x, T)
        return pace * in_pieces(density, t, self.beta + T)

    def new(self, t: mpf) -> mpf:
        return self.if_alive(0, mpf(0), t)

    def count(self, k: int, t: mpf) -> mpf:
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta

        def exactly(time: mpf) -> mpf:
            share = time / (alpha + time)
            return mpmath.rf(r, k) / mpmath.factorial(k) * (1 - share) ** r * share**k

        def gone(time: mpf) -> mpf:
            return exactly(time) * s / (beta + time) * (beta / (beta + time)) ** s

        return exactly(t) * (beta / (beta + t)) ** s + in_pieces(gone, t, min(alpha, beta))


def in_pieces(density: Callable[[mpf], mpf], until: mpf, scale: mpf) -> mpf:
    """The integral from 0, in pieces that grow as the density flattens."""
    edges, edge = [mpf(0)], scale / 64
    while edge < until:
        edges.append(edge)
        edge *= 4
    return mpmath.quad(density, [*edges, until])


def truth_of(model: Process) -> Leaving | Leave:
    params = dict(model.params)
    return (
        Leave(params) if isinstance(model, FittedParetoNBD) else Leaving(params, int(isinstance(model, FittedMBGNBD)))
    )


def agree(ours: float, truth: mpf, what: str, world: object, floor: str = "1e-290") -> None:
    """Nine digits, down to a floor; without one given, to where 64-bit numbers end."""
    assert abs(mpf(float(ours)) - truth) <= mpf("1e-9") * abs(truth) + mpf(floor), (
        f"{what}: {ours!r} against {mpmath.nstr(truth, 15)} at {world}"
    )


def single(world: World, row: int) -> tuple[Summary, tuple[int, mpf, mpf]]:
    s = world.summary
    one = Summary(s.frequency[[row]], s.recency[[row]], s.T[[row]], unit="day")
    return one, (int(s.frequency[row]), mpf(s.recency[row]), mpf(s.T[row]))


def told(world: World, row: int) -> str:
    s = world.summary
    point = f"x={s.frequency[row]!r}, t_x={s.recency[row]!r}, T={s.T[row]!r}, horizon={world.horizon!r}"
    return f"{world.model.TITLE} {dict(world.model.params)}, {point}, rate={world.rate}"


@pytest.fixture(autouse=True)
def hundred_digits() -> Iterator[None]:
    with mp.workdps(100):
        yield


def check_digits(world: World, row: int) -> None:
    model, truth, t = world.model, truth_of(world.model), mpf(world.horizon)
    one, customer = single(world, row)
    where = told(world, row)
    agree(model.probability_alive(one)[0], truth.alive(*customer), "P(alive)", where)
    agree(model.expected_purchases(one, world.horizon)[0], truth.bought(*customer, t), "expected purchases", where)
    agree(model.probability_no_purchase(one, world.horizon)[0], truth.silent(*customer, t), "P(no purchase)", where)
    likelihood = mpmath.log(mpmath.fsum(truth.likelihood(*customer)))
    ours = mpf(float(model.log_likelihoods(one)[0]))
    assert abs(ours - likelihood) <= mpf("1e-9") * max(1, abs(likelihood)), ("log-likelihood", ours, likelihood, where)
    agree(model.expected_purchases_new_customer(world.horizon), truth.new(t), "new customer's purchases", where)


@pytest.mark.parametrize("kind", PROCESSES)
def test_forecasts_agree_with_hundred_digit_arithmetic(kind: type[Process]) -> None:
    for world in worlds(kind, 30 if kind is FittedParetoNBD else 60, seed=7):
        check_digits(world, row=0)


@pytest.mark.parametrize("kind", PROCESSES)
def test_chances_of_counts_agree_with_hundred_digit_arithmetic(kind: type[Process]) -> None:
    rng = np.random.default_rng(8)
    points = 12 if kind is FittedParetoNBD else 60
    with mp.workdps(25 if kind is FittedParetoNBD else 100):
        for world in worlds(kind, points, seed=8):
            k = int(rng.choice([0, 1, 2, 5, 30, 200]))
            truth = truth_of(world.model).count(k, mpf(world.horizon))
            ours = world.model.probability_of_purchases(k, world.horizon)
            agree(ours, truth, f"chance of {k} purchases", told(world, 0), floor="1e-100")


@pytest.mark.parametrize("kind", PROCESSES)
def test_discounted_purchases_agree_with_integrals_in_twenty_digits(kind: type[Process]) -> None:
    with mp.workdps(20):
        for world in worlds(kind, 5, seed=9):
            row = int(np.argmax(world.summary.frequency <= 20))
            one, customer = single(world, row)
            rate = mpmath.log(mpf("1.15")) / mpf("365.25")
            truth = truth_of(world.model).discounted(*customer, mpf(world.horizon), rate)
            agree(world.model.discounted_purchases(one, world.horizon, 0.15)[0], truth, "discounted", told(world, row))


def renewals_to_come(a: mpf, b: mpf, factor: mpf) -> mpf:
    """The series behind DEL and DERL, term by term."""
    total = term = mpf(0) + 1
    for step in range(700):
        term *= factor * (b + step) / (a + b + step)
        total += term
    return total - 1


def test_contracts_agree_with_hundred_digit_arithmetic() -> None:
    rng, factor = np.random.default_rng(10), 1 / mpf("1.1")
    for _ in range(40):
        params = {name: float(log_uniform(rng, 1e-4, 1e5)) for name in ("alpha", "beta")}
        model = FittedShiftedBetaGeometric(params, unit="year")
        a, b = (mpf(value) for value in model.symbols)
        t = int(np.floor(log_uniform(rng, 1, 1_000)))
        agree(model.survival([t])[0], beta_ratio(a, b, 0, t), "survival", (params, t))
        agree(model.probability_of_leaving_at([t])[0], beta_ratio(a, b, 1, t), "leaving", (params, t))
        active = Contracts([t], [False], unit="year")
        residual = renewals_to_come(a, b + t, factor) / factor
        agree(model.residual_lifetime(active, 0.1)[0], residual, "residual lifetime", (params, t))
        agree(model.discounted_lifetime(0.1), 1 + renewals_to_come(a, b, factor), "lifetime", params)


def test_occasions_agree_with_hundred_digit_arithmetic() -> None:
    rng = np.random.default_rng(11)
    for _ in range(60):
        params = {name: float(log_uniform(rng, 1e-3, 1e4)) for name in FittedBGBB.PARAMS}
        model, n = FittedBGBB(params), int(rng.integers(1, 40))
        t_x = int(rng.integers(0, n + 1))
        x = int(rng.integers(1, t_x + 1)) if t_x else 0
        one = Occasions([x], [t_x], [n])
        alpha, beta, gamma, delta = (mpf(value) for value in model.symbols)
        left = [beta_ratio(alpha, beta, x, m) * beta_ratio(gamma, delta, 1, m + 1) for m in range(t_x, n)]
        there = beta_ratio(alpha, beta, x, n) * beta_ratio(gamma, delta, 0, n)
        alive = there / (there + mpmath.fsum(left))
        agree(model.probability_alive(one, ahead=0)[0], alive, "P(alive)", (params, x, t_x, n))
        agree(np.exp(model.log_likelihoods(one)[0]), there + mpmath.fsum(left), "likelihood", (params, x, t_x, n))
        rising = mpmath.gammaprod([1 + delta + n, gamma + delta + n], [gamma + delta + n, delta + n])
        after = mpmath.rf(1 + delta + n, 12) / mpmath.rf(gamma + delta + n, 12)
        renewals = rising / (gamma - 1) * (1 - after)
        expected = alive * (alpha + x) / (alpha + beta + n) * renewals
        agree(model.expected_purchases(one, 12)[0], expected, "expected purchases", (params, x, t_x, n))
