"""What learned value models are taught: earlier windows, described beside what buy-till-you-die expected of them.

Three rules keep what is learnt true of today. *Only what means the same at every cutoff*: no positions in the calendar,
which lie beyond everything learnt; the quarters of a year only where a window met the season to predict; features of
one horizon only among windows of that horizon. *Nothing that history was too short for*: the last 180 days of
customers watched for 130 are a copy of their total, until they are not. *Not the same customer too often*: each teaches
in at most three windows, drawn by a hash, so that those who have been there for long, who buy most, do not drown the
others.

Beside the features stands what BG/NBD and Gamma-Gamma, fitted at each window's own cutoff, expect over the window's own
horizon. What is learnt over one horizon is told over another by the growth that the process expects of each customer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from patron.errors import DataError
from patron.models.arrays import Flags, Floats, hashed
from patron.models.customers import Customers, History, Prediction, Window
from patron.models.valuing.activity import FittedActivity, summary_of
from patron.models.valuing.once import once_per_table
from patron.models.valuing.process_value import FittedProcessValue, bg_nbd_value

MOST_ROWS: Final = 120_000
FEWEST_BUYERS: Final = 50
WINDOWS_PER_CUSTOMER: Final = 3
CALENDAR_POSITIONS: Final = ("first_day", "last_day", "acquisition_month")
SEASONAL: Final = ("acquisition_season", "quarter_1_share", "quarter_2_share", "quarter_3_share", "quarter_4_share")
"""Features that need a window whose horizon lies in the season to predict."""
OF_THE_HORIZON: Final = ("trailing_value", "trailing_orders", "same_season_value", "same_season_orders")
"""Features that look as far back as the horizon looks ahead: alike only between windows of one horizon."""
PACES: Final = ("orders_per_day", "value_per_day")
EXPECTED: Final = (
    "bg_nbd_value",
    "bg_nbd_purchase_days",
    "probability_alive",
    "probability_no_purchase",
)
"""What buy-till-you-die expects of each customer, fitted at the table's own cutoff: columns beside the features."""
YEAR: Final = 365
_DAYS_BACK: Final = re.compile(r"_(\d+)d$")
_LEAST: Final = 0.01
_RAREST: Final = 1e-6
_EXPECTATIONS: Final = ("value", "value_if_buying", "orders", "orders_if_buying", "chance")


@dataclass(frozen=True, eq=False)
class Described:
    """A feature table beside what buy-till-you-die expects: ``value`` and ``orders``, and ``chance`` of buying.

    ``columns`` holds what models read, in the order they learnt it. ``value`` is never quite zero, and nor are value and
    orders of a customer if it buys.
    """

    columns: Mapping[str, Floats]
    value: Floats
    value_if_buying: Floats
    orders: Floats
    orders_if_buying: Floats
    chance: Floats

    def __len__(self) -> int:
        return len(self.value)

    @cached_property
    def matrix(self) -> NDArray[np.float32]:
        """The columns side by side as trees take them: 32-bit floats, NaN where unknown or without bound."""
        matrix = np.empty((len(self), len(self.columns)), dtype=np.float32)
        with np.errstate(over="ignore"):
            for position, column in enumerate(self.columns.values()):
                matrix[:, position] = np.where(np.isfinite(column), column, np.nan)
        matrix[~np.isfinite(matrix)] = np.nan
        return matrix

    def rows(self, chosen: Flags) -> Described:
        """The chosen rows only."""
        columns = {name: column[chosen] for name, column in self.columns.items()}
        return Described(columns, *(getattr(self, name)[chosen] for name in _EXPECTATIONS))


@dataclass(frozen=True)
class Foundation:
    """Buy-till-you-die of the customers at one cutoff, over ``days``, and the one list of features read beside it.

    Training and prediction describe their tables here and nowhere else, so that they cannot drift apart: a table that
    lacks a feature is refused by name, and the order of its columns does not matter.
    """

    bg_nbd: FittedProcessValue
    features: tuple[str, ...]
    days: int

    def describe(self, customers: Customers) -> Described:
        """These customers as models read them. Raises DataError naming a feature that the table lacks."""
        bg_nbd, summary = self.bg_nbd, summary_of(customers)
        per_day = bg_nbd.value_per_day(customers)
        purchases = bg_nbd.activity.process.expected_purchases(summary, self.days)
        no_purchase = bg_nbd.activity.process.probability_no_purchase(summary, self.days)
        expected = (
            purchases * per_day,
            purchases,
            bg_nbd.activity.process.probability_alive(summary),
            no_purchase,
        )
        tenure = customers.column("T") + 1
        paces = (customers.column("orders") / tenure, customers.column("historic_value") / tenure)
        columns = {name: customers.column(name) for name in self.features}
        columns |= dict(zip(PACES, paces, strict=True)) | dict(zip(EXPECTED, expected, strict=True))
        orders = purchases * bg_nbd.orders_per_day(customers)
        least = _LEAST * max(bg_nbd.mean_spend, 1e-9)
        chance = 1 - no_purchase
        return Described(
            columns,
            value=np.maximum(expected[0], least),
            value_if_buying=np.maximum(expected[0] / np.maximum(chance, _RAREST), least),
            orders=orders,
            orders_if_buying=np.maximum(orders / np.maximum(chance, _RAREST), 1.0),
            chance=chance,
        )

    def to_dict(self) -> dict[str, object]:
        """What a file of the model must say of it, besides the processes' own files."""
        return {"columns": [*self.features, *PACES, *EXPECTED], "learnt_over_days": self.days}

    def artifacts(self) -> dict[str, bytes]:
        return self.bg_nbd.artifacts()

    @classmethod
    def stored(cls, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> Foundation:  # Any: plain data
        """The foundation of these files and facts; DataError for columns that do not end as described ones do."""
        beside = (*PACES, *EXPECTED)
        columns = tuple(facts["columns"])
        if columns[-len(beside) :] != beside:
            raise DataError(
                f"The model's columns end with {', '.join(columns[-len(beside) :])}.",
                allowed=f"They must end with {', '.join(beside)}.",
            )
        bg_nbd = FittedProcessValue.from_artifacts(files, "bg_nbd")
        return cls(bg_nbd, columns[: -len(beside)], int(facts["learnt_over_days"]))


@dataclass(frozen=True, eq=False)
class Reach:
    """How far a prediction looks: what was learnt over the foundation's days, told over the horizon asked for.

    ``growth`` is how much more the process expects of all customers together over the horizon than over those days. It
    is the same for everyone, so that it leaves the order that was learnt as it is.
    """

    taught: Foundation
    asked: FittedProcessValue
    growth: float

    def prediction(
        self, customers: Customers, value: Floats, orders: Floats, chance: Floats | None = None
    ) -> Prediction:
        """Value, orders and chance over the taught days, as a prediction over the horizon asked for.

        ``chance`` is the model's own chance of a purchase, where it has one: who buys nothing over the horizon buys
        nothing over each part of it.
        """
        no_purchase = None if chance is None else (1 - chance) ** self.growth
        return self.asked.activity.prediction(customers, value * self.growth, orders * self.growth, no_purchase)

    def to_dict(self) -> dict[str, object]:
        """What a file of the model must say of it, besides the processes' own files."""
        asked = {"horizon_days": self.asked.activity.horizon_days, "growth": self.growth}
        return self.taught.to_dict() | asked

    @classmethod
    def stored(cls, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> Reach:  # Any: plain data
        """The reach of these files and facts: one process, asked about the taught days and about the horizon."""
        taught = Foundation.stored(files, facts)
        bg_nbd = taught.bg_nbd
        asked = FittedActivity(bg_nbd.activity.process, int(facts["horizon_days"]))
        return cls(taught, replace(bg_nbd, activity=asked), facts["growth"])


@dataclass(frozen=True, eq=False)
class Teaching:
    """Every row that a learned model is taught, and the foundation and reach of today's prediction."""

    table: Described
    value: Floats
    orders: Floats
    as_of_day: Floats
    tenure: Floats
    reach: Reach

    @property
    def bought(self) -> Flags:
        return self.orders > 0

    @property
    def paid(self) -> Flags:
        """Who bought and kept some of it."""
        return self.bought & (self.value > 0)

    @property
    def buyers(self) -> int:
        return int(self.paid.sum())

    def rows(self, chosen: Flags) -> Teaching:
        """The chosen rows only."""
        return Teaching(
            self.table.rows(chosen),
            self.value[chosen],
            self.orders[chosen],
            self.as_of_day[chosen],
            self.tenure[chosen],
            self.reach,
        )


def teaching(history: History, model: str) -> Teaching:
    """What a model may learn from this history; DataError, naming the model, with fewer than FEWEST_BUYERS in it."""
    buyers = buyers_of(history)
    if buyers < FEWEST_BUYERS:
        raise DataError(
            f"{model} has {len(history.windows)} earlier windows with {buyers} buyers to learn from.",
            allowed=f"It needs at least one window and {FEWEST_BUYERS} buyers.",
            to_do=f"Give a longer history or a shorter horizon, or leave {model.lower()} out of the candidates.",
        )
    return _teaching(history)


def buyers_of(history: History) -> int:
    """How often a customer bought, and kept some of it, in a window of this history."""
    return sum(int(((window.future_orders > 0) & (window.future_value > 0)).sum()) for window in history.windows)


@once_per_table
def _teaching(history: History) -> Teaching:
    features = learnable_features(history)
    windows = [window for window in history.windows if len(window.customers)]
    days = max(history.horizon_of(window) for window in windows)
    kept = _kept_rows(windows)
    # The processes are fitted to everybody at a window's cutoff, whoever of them teaches.
    tables = [
        _foundation(window.customers, features, history.horizon_of(window)).describe(window.customers.rows(rows))
        for window, rows in zip(windows, kept, strict=True)
    ]
    windows = [window.rows(rows) for window, rows in zip(windows, kept, strict=True)]
    return Teaching(
        _stacked(tables),
        np.concatenate([window.future_value for window in windows]),
        np.concatenate([window.future_orders for window in windows]),
        np.concatenate([np.full(len(window.customers), float(window.customers.as_of_day)) for window in windows]),
        np.concatenate([window.customers.column("T") for window in windows]),
        _reach(history, features, days),
    )


def _reach(history: History, features: tuple[str, ...], days: int) -> Reach:
    asked = bg_nbd_value(history.now, history.horizon_days)
    if days == history.horizon_days:
        return Reach(_foundation(history.now, features, days), asked, 1.0)
    summary, process = summary_of(history.now), asked.activity.process
    soon = float(process.expected_purchases(summary, days).sum())
    late = float(process.expected_purchases(summary, history.horizon_days).sum())
    return Reach(_foundation(history.now, features, days), asked, late / soon if soon > 0 else 1.0)


def learnable_features(history: History) -> tuple[str, ...]:
    """The features that are there at every cutoff and mean the same at each, in a fixed order."""
    names = set(history.now.columns).intersection(*(window.customers.columns for window in history.windows))
    names -= set(CALENDAR_POSITIONS)
    if any(history.horizon_of(window) != history.horizon_days for window in history.windows):
        names -= set(OF_THE_HORIZON)
    if not any(_meets_season(window, history) for window in history.windows):
        names -= set(SEASONAL)
    watched = max((float(window.customers.column("T").max(initial=0)) for window in history.windows), default=0.0)
    return tuple(sorted(name for name in names if _days_needed(name) <= watched))


def _meets_season(window: Window, history: History) -> bool:
    """Whether the window's horizon lies, within a third of it, where today's will, a year or more before."""
    years = (history.now.as_of_day - window.customers.as_of_day) / YEAR
    return round(years) >= 1 and abs(years - round(years)) * YEAR <= history.horizon_days / 3


def _days_needed(name: str) -> int:
    """Days back that a feature must be able to look to say more than 'all history'; a trend compares with twice as many."""
    found = _DAYS_BACK.search(name)
    days = int(found.group(1)) if found else 0
    return 2 * days if "trend" in name and days < 180 else days


def _kept_rows(windows: list[Window]) -> list[Flags]:
    """For each window the customers who teach there: at most three windows each, and MOST_ROWS rows in all."""
    who = [hashed(window.customers.customer_id).astype(np.uint64) for window in windows]
    days = [
        np.full(len(ids), window.customers.as_of_day, dtype=np.uint64) for ids, window in zip(who, windows, strict=True)
    ]
    everyone, day = np.concatenate(who), np.concatenate(days)
    lot = lots(everyone, day)
    order = np.lexsort((lot, everyone))
    first = np.concatenate([[True], everyone[order][1:] != everyone[order][:-1]])
    position = np.arange(len(order))
    turn = position - np.maximum.accumulate(np.where(first, position, 0))
    kept = np.empty(len(order), dtype=np.bool_)
    kept[order] = turn < WINDOWS_PER_CUSTOMER
    share = MOST_ROWS / max(int(kept.sum()), 1)
    if share < 1:
        kept &= everyone < share * 2**32
    return list(np.split(kept, np.cumsum([len(ids) for ids in who])[:-1]))


def lots(who: NDArray[np.uint64], day: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A lot for each customer (hashed) at each cutoff: the windows of the lowest ones teach."""
    return _scrambled(who ^ (day * np.uint64(0x9E3779B97F4A7C15)))


def _scrambled(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(31))


def _foundation(customers: Customers, features: tuple[str, ...], days: int) -> Foundation:
    return Foundation(bg_nbd_value(customers, days), features, days)


def _stacked(tables: list[Described]) -> Described:
    def joined(parts: list[Floats]) -> Floats:
        return np.concatenate(parts)

    names = tables[0].columns
    return Described(
        {name: joined([table.columns[name] for table in tables]) for name in names},
        *(joined([getattr(table, name) for table in tables]) for name in _EXPECTATIONS),
    )


def level(actual: Floats, predicted: Floats) -> float:
    """The factor that makes the predicted total the actual one; 1 where nothing is predicted, never below 0."""
    total = float(predicted.sum())
    return max(float(actual.sum()) / total, 0.0) if total > 0 else 1.0
