"""Covariates that change from period to period, and how long each customer lived through each of their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from patron.errors import DataError, UnknownName
from patron.models.arrays import Floats, Integers
from patron.models.buying.purchase_history import PurchaseHistory

PeriodCovariates = Mapping[str, ArrayLike]
"""A covariate's values by period, from period 0 on: one row for all customers, or a table of customers × periods.

Rows of tables are in the order of the history's ids. Categories are given as 0 and 1. Missing values are allowed in
periods in which a customer is not looked at: before the first purchase, and after the end.
"""


def table_of(covariates: PeriodCovariates, names: Sequence[str], history: PurchaseHistory, end: Floats) -> Floats:
    """The named covariates as customers × periods × names; one row where all are shared by all customers.

    ``end``: until when each customer is looked at. Raises UnknownName for a name without values, and DataError for
    values of a wrong shape, that don't reach the end, or are missing.
    """
    periods = periods_needed(history, end)
    columns = [_column(covariates, name, history, end, periods) for name in names]
    rows = max((len(column) for column in columns), default=1)
    table = np.empty((rows, periods, len(names)))
    for place, column in enumerate(columns):
        table[:, :, place] = column
    return table


def periods_needed(history: PurchaseHistory, end: Floats) -> int:
    """How many periods cover these times. A purchase at the very end is in the period that begins there."""
    bought = int(history.time.max(initial=-1.0)) + 1
    return max(int(np.ceil(end.max(initial=0.0))), bought, 1)


def _column(covariates: PeriodCovariates, name: str, history: PurchaseHistory, end: Floats, periods: int) -> Floats:
    if name not in covariates:
        raise UnknownName("covariate", name, covariates)
    values = np.atleast_2d(np.array(covariates[name], dtype=np.float64))
    shared = np.ndim(covariates[name]) == 1
    if values.ndim != 2 or (not shared and len(values) != len(history)):
        raise DataError(
            f"Covariate '{name}' has the shape {np.shape(covariates[name])} for {len(history)} customers.",
            allowed="One value per period is expected, or a table of customers × periods.",
        )
    if values.shape[1] < periods:
        raise DataError(
            f"Covariate '{name}' ends after {values.shape[1]} periods; {periods} are needed.",
            allowed=f"It must cover all {history.unit}s from period 0 to the end of what is asked for.",
        )
    return _known(values[:, :periods], name, history, end)


def _known(values: Floats, name: str, history: PurchaseHistory, end: Floats) -> Floats:
    """The values, with 0 for those that don't matter; DataError where one is missing that does."""
    missing = ~np.isfinite(values)
    if not missing.any():
        return values
    period = np.arange(values.shape[1])
    last = np.maximum(np.ceil(end) - 1, np.floor(history.last))
    matters = (period >= np.floor(history.first)[:, None]) & (period <= last[:, None])
    rows, columns = np.nonzero(missing & matters)
    if rows.size:
        raise DataError(
            f"Covariate '{name}' is {np.broadcast_to(values, matters.shape)[rows[0], columns[0]]} in period "
            f"{columns[0]} for customer {history.ids[rows[0]]} ({rows.size} such values).",
            allowed="Only finite numbers are allowed while a customer is looked at.",
        )
    return np.where(missing, 0.0, values)


@dataclass(frozen=True, eq=False)
class Walks:
    """How long each customer spent in each run of periods with the same covariates (customers × runs).

    ``before`` the last purchase and ``after`` it, until the end. ``purchase`` and ``attrition``: the covariates of each
    run (customers or 1 × runs × names); ``at_purchases``: those of ``purchase``, summed over the repeat purchases.
    """

    frequency: Floats
    before: Floats
    after: Floats
    purchase: Floats
    attrition: Floats
    at_purchases: Floats

    @classmethod
    def of(cls, history: PurchaseHistory, purchase: Floats, attrition: Floats) -> Walks:
        """The walks of these customers through tables of covariates (customers or 1 × periods × names)."""
        starts = runs(purchase, attrition)
        edges = np.append(starts, np.inf)
        last = history.last
        return cls(
            history.frequency,
            _overlap(edges, history.first, last),
            _overlap(edges, last, history.until),
            purchase[:, starts],
            attrition[:, starts],
            _at_purchases(history, purchase),
        )

    def __len__(self) -> int:
        return len(self.frequency)

    def rows(self, which: slice) -> Walks:
        """The walks of some customers."""
        return Walks(
            self.frequency[which],
            self.before[which],
            self.after[which],
            self.purchase if len(self.purchase) == 1 else self.purchase[which],
            self.attrition if len(self.attrition) == 1 else self.attrition[which],
            self.at_purchases[which],
        )


def runs(*tables: Floats) -> Integers:
    """The first period of each run of periods in which no customer's covariates change."""
    changes = [(table[:, 1:] != table[:, :-1]).any(axis=(0, 2)) for table in tables]
    return np.concatenate([[0], np.flatnonzero(np.logical_or.reduce(changes)) + 1]).astype(np.int64)


def _overlap(edges: Floats, start: Floats, end: Floats) -> Floats:
    """How much of each span lies between each two edges: spans × (edges - 1)."""
    low, high = np.maximum(edges[:-1], start[:, None]), np.minimum(edges[1:], end[:, None])
    return np.asarray(np.maximum(high - low, 0.0), dtype=np.float64)


def _at_purchases(history: PurchaseHistory, table: Floats) -> Floats:
    """The covariates at each customer's repeat purchases, summed."""
    row = history.customer if len(table) > 1 else np.zeros_like(history.customer)
    values = table[row, history.time.astype(np.int64)]
    sums = [np.bincount(history.customer, values[:, place], len(history)) for place in range(values.shape[1])]
    return np.array(sums, dtype=np.float64).reshape(len(sums), len(history)).T


@dataclass(frozen=True, eq=False)
class Ahead:
    """What customers will live through after their end, as walks of which nothing lies before the last purchase.

    ``unit``: in which unit of time after the customer's end each run lies (its middle), from 0 on; customers × runs.
    """

    walks: Walks
    unit: Integers

    @classmethod
    def of(
        cls, until: Floats, periods: float, frequency: Floats, purchase: Floats, attrition: Floats, by_unit: bool
    ) -> Ahead:
        """The walks of ``periods`` after ``until``, cut where covariates change and, if asked for, at whole units."""
        end = (until + periods)[:, None]
        cuts = np.clip(runs(purchase, attrition)[None, :].astype(np.float64), until[:, None], end)
        units = np.minimum(until[:, None] + (np.arange(np.ceil(periods) + 1) if by_unit else [0.0, periods]), end)
        edges = np.sort(np.concatenate([cuts, units], axis=1), axis=1)
        middle = (edges[:, 1:] + edges[:, :-1]) / 2
        period = np.minimum(middle.astype(np.int64), purchase.shape[1] - 1)
        length = np.diff(edges, axis=1)
        nothing = np.zeros((len(until), purchase.shape[2]))
        walks = Walks(
            frequency, np.zeros_like(length), length, _taken(purchase, period), _taken(attrition, period), nothing
        )
        return cls(walks, (middle - until[:, None]).astype(np.int64))


def _taken(table: Floats, period: Integers) -> Floats:
    """Each customer's covariates in some periods: customers × runs × names."""
    who = np.arange(len(period))[:, None] if len(table) > 1 else np.zeros((1, 1), dtype=np.int64)
    return table[who, period]
