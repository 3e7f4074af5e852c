"""The hybrid: what processes, trees and smooth regressions say of each customer, averaged, at a level between them.

The members err in different places: processes keep the shape of behaviour but order customers less well, trees find
what data taught but need much of it, smooth regressions need little. Each member's *shape* (its values over its own
total) counts alike. The *level* is taken apart from the shapes: halfway, as a ratio, between the total of the
processes and the middle total of the learned members, since out of time neither has been right more often than the
other. Nothing here is tuned; equal weights are hard to beat (Timmermann 2006, "Forecast combinations", Handbook of
Economic Forecasting 1).

Where history is thin the processes take over: by the number of buyers that there were to learn from, and for each
customer who is younger than any learnt from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.models.arrays import Flags, Floats, hashed
from patron.models.customers import ALL_COLUMNS, Customers, FittedValueModel, History, Prediction
from patron.models.valuing.activity import as_json, plain_facts
from patron.models.valuing.boosting import Boosting, FittedBoosting
from patron.models.valuing.once import once_per_seed
from patron.models.valuing.process_value import BGNBDValue, FittedProcessValue, pareto_nbd_value
from patron.models.valuing.smooth import (
    CorrectedProcess,
    FittedSmooth,
    FittedZeroInflated,
    SmoothRegression,
    ZeroInflated,
)
from patron.models.valuing.teaching import FEWEST_BUYERS, Described, Reach, Teaching, buyers_of, teaching
from patron.models.valuing.tweedie import FittedTweedie, Tweedie

LEARNED: Final = ("boosting", "tweedie", "corrected", "smooth", "zero_inflated")
LEVEL_LEARNED: Final = 0.5
"""How far the level goes from the processes' total to the learned members', on a scale of ratios."""
PRIOR_BUYERS: Final = 50.0
BEYOND: Final = 1.25
"""The learned level stays within this factor of what windows have shown of it."""
MOST_LEVEL_ROWS: Final = 100_000


@dataclass(frozen=True, eq=False)
class Members:
    """Pareto/NBD, which stands beside the BG/NBD of the foundation, and the learned members, of one history."""

    pareto_nbd: FittedProcessValue
    boosting: FittedBoosting
    tweedie: FittedTweedie
    corrected: FittedSmooth
    smooth: FittedSmooth
    zero_inflated: FittedZeroInflated

    def artifacts(self) -> dict[str, bytes]:
        files = self.pareto_nbd.artifacts()
        for name in LEARNED:
            files |= getattr(self, name).artifacts()
        return files

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes]) -> Members:
        """The members that ``artifacts`` wrote; DataError when one is missing."""
        return cls(
            # Spend and ratios are those of the customers, whichever process stands before them.
            FittedProcessValue.from_artifacts(files, "bg_nbd", also="pareto_nbd"),
            FittedBoosting.from_artifacts(files),
            FittedTweedie.from_artifacts(files),
            FittedSmooth.from_artifacts(files, "corrected"),
            FittedSmooth.from_artifacts(files, "smooth"),
            FittedZeroInflated.from_artifacts(files),
        )


@dataclass(frozen=True, eq=False)
class Told:
    """What the members say of each customer over the taught days: values, and orders and chances of buying."""

    process: Floats
    learned: tuple[Floats, ...]
    orders: Floats
    chance: Floats


@dataclass(frozen=True, eq=False)
class FittedHybrid:
    """Members, and by how much each is multiplied: shares of the whole that bring each to the common level.

    ``youngest`` is the tenure, in days, below which nobody taught.
    """

    reach: Reach
    members: Members
    process_weight: float
    learned_weights: tuple[float, ...]
    process_level: float
    youngest: float

    def predict(self, customers: Customers) -> Prediction:
        table = self.reach.taught.describe(customers)
        told = tell(self.members, customers, table)
        value = self.process_weight * told.process
        for weight, learned in zip(self.learned_weights, told.learned, strict=True):
            value = value + weight * learned
        young = customers.column("T") < self.youngest
        return self.reach.prediction(
            customers,
            np.where(young, self.process_level * told.process, value),
            np.where(young, table.orders, told.orders),
            np.where(young, table.chance, told.chance),
        )

    def artifacts(self) -> dict[str, bytes]:
        facts = {
            "model": "hybrid",
            "process_weight": self.process_weight,
            "process_level": self.process_level,
            "learned_weights": dict(zip(LEARNED, self.learned_weights, strict=True)),
            "youngest_days": self.youngest,
        }
        return {"hybrid.json": as_json(facts)} | self.members.artifacts()

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes]) -> FittedHybrid:
        """The model that ``artifacts`` wrote; DataError when the files hold something else."""
        facts, members = plain_facts(files, "hybrid.json", "hybrid"), Members.from_artifacts(files)
        return cls(
            members.boosting.reach,
            members,
            facts["process_weight"],
            tuple(facts["learned_weights"][name] for name in LEARNED),
            facts["process_level"],
            facts["youngest_days"],
        )


@dataclass(frozen=True)
class Hybrid:
    """Learns what its members learn; with too few buyers to teach them it is the BG/NBD value model."""

    name: str = "hybrid"
    title: str = "Hybrid of buy till you die, boosting and smooth regression"
    complexity: int = 4
    inputs: tuple[str, ...] = ALL_COLUMNS

    def fit(self, history: History, seed: int) -> FittedValueModel:
        if buyers_of(history) < FEWEST_BUYERS:
            return BGNBDValue().fit(history, seed)
        return _fit(history, seed)


@once_per_seed
def _fit(history: History, seed: int) -> FittedHybrid:
    taught = teaching(history, "The hybrid")
    members = Members(
        pareto_nbd_value(history.now, taught.reach.taught.days),
        Boosting().fit(history, seed),
        Tweedie().fit(history, seed),
        CorrectedProcess().fit(history, seed),
        SmoothRegression().fit(history, seed),
        ZeroInflated().fit(history, seed),
    )
    some = history.now.rows(_few(history.now))
    told = tell(members, some, taught.reach.taught.describe(some))
    totals = [float(values.sum()) for values in told.learned]
    factors = level_factors(float(told.process.sum()), totals, _seen(taught))
    # Each learned member counts as much as the processes together, less where few buyers taught it.
    trust = taught.buyers / (taught.buyers + PRIOR_BUYERS)
    share = trust / (1 + len(LEARNED))
    return FittedHybrid(
        reach=taught.reach,
        members=members,
        process_weight=factors[0] * (1 - share * len(LEARNED)),
        learned_weights=tuple(factor * share for factor in factors[1:]),
        process_level=factors[0],
        youngest=float(taught.tenure.min()),
    )


def tell(members: Members, customers: Customers, table: Described) -> Told:
    """What each member says; orders and chances are the mean of the process's and those of the members that have own."""
    value, orders, chance = members.boosting.answers(table)
    others = (members.tweedie, members.corrected, members.smooth, members.zero_inflated)
    pareto_nbd = members.pareto_nbd
    return Told(
        process=(table.value + pareto_nbd.expected_purchase_days(customers) * pareto_nbd.value_per_day(customers)) / 2,
        learned=(value, *(member.value(table) for member in others)),
        orders=(table.orders + orders) / 2,
        chance=(table.chance + chance + members.zero_inflated.chance(table)) / 3,
    )


def level_factors(process: float, learned: list[float], seen: tuple[float, float]) -> list[float]:
    """What brings the processes' total, and each learned member's, to the common level; 1 where a total is not positive.

    ``seen`` bounds the learned level, in multiples of the processes' total.
    """
    middle = float(np.median(learned))
    if process <= 0 or middle <= 0:
        return [1.0] * (1 + len(learned))
    common = process * float(np.clip(middle / process, *seen)) ** LEVEL_LEARNED
    return [common / total if total > 0 else 1.0 for total in (process, *learned)]


def _seen(taught: Teaching) -> tuple[float, float]:
    """The least and most that a window brought of what its process expected, and a quarter beyond."""
    brought = [
        float(taught.value[rows].sum()) / float(taught.table.value[rows].sum())
        for rows in (taught.as_of_day == day for day in np.unique(taught.as_of_day))
    ]
    return max(min(brought), 0.01) / BEYOND, max(*brought, 0.01) * BEYOND


def _few(customers: Customers) -> Flags:
    """All customers, or the same hundred thousand in every run: enough to know totals by."""
    share = MOST_LEVEL_ROWS / max(len(customers), 1)
    if share >= 1:
        return np.ones(len(customers), dtype=np.bool_)
    return hashed(customers.customer_id) < share * 2**32
