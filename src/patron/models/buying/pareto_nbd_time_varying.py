"""Pareto/NBD with covariates that change with time, such as a high season: they move how often customers buy or leave.

Bachmann, Meierer and Näf (2021), "The role of time-varying contextual factors in latent attrition models for customer base
analysis", Marketing Science 40(4). In period t a customer buys at λ·exp(γ'x(t)) and leaves at μ·exp(δ'z(t)); λ and μ differ
between customers as in the Pareto/NBD. Covariates that never change give the Pareto/NBD with static covariates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats
from patron.models.buying import walks_forecasts as forecasts
from patron.models.buying.covariate_walks import Ahead, PeriodCovariates, Walks, table_of
from patron.models.buying.covariates import (
    LARGEST,
    Covariates,
    Design,
    FittedCovariates,
    Part,
    refuse_twice,
)
from patron.models.buying.discounting import continuous_rate
from patron.models.buying.fitted import length
from patron.models.buying.loose_ends import fields_of
from patron.models.buying.maximum_likelihood import maximise_curved
from patron.models.buying.pareto_nbd import LOG_BOUNDS, FittedParetoNBD, ParetoNBD, in_own_time, mean_time
from patron.models.buying.purchase_history import PurchaseHistory
from patron.models.buying.walks_likelihood import RatesAt, WalksLikelihood, log_likelihoods, parts
from patron.models.buying.walks_simulated import SimulatedHistory, simulated

_PARTS: Final = (Part("purchase", 1, -1), Part("attrition", 3, -1))
_ALIKE: Final = 1e-8
_FOLLOWS: Final = 1e-12


@dataclass(frozen=True)
class FittedParetoNBDTimeVarying(FittedCovariates):
    """A Pareto/NBD whose rates follow covariates by period: ``params`` hold while every covariate is 0.

    ``coefficients`` and ``coefficient_errors`` are by part, "purchase" or "attrition", then by covariate: a rate is
    multiplied by exp(coefficient) per unit of the covariate. Every method takes the covariates from period 0 on, up to
    the end of what is asked for; histories must be in the model's own unit.
    """

    NAME: ClassVar[str] = "pareto_nbd_time_varying"
    TITLE: ClassVar[str] = "Pareto/NBD with time-varying covariates"
    PARAMS: ClassVar[tuple[str, ...]] = FittedParetoNBD.PARAMS
    PARTS: ClassVar[tuple[Part, ...]] = _PARTS

    def log_likelihoods(self, history: PurchaseHistory, covariates: PeriodCovariates) -> Floats:
        """Each customer's log-likelihood."""
        return log_likelihoods(Walks.of(history, *self._tables(history, covariates, 0.0)), self._at)

    def probability_alive(self, history: PurchaseHistory, covariates: PeriodCovariates) -> Floats:
        """Chance that each customer has not left by the end of the history."""
        walks = Walks.of(history, *self._tables(history, covariates, 0.0))
        return _in_parts(walks, lambda rows: forecasts.alive(walks.rows(rows), self._at))

    def expected_purchases(self, history: PurchaseHistory, covariates: PeriodCovariates, periods: float) -> Floats:
        """Purchases expected of each customer in the next ``periods`` units, given the history."""
        return self._purchases(history, covariates, length(periods), 0.0)[:, 0]

    def expected_purchases_by_period(
        self, history: PurchaseHistory, covariates: PeriodCovariates, periods: int
    ) -> Floats:
        """The same for each of the next ``periods`` units: customers × units."""
        if periods != int(periods) or periods < 1:
            raise UsageError(f"{periods} periods were asked for.", allowed="Whole periods are needed, 1 or more.")
        return self._purchases(history, covariates, length(periods), 0.0, units=int(periods))

    def discounted_purchases(
        self, history: PurchaseHistory, covariates: PeriodCovariates, periods: float, yearly_discount_rate: float
    ) -> Floats:
        """Purchases expected, each counted at its discount: a year after the history at 1 / (1 + rate)."""
        rate = continuous_rate(yearly_discount_rate, self.unit)
        return self._purchases(history, covariates, length(periods), rate)[:, 0]

    def probability_no_purchase(self, history: PurchaseHistory, covariates: PeriodCovariates, periods: float) -> Floats:
        """Chance that each customer buys nothing in the next ``periods`` units: has left, leaves first, or waits."""
        tables = self._tables(history, covariates, length(periods))
        walks = Walks.of(history, *tables)
        return _in_parts(
            walks,
            lambda rows: forecasts.no_purchase(
                walks.rows(rows), _ahead(history, tables, periods, walks, rows), self._at
            ),
        )

    def expected_purchases_new_customer(
        self, covariates: PeriodCovariates, periods: float, first: float = 0.0
    ) -> float:
        """Repeat purchases expected of a customer in ``periods`` units after a first purchase at time ``first``.

        The covariates are one row of periods each.
        """
        nobody = PurchaseHistory([0], [first], first, unit=self.unit)
        return float(self.expected_purchases(nobody, covariates, periods)[0])

    def simulate(
        self,
        first: ArrayLike,
        until: ArrayLike,
        covariates: PeriodCovariates,
        rng: np.random.Generator,
        horizon: float = 0.0,
    ) -> SimulatedHistory:
        """Customers as the model tells their story: from ``first`` to ``until``, then for ``horizon`` units more."""
        begins = np.asarray(first, dtype=np.float64)
        watched = PurchaseHistory(np.arange(begins.size), begins, until, unit=self.unit)
        tables = self._tables(watched, covariates, length(horizon))
        return simulated(self._at, watched, horizon, tables, rng)

    def own_params(self, covariates: Covariates) -> dict[str, Floats]:  # noqa: ARG002 - as static covariates have it
        """No customer has parameters of one's own here, as the covariates change: raises UsageError."""
        raise UsageError(
            f"{self.TITLE} has no parameters that hold for a customer at all times.",
            to_do="Ask for expected_purchases or probability_alive with the covariates by period.",
        )

    @property
    def _at(self) -> RatesAt:
        buying, leaving = (list(self.coefficients.get(part.name, {}).values()) for part in self.PARTS)
        r, alpha, s, beta = self.symbols
        return RatesAt(r, alpha, s, beta, np.array(buying, dtype=np.float64), np.array(leaving, dtype=np.float64))

    def _tables(self, history: PurchaseHistory, covariates: PeriodCovariates, periods: float) -> tuple[Floats, Floats]:
        """The covariates of buying and of leaving, up to ``periods`` after the history."""
        if history.unit != self.unit:
            raise UsageError(
                f"The history's times are in {history.unit}s, the model's in {self.unit}s.",
                to_do=f"Give a PurchaseHistory with unit='{self.unit}', or fit the model on {history.unit}s.",
            )
        names = [tuple(self.coefficients.get(part.name, {})) for part in self.PARTS]
        end = history.until + periods
        return table_of(covariates, names[0], history, end), table_of(covariates, names[1], history, end)

    def _purchases(
        self, history: PurchaseHistory, covariates: PeriodCovariates, periods: float, rate: float, units: int = 1
    ) -> Floats:
        """Purchases expected, by unit of time ahead (customers × units), or in all if ``units`` is 1."""
        tables = self._tables(history, covariates, periods)
        walks = Walks.of(history, *tables)

        def of_rows(rows: slice) -> Floats:
            some, ahead = walks.rows(rows), _ahead(history, tables, periods, walks, rows, units > 1)
            if_alive = forecasts.purchases_if_alive(some, ahead, self._at, rate, units)
            return np.asarray(if_alive * forecasts.alive(some, self._at)[:, None], dtype=np.float64)

        return _in_parts(walks, of_rows)


def _in_parts(walks: Walks, of_rows: Callable[[slice], Floats]) -> Floats:
    """A figure of every customer, worked out part by part."""
    return np.concatenate([of_rows(rows) for rows in parts(walks)])


def _ahead(
    history: PurchaseHistory,
    tables: tuple[Floats, Floats],
    periods: float,
    walks: Walks,
    rows: slice,
    by_unit: bool = False,
) -> Ahead:
    """What some of the customers will live through in ``periods`` after their end."""
    buying, leaving = (table if len(table) == 1 else table[rows] for table in tables)
    return Ahead.of(history.until[rows], periods, walks.frequency[rows], buying, leaving, by_unit)


@dataclass(frozen=True)
class ParetoNBDTimeVarying:
    """The Pareto/NBD with time-varying covariates, before it has seen customers: which act on buying, which on leaving."""

    purchase: tuple[str, ...] = ()
    attrition: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_twice(self.purchase, "purchase")
        refuse_twice(self.attrition, "attrition")

    def fit(self, history: PurchaseHistory, covariates: PeriodCovariates) -> FittedParetoNBDTimeVarying:
        """Maximum-likelihood parameters and coefficients for these customers.

        ``covariates``: values by period from period 0 to the end of the history, one row for all customers (a season,
        holidays) or one row per customer. Raises UnknownName for a covariate that is missing, and DataError for one that
        does not cover the history, does not vary, or follows from others. The search starts from the model without
        covariates, so that it cannot fit worse.
        """
        kind, summary = FittedParetoNBDTimeVarying, history.summary
        scale = mean_time(summary, kind.TITLE)
        names = (self.purchase, self.attrition)
        tables = [table_of(covariates, chosen, history, history.until) for chosen in names]
        walks = Walks.of(history, tables[0], tables[1])
        design = _design(walks, names)
        plain = ParetoNBD().fit(summary)
        units = np.log([1.0, scale, 1.0, scale])
        likelihood = WalksLikelihood(_scaled(walks, design, scale))
        bounds = [*LOG_BOUNDS, *[(-LARGEST, LARGEST)] * len(design.labels)]
        start = np.append(np.log(plain.symbols) - units, np.zeros(len(design.labels)))
        found = maximise_curved([likelihood], [start], bounds, (*kind.PARAMS, *design.labels), len(history))
        return kind(
            **fields_of(found, likelihood, bounds, len(history), design, kind, units),
            unit=history.unit,
            log_likelihood=in_own_time(len(history) * found.mean_log_likelihood, summary, scale),
            customers=float(len(history)),
        )


def _design(walks: Walks, names: Sequence[tuple[str, ...]]) -> Design:
    """The covariates' means and standard deviations over the time that customers were watched; errors as in ``fit``."""
    lived = walks.before + walks.after
    tables, means, deviations = (walks.purchase, walks.attrition), [], []
    for part, chosen, table in zip(_PARTS, names, tables, strict=True):
        time = lived if len(table) > 1 else lived.sum(axis=0, keepdims=True)
        share = (time / time.sum())[:, :, None]
        mean = (table * share).sum(axis=(0, 1))
        deviation = np.sqrt(((table - mean) ** 2 * share).sum(axis=(0, 1)))
        _refuse_constant(mean, deviation, chosen, part.name)
        scaled = (table - mean) / deviation * np.sqrt(share)
        _refuse_collinear(scaled.reshape(share.size, len(chosen)), chosen, part.name)
        means.append(mean)
        deviations.append(deviation)
    return Design(_PARTS, tuple(names), tables, tuple(means), tuple(deviations))


def _scaled(walks: Walks, design: Design, scale: float) -> Walks:
    """The walks in times of mean 1, with covariates of mean 0 and standard deviation 1."""
    (buying, leaving), (spread, other) = design.means, design.deviations
    return Walks(
        walks.frequency,
        walks.before / scale,
        walks.after / scale,
        (walks.purchase - buying) / spread,
        (walks.attrition - leaving) / other,
        (walks.at_purchases - walks.frequency[:, None] * buying) / spread,
    )


def _refuse_constant(mean: Floats, deviation: Floats, names: Sequence[str], part: str) -> None:
    for name, value, spread in zip(names, mean, deviation, strict=True):
        if spread <= _ALIKE * max(1.0, abs(value)):
            raise DataError(
                f"Covariate '{name}' is {value:g} for every customer as long as anyone was watched.",
                allowed="A covariate must change with time or differ between customers.",
                to_do=f"Leave it out of {part}.",
            )


def _refuse_collinear(scaled: Floats, names: Sequence[str], part: str) -> None:
    """A DataError that names a column which is a sum of multiples of those before it (and a constant)."""
    alike = np.einsum("ij,ik->jk", scaled, scaled)
    for place in range(1, len(names)):
        multiples = np.linalg.lstsq(alike[:place, :place], alike[:place, place], rcond=None)[0]
        if alike[place, place] - float((multiples * alike[:place, place]).sum()) > _FOLLOWS:
            continue
        others = [name for name, size in zip(names, np.abs(multiples), strict=False) if size > np.sqrt(_FOLLOWS)]
        raise DataError(
            f"Covariate '{names[place]}' follows exactly from {' and '.join(map(repr, others))}.",
            allowed="Each covariate must say something of its own: of k categories, k - 1 columns.",
            to_do=f"Leave one of them out of {part}.",
        )
