"""Why a customer is in its segment: the classifier's own account, a second opinion, and a test of both.

The account is SHAP for trees (Lundberg and Lee 2017; Lundberg et al. 2020), in log-odds of the segment. The second
opinion is a local surrogate (LIME: Ribeiro, Singh, Guestrin 2016). The test changes what is said to matter and looks
whether the classifier changes its mind (as the faithfulness of Alvarez-Melis and Jaakkola 2018).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patron.features.words import words_of
from patron.models.arrays import Floats, Integers
from patron.segments.clusters.facets import facet_of
from patron.segments.clusters.threads import one_thread

PERTURBED: Final = 1_000
_CHANGED: Final = 0.4
_RIDGE: Final = 1.0
_LEAST_PROBABILITY: Final = 1e-6
Probabilities = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Marginals:
    """How each feature is spread among the customers learnt from: 101 quantiles, and the share that is missing."""

    quantiles: tuple[tuple[float, ...], ...]
    missing: tuple[float, ...]

    @classmethod
    def of(cls, matrix: Floats) -> Marginals:
        """The spreads of a matrix's columns, NaN where a value is missing."""
        levels = np.linspace(0, 1, 101)
        known = [column[np.isfinite(column)] for column in matrix.T]
        return cls(
            tuple(tuple(np.quantile(one, levels).tolist()) if one.size else (0.0,) * 101 for one in known),
            tuple(1 - one.size / max(len(matrix), 1) for one in known),
        )

    def standing(self, matrix: Floats) -> Floats:
        """The share of customers below each value, equal ones counted half; NaN where the value is missing."""
        standing = np.empty(matrix.shape)
        for place, quantiles in enumerate(self.quantiles):
            below = np.searchsorted(quantiles, matrix[:, place], side="left")
            upto = np.searchsorted(quantiles, matrix[:, place], side="right")
            standing[:, place] = (below + upto) / 2 / len(quantiles)
        return np.where(np.isfinite(matrix), standing, np.nan)

    def drawn(self, rng: np.random.Generator, rows: int) -> Floats:
        """Rows of values, each feature drawn by itself."""
        table = np.array(self.quantiles)
        values = table[np.arange(len(table)), rng.integers(0, table.shape[1], (rows, len(table)))]
        return np.where(rng.random(values.shape) < np.array(self.missing), np.nan, values)


@dataclass(frozen=True)
class Reason:
    """One feature that speaks for a customer's segment: by how much, in log-odds, and where the customer stands.

    ``high`` compares with the median of all customers; None where the customer's value is missing.
    """

    feature: str
    contribution: float
    high: bool | None

    @property
    def phrase(self) -> str:
        """What such customers do, to follow "they"; empty where the value is missing."""
        if self.high is None:
            return ""
        words = words_of(self.feature)
        return words.high if self.high else words.low


@dataclass(frozen=True, eq=False)
class Reasons:
    """The strongest reasons of each customer, (n, top): places of features in ``names``, contributions, standings."""

    names: tuple[str, ...]
    features: Integers
    contributions: Floats
    standing: Floats

    def __len__(self) -> int:
        return len(self.features)

    def of(self, row: int) -> tuple[Reason, ...]:
        """One customer's reasons, the strongest first."""
        found = zip(self.features[row], self.contributions[row], self.standing[row], strict=True)
        return tuple(
            Reason(self.names[place], float(part), None if np.isnan(standing) else bool(standing > 0.5))
            for place, part, standing in found
        )


@dataclass(frozen=True)
class Faithfulness:
    """What happens when the strongest reason is replaced by what is typical of the other segments.

    Shares of the customers tried whose probability of their segment falls, the mean fall, and the share who move to
    another segment; and the same for one of their other features, drawn at random.
    """

    customers: int
    falls: float
    mean_fall: float
    moves: float
    random_falls: float
    random_mean_fall: float
    random_moves: float

    @property
    def words(self) -> str:
        """The test in one sentence."""
        return (
            f"With its strongest reason changed to what is typical of other segments, the probability of a customer's "
            f"segment falls for {self.falls:.0%} of {self.customers:,} customers, by {self.mean_fall:.2f} on average; with "
            f"a random other feature changed, for {self.random_falls:.0%}, by {self.random_mean_fall:.2f}."
        )


def because(reasons: Sequence[Reason]) -> str:
    """The reasons as words to follow a sentence: "because they buy often and rarely buy things on offer"; may be empty.

    Reasons that speak against the segment, missing values, and a second reason of one facet are left out.
    """
    phrases: dict[str, str] = {}
    for reason in reasons:
        if reason.contribution > 0 and reason.phrase:
            phrases.setdefault(facet_of(reason.feature)[0], reason.phrase)
    return f"because they {listed(list(phrases.values()))}" if phrases else ""


def listed(phrases: Sequence[str]) -> str:
    """Phrases as one: "a", "a and b", "a, b and c"."""
    return " and ".join((", ".join(phrases[:-1]), phrases[-1])) if len(phrases) > 1 else "".join(phrases)


def strongest(names: tuple[str, ...], contributions: Floats, standing: Floats, top: int) -> Reasons:
    """The features that speak most for each customer's segment, of all contributions (n, features)."""
    order = np.argsort(-contributions, axis=1, kind="stable")[:, :top].astype(np.int64)
    return Reasons(
        names,
        order,
        np.take_along_axis(contributions, order, axis=1),
        np.take_along_axis(standing, order, axis=1),
    )


def local_weights(row: Floats, label: int, marginals: Marginals, ask: Probabilities, seed: int) -> Floats:
    """What keeping each feature of a customer does to the log-odds of its segment, by a surrogate fitted around it.

    Some features at a time are drawn anew from all customers; a ridge regression of the log-odds on which were kept,
    nearer variations weighing more, gives a weight per feature. Source: Ribeiro, Singh, Guestrin (2016), section 3.
    """
    rng = np.random.default_rng(seed)
    kept = rng.random((PERTURBED, len(row))) > _CHANGED
    kept[0] = True
    answers = ask(np.where(kept, row, marginals.drawn(rng, PERTURBED)))[:, label]
    bounded = np.clip(answers, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    log_odds = np.log(bounded / (1 - bounded))
    # LIME's exponential kernel, with its width of three quarters of the largest distance.
    nearness = np.exp(-(~kept).sum(axis=1) / (0.75**2 * len(row)))
    return _ridge(kept.astype(np.float64), log_odds, nearness)


def common_share(one: Floats, other: Floats, top: int = 5) -> float:
    """The share of the largest weights, by size, that two accounts have in common."""
    firsts = [set(np.argsort(-np.abs(weights), kind="stable")[:top].tolist()) for weights in (one, other)]
    return len(firsts[0] & firsts[1]) / min(top, len(one))


def faithful(matrix: Floats, labels: Integers, contributions: Floats, ask: Probabilities, seed: int) -> Faithfulness:
    """The test of ``Faithfulness`` on customers (n, features) with these labels and contributions."""
    rng = np.random.default_rng(seed)
    rows = np.arange(len(matrix))
    first = np.argmax(contributions, axis=1)
    other = (first + rng.integers(1, max(matrix.shape[1], 2), len(rows))) % matrix.shape[1]
    typical = np.array([_typical(matrix[labels != label]) for label in range(int(labels.max()) + 1)])
    before = ask(matrix)[rows, labels]
    told: list[float] = []
    for places in (first, other):
        changed = matrix.copy()
        changed[rows, places] = typical[labels, places]
        after = ask(changed)
        fall = before - after[rows, labels]
        told += [float((fall > 0).mean()), float(fall.mean()), float((after.argmax(axis=1) != labels).mean())]
    return Faithfulness(len(rows), *told)


def _typical(matrix: Floats) -> Floats:
    if not len(matrix):
        return np.full(matrix.shape[1], np.nan)
    known: NDArray[np.bool_] = np.isfinite(matrix)
    return np.array(
        [np.median(column[here]) if here.any() else np.nan for column, here in zip(matrix.T, known.T, strict=True)]
    )


def _ridge(inputs: Floats, target: Floats, weight: Floats) -> Floats:
    share = weight / weight.sum()
    centred, left = inputs - share @ inputs, target - share @ target
    with one_thread():
        squares = centred.T @ (centred * weight[:, None]) + _RIDGE * np.eye(inputs.shape[1])
        return np.asarray(np.linalg.solve(squares, centred.T @ (left * weight)))
