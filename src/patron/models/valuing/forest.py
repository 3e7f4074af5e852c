"""A random forest: the mean of what alike customers did, where many trees, each on its own draw, say who is alike.

Breiman 2001, "Random forests". The trees are grown by scikit-learn on the chance of buying and on tempered value (its
square root, so that a few giants do not decide every split). Each leaf's answer is then the mean over *all* learnt rows
that fall in it: every tree, and so the forest, keeps the learnt totals to the last cent. A forest answers within what
it saw: a customer beyond every other is drawn towards them.

Features become places among the learnt quantiles, small whole numbers. Trees that cut between those are the same in any
currency, and their files are plain arrays of whole numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from patron.errors import DataError
from patron.models.arrays import Floats
from patron.models.customers import ALL_COLUMNS, Customers, History, Prediction
from patron.models.one_thread import on_one_thread
from patron.models.valuing.activity import FittedActivity, fit_activity, plain_facts, stored_activity
from patron.models.valuing.feature_matrix import Lessons, column_of, lessons_of

ARTIFACT: Final = "random_forest.json"
TREES: Final = 100
SMALLEST_LEAF: Final = 10
MOST_LEAVES: Final = 512
DEEPEST: Final = 10
ROWS_PER_TREE: Final = 12_000
ROWS_AT_ONCE: Final = 8_192
_BINS: Final = 100
_ROOT_STEPS: Final = 2.0**20
_TAIL: Final = (0.995, 0.999)
_OUTCOMES: Final = ("bought", "value", "orders")

Codes = NDArray[np.uint8]
_Places = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Bins:
    """For each feature the learnt quantiles that part its values; a code is a value's place among them, 0 is missing."""

    edges: Mapping[str, Floats]

    def codes(self, table: Mapping[str, Floats]) -> Codes:
        """A row per customer, a column per feature; DataError naming a feature that the table lacks."""
        columns = [_code(column_of(table, name), edges) for name, edges in self.edges.items()]
        rows = len(next(iter(table.values()))) if table else 0
        return np.column_stack(columns) if columns else np.zeros((rows, 0), dtype=np.uint8)


def _code(values: Floats, edges: Floats) -> Codes:
    return np.where(np.isfinite(values), np.searchsorted(edges, values, side="left") + 1, 0).astype(np.uint8)


def learn_bins(table: Mapping[str, Floats]) -> Bins:
    """About a hundred quantiles of each feature, finer at the top.

    An edge lies a billionth above a value that occurred, so that values equal but for rounding fall on one side of it.
    """
    wanted = np.unique([*np.linspace(0, 1, _BINS + 1)[:-1], *_TAIL])
    edges: dict[str, Floats] = {}
    for name, values in table.items():
        known = values[np.isfinite(values)]
        quantiles = np.unique(np.quantile(known, wanted, method="inverted_cdf")) if known.size else known
        edges[name] = quantiles + np.abs(quantiles) * 1e-9
    return Bins(edges)


@dataclass(frozen=True, eq=False)
class Tree:
    """One tree as arrays, a place per node: which column it asks, up to which code to go left, where to go.

    A leaf's ``left`` and ``right`` are the leaf itself, so that a walk of ``depth`` steps ends at it.
    ``answers`` has a row per node: chance, value and orders.
    """

    column: _Places
    up_to: _Places
    left: _Places
    right: _Places
    depth: int
    answers: Floats

    def leaves(self, codes: Codes) -> _Places:
        """The node in which each row ends."""
        node, row = np.zeros(len(codes), dtype=np.int32), np.arange(len(codes))
        for _ in range(self.depth):
            goes_left = codes[row, self.column[node]] <= self.up_to[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        return node

    def to_dict(self) -> dict[str, object]:
        """Whole numbers and the answers of the leaves, for JSON."""
        arrays = {name: getattr(self, name).tolist() for name in ("column", "up_to", "left", "right", "answers")}
        return arrays | {"depth": self.depth}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Tree:  # Any: plain data
        """The tree that ``to_dict`` wrote."""
        whole = {name: np.array(content[name], dtype=np.int32) for name in ("column", "up_to", "left", "right")}
        return cls(depth=int(content["depth"]), answers=np.array(content["answers"], dtype=np.float64), **whole)


@dataclass(frozen=True, eq=False)
class FittedForest:
    """Trees over one list of binned features, and the purchase process for what they do not say."""

    bins: Bins
    trees: tuple[Tree, ...]
    activity: FittedActivity

    def predict(self, customers: Customers) -> Prediction:
        chance, value, orders = self.answers(self.bins.codes(customers.columns)).T
        return self.activity.prediction(customers, np.maximum(value, 0.0), orders, no_purchase=1 - chance)

    def answers(self, codes: Codes) -> Floats:
        """Chance, value and orders of each row: the mean over the trees, always added in the same order."""
        total = np.zeros((len(codes), len(_OUTCOMES)))
        for first in range(0, len(codes), ROWS_AT_ONCE):
            rows = slice(first, first + ROWS_AT_ONCE)
            for tree in self.trees:
                total[rows] += tree.answers[tree.leaves(codes[rows])]
        return total / len(self.trees)

    def artifacts(self) -> dict[str, bytes]:
        facts = {
            "model": "random_forest",
            "columns": list(self.bins.edges),
            "edges": [edges.tolist() for edges in self.bins.edges.values()],
            "outcomes": list(_OUTCOMES),
            "trees": [tree.to_dict() for tree in self.trees],
            "horizon_days": self.activity.horizon_days,
        }
        # Compact: a forest has some hundred thousand numbers.
        body = json.dumps(facts, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
        return {ARTIFACT: body} | self.activity.artifact()

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes]) -> FittedForest:
        """The forest that ``artifacts`` wrote; DataError when the files hold something else."""
        facts = plain_facts(files, ARTIFACT, "random_forest")
        edges = {
            name: np.array(edges, dtype=np.float64)
            for name, edges in zip(facts["columns"], facts["edges"], strict=True)
        }
        trees = tuple(Tree.from_dict(tree) for tree in facts["trees"])
        return cls(Bins(edges), trees, stored_activity(files, facts["horizon_days"]))


@dataclass(frozen=True)
class RandomForest:
    """Learns on all earlier windows at once; needs at least one, with 50 customers who bought in it."""

    name: str = "random_forest"
    title: str = "Random forest: what alike customers did"
    complexity: int = 2
    inputs: tuple[str, ...] = ALL_COLUMNS

    def fit(self, history: History, seed: int) -> FittedForest:
        """Raises DataError without a window, or with too few buyers in all of them."""
        lessons = lessons_of(history, "Random forest")
        bins = learn_bins(lessons.table)
        codes = bins.codes(lessons.table)
        outcomes = np.column_stack([lessons.bought.astype(np.float64), lessons.value, lessons.orders])
        trees = tuple(_tree(grown, codes, outcomes) for grown in _grown(codes, lessons, seed))
        return FittedForest(bins, trees, fit_activity(history.now, history.horizon_days))


def _grown(codes: Codes, lessons: Lessons, seed: int) -> Sequence[Any]:  # Any: scikit-learn carries no types
    from sklearn.ensemble import RandomForestRegressor  # takes a second to load: only who learns needs it

    forest = RandomForestRegressor(
        n_estimators=TREES,
        min_samples_leaf=SMALLEST_LEAF,
        max_leaf_nodes=MOST_LEAVES,
        max_depth=DEEPEST,
        max_features=1 / 3,
        max_samples=min(ROWS_PER_TREE, len(codes)),
        # One thread and a seed of 31 bits: the same data give the same trees.
        n_jobs=1,
        random_state=seed % 2**31,
    )
    with on_one_thread():
        forest.fit(codes, _targets(lessons))
    return forest.estimators_


def _targets(lessons: Lessons) -> Floats:
    """What splits are judged by: bought or not, and the square root of value; each with spread 1.

    The root is that of value in multiples of the mean, rounded: the last bits, which another currency would change, must not
    decide between two splits that are as good.
    """
    mean = max(float(np.maximum(lessons.value, 0.0).mean()), 1e-300)
    tempered = np.rint(np.sqrt(np.maximum(lessons.value, 0.0) / mean) * _ROOT_STEPS)
    if not np.ptp(tempered):
        raise DataError("Every customer brought the same.", to_do="Leave the random forest out of the candidates.")
    bought = lessons.bought.astype(np.float64)
    # Where everybody bought there is only the value to tell customers apart by.
    kept = [target / target.std() for target in (bought, tempered) if np.ptp(target)]
    return np.column_stack(kept) if len(kept) > 1 else kept[0]


def _tree(grown: Any, codes: Codes, outcomes: Floats) -> Tree:  # Any: scikit-learn carries no types
    nodes = grown.tree_
    leaf = nodes.children_left < 0
    itself = np.arange(nodes.node_count)
    tree = Tree(
        column=np.where(leaf, 0, nodes.feature).astype(np.int32),
        # Codes are whole numbers: cutting at 3.5 means up to 3.
        up_to=np.where(leaf, 0, np.floor(nodes.threshold)).astype(np.int32),
        left=np.where(leaf, itself, nodes.children_left).astype(np.int32),
        right=np.where(leaf, itself, nodes.children_right).astype(np.int32),
        depth=int(nodes.max_depth),
        answers=np.zeros((nodes.node_count, outcomes.shape[1])),
    )
    reached = grown.apply(codes.astype(np.float32))
    size = np.maximum(np.bincount(reached, minlength=nodes.node_count), 1)
    means = [np.bincount(reached, outcome, minlength=nodes.node_count) / size for outcome in outcomes.T]
    tree.answers[:] = np.column_stack(means)
    return tree
