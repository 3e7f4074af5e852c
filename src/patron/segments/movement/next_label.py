"""Where customers are heading: the label each will carry one horizon from now, learnt from pairs of past days.

Boosted trees tell the next label from what a customer looks like on a day (``outlook``) and the label that day. They are
held against persistence, which says that nothing changes, on a day that lies after everything they learnt from.

Customers count by their money in what the trees learn, so the likeliest label is right where much is at stake. Their votes are
no chances for counting heads: those are the votes times one factor per label, so that over all that was learnt from the
chances of each label add up to the customers who then carried it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from patron.models.customers import Customers
from patron.models.valuing.trees import ROWS_AT_ONCE
from patron.segments.movement.outlook import Outlook

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROUNDS: Final = 80
ROUNDS_OF_BALANCE: Final = 30
MOST_ROWS: Final = 60_000
FEWEST_ROWS: Final = 50
_OPTIONS: Final = {
    "objective": "multi:softprob",
    "tree_method": "hist",
    "max_bin": 64,
    "max_depth": 3,
    "eta": 0.05,
    "min_child_weight": 20.0,
    "subsample": 0.8,
    "colsample_bytree": 0.7,
    "lambda": 5.0,
    # One thread and a seed: the same data give the same trees.
    "nthread": 1,
}


@dataclass(frozen=True, eq=False)
class Step:
    """Customers on a day with their outlook, and the label (a place in the list) of each then and one horizon later.

    ``money`` is what is at stake with each customer: the greater of what they brought before and after, at least 0.
    """

    customers: Customers
    outlook: Outlook
    now: Integers
    later: Integers
    money: Floats

    def __len__(self) -> int:
        return len(self.now)

    @property
    def weight(self) -> Floats:
        """How much each customer counts in learning: the root of their money beside the mean, and a fifth for everybody."""
        mean = float(self.money.mean()) if len(self) else 0.0
        return np.sqrt(self.money / mean) + 0.2 if mean > 0 else np.ones(len(self))


@dataclass(frozen=True, eq=False)
class NextLabel:
    """Trees that tell the next label from the outlook on a customer and the present label; it can be pickled.

    ``factors`` (one per label) make chances of the trees' votes.
    """

    labels: tuple[str, ...]
    booster: xgb.Booster
    factors: Floats

    def chances(self, outlook: Outlook, customers: Customers, now: Integers) -> Floats:
        """The chance of each label one horizon from now: a row per customer, a column per label."""
        return self.told(outlook, customers, now)[1]

    def told(self, outlook: Outlook, customers: Customers, now: Integers) -> tuple[Integers, Floats]:
        """The likeliest next label of each customer, by the trees' votes, and the chance of each label."""
        votes = _votes(self.booster, _matrix(outlook, customers, now, len(self.labels)), len(self.labels))
        return np.argmax(votes, axis=1).astype(np.int64), _weighed(votes, self.factors)


@dataclass(frozen=True)
class Foresight:
    """How often the next label was told rightly on a day after everything learnt, beside persistence.

    The ``money`` figures weigh each customer by the money at stake.
    """

    customers: int
    accuracy: float
    money_accuracy: float
    persistence: float
    money_persistence: float

    @property
    def beats_persistence(self) -> bool:
        return self.accuracy > self.persistence and self.money_accuracy > self.money_persistence


def learn_next_label(steps: Sequence[Step], labels: Sequence[str], seed: int) -> NextLabel | None:
    """Trees taught on all steps; None with fewer than 50 customers in all, or a single label to learn."""
    rows = sum(map(len, steps))
    later = np.concatenate([step.later for step in steps]) if steps else np.empty(0, dtype=np.int64)
    if rows < FEWEST_ROWS or len(np.unique(later)) < 2:
        return None
    matrix = np.concatenate([_matrix(step.outlook, step.customers, step.now, len(labels)) for step in steps])
    weight = np.concatenate([step.weight for step in steps])
    chosen = np.sort(np.random.default_rng(seed).permutation(rows)[:MOST_ROWS])
    data = xgb.DMatrix(matrix[chosen], later[chosen], weight=weight[chosen], nthread=1)
    booster = xgb.train({**_OPTIONS, "num_class": len(labels), "seed": seed % 2**31}, data, ROUNDS)
    votes = _votes(booster, matrix[chosen], len(labels))
    return NextLabel(tuple(labels), booster, _factors(votes, later[chosen]))


def measure_foresight(model: NextLabel, test: Step) -> Foresight:
    """What a model says of a day that it did not learn from, beside persistence."""
    told, _ = model.told(test.outlook, test.customers, test.now)
    right, stayed = told == test.later, test.now == test.later
    return Foresight(
        len(test),
        float(right.mean()),
        _weighted(right, test.money),
        float(stayed.mean()),
        _weighted(stayed, test.money),
    )


def _factors(votes: Floats, later: Integers) -> Floats:
    """A factor per label with which chances add up to how many carried the label; half a customer keeps off 0."""
    carried = np.bincount(later, minlength=votes.shape[1]) + 0.5
    factors = np.ones(votes.shape[1])
    for _ in range(ROUNDS_OF_BALANCE):
        factors *= carried / (_weighed(votes, factors).sum(axis=0) + 0.5)
    return np.asarray(factors / factors.max(), dtype=np.float64)


def _weighed(votes: Floats, factors: Floats) -> Floats:
    weighed = votes * factors
    return np.asarray(weighed / weighed.sum(axis=1, keepdims=True), dtype=np.float64)


def _votes(booster: xgb.Booster, matrix: NDArray[np.float32], labels: int) -> Floats:
    """The trees' votes for all labels, some rows at a time so that memory stays small."""
    told = np.empty((len(matrix), labels))
    for first in range(0, len(matrix), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        told[rows] = booster.predict(xgb.DMatrix(matrix[rows], nthread=1)).reshape(-1, labels)
    return told


def _weighted(right: NDArray[np.bool_], money: Floats) -> float:
    total = float(money.sum())
    return float((right * money).sum() / total) if total > 0 else float(right.mean())


def _matrix(outlook: Outlook, customers: Customers, now: Integers, labels: int) -> NDArray[np.float32]:
    return np.column_stack([outlook.inputs(customers), np.eye(labels, dtype=np.float32)[now]])
