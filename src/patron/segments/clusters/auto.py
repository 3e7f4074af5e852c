"""Which grouping to keep: algorithms and numbers of groups side by side, judged by several criteria, with the reason told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal

import numpy as np

from patron.errors import DataError
from patron.models.arrays import Floats, Integers
from patron.segments.clusters.algorithms import ALGORITHMS, Algorithm, algorithm_named, centres, nearest, numbered
from patron.segments.clusters.criteria import Criteria, criteria_of, stability
from patron.segments.clusters.ordering import Hashes, canonical_order, content_hashes, sampled
from patron.segments.clusters.reasoning import explained
from patron.segments.clusters.reference import Beyond, beyond_chance
from patron.segments.clusters.threads import one_thread

Verdict = Literal["clear", "drawn", "noise"]
AUTO: Final = "auto"
COMPARED: Final = ("kmeans", "gaussian_mixture", "agglomerative", "dbscan", "hdbscan")
"""The algorithms that ``auto`` compares; K-Means goes over to batches by itself."""
KS: Final = tuple(range(2, 9))
ROWS_COMPARED: Final = 2_500
FEWEST_ROWS: Final = 50
CLEAR_VALLEY: Final = 0.5
"""Groups are clearly apart where density between the least apart falls to half the lower peak, and below chance's."""
LEAST_SHARE_CLEAR: Final = 0.015
SURELY_FOUND: Final = 0.9
"""The stability that clear groups have at least."""
CLEAN: Final = 0.25
"""The silhouette that clear groups have at least: atoms of equal values make valleys without it."""
TELLS_VALUE: Final = 0.25
"""So much of value told apart makes borders useful, even where the customers are one cloud."""
FEW: Final = 4
"""Up to so many clear groups are looked into: where they hold structure themselves, more segments say more."""
_MOST_IN_NO_GROUP: Final = 0.25
_USEFUL: Final = {2: 0.2, 3: 0.6, 4: 0.9, 5: 1.0, 6: 1.0, 7: 0.95, 8: 0.85}
_LEAST_USEFUL_SHARE: Final = 0.04
_WEIGHTS: Final = {"stability": 0.3, "silhouette": 0.2, "value_told": 0.25, "useful": 0.25}
_CLEANEST: Final = 0.5
_FEWEST_IN_A_SEGMENT: Final = 30


@dataclass(frozen=True)
class Candidate:
    """One grouping that was tried: how, into how many, what the criteria say, and the score they add up to."""

    algorithm: str
    title: str
    k: int
    criteria: Criteria
    clear: bool
    score: float


@dataclass(frozen=True, eq=False)
class Choice:
    """The grouping kept: every candidate beside it, why it was kept, and whether there are groups at all.

    ``verdict``: clear (groups stand apart), drawn (a continuum, in which borders are useful but drawn), noise (one group
    only). ``labels`` has one for each point given, -1 for points of no group, 0 the group worth most.
    """

    verdict: Verdict
    chosen: Candidate | None
    candidates: tuple[Candidate, ...]
    beyond: tuple[Beyond, ...]
    sentence: str
    labels: Integers

    @property
    def k(self) -> int:
        """How many groups there are; 1 where there is only one."""
        return max(int(self.labels.max()) + 1, 1) if len(self.labels) else 1

    def to_dict(self) -> dict[str, object]:
        """All but the labels as plain data, for JSON."""
        return {
            "verdict": self.verdict,
            "k": self.k,
            "chosen": None if self.chosen is None else _plain(self.chosen),
            "candidates": [_plain(candidate) for candidate in self.candidates],
            "beyond_chance": [asdict(one) | {"more": one.more} for one in self.beyond],
            "sentence": self.sentence,
        }


def choose(
    points: Floats,
    value: Floats,
    seed: int = 0,
    *,
    algorithm: str = AUTO,
    k: int | None = None,
    hashes: Hashes | None = None,
) -> Choice:
    """The best grouping of these points (n, d), whose order does not matter; DataError for fewer than 50 points.

    Candidates are compared on at most 2,500 points, drawn by ``hashes`` (of the customers' ids; of the points without).
    The kept one is then fitted to all. A given algorithm or k is obeyed, and the verdict still told.
    """
    if len(points) < FEWEST_ROWS:
        raise DataError(f"{len(points)} customers are too few to group.", allowed=f"At least {FEWEST_ROWS} are needed.")
    hashes = content_hashes(points) if hashes is None else hashes
    order = canonical_order(hashes, *points.T, value)
    some = order[np.isin(order, sampled(hashes, ROWS_COMPARED))] if len(order) > ROWS_COMPARED else order
    with one_thread():
        # A given number leaves out the ways that find their own.
        ways = [way for way in _asked(algorithm) if k is None or algorithm != AUTO or not way.chooses_k]
        tried = _tried(points[some], value[some], seed, ways, KS if k is None else (k,))
        beyond = beyond_chance(points[some], KS, seed)
        tried = [(_judged(candidate, beyond, len(some)), labels) for candidate, labels in tried]
        verdict, place = _decided(points[some], tried, beyond, seed)
        chosen, labels = tried[place]
        candidates = tuple(candidate for candidate, _ in tried)
        if chosen.k < 2 or (verdict == "noise" and k is None):
            together = np.zeros(len(points), dtype=np.int64)
            return Choice("noise", None, candidates, beyond, explained(verdict, None, candidates), together)
        final = np.empty(len(points), dtype=np.int64)
        final[order] = grown(points[order], value[order], algorithm_named(chosen.algorithm), points[some], labels, seed)
    return Choice(verdict, chosen, candidates, beyond, explained(verdict, chosen, candidates), final)


def grown(points: Floats, value: Floats, algorithm: Algorithm, some: Floats, labels: Integers, seed: int) -> Integers:
    """The grouping of some points carried on to all, begun at the centres of its groups; numbered by descending value."""
    if len(points) == len(some):
        return numbered(labels, value)
    start = centres(some, labels)
    if algorithm.chooses_k:
        # On other points it would find other groups than those that were judged.
        return numbered(nearest(points, start), value)
    rows = points[: algorithm.most_rows]
    found = algorithm.labels(rows, len(start), seed, start)
    if len(rows) < len(points):
        found = np.concatenate([found, nearest(points[len(rows) :], centres(rows, found))])
    return numbered(found, value)


def _asked(algorithm: str) -> tuple[Algorithm, ...]:
    return (
        tuple(one for one in ALGORITHMS if one.name in COMPARED) if algorithm == AUTO else (algorithm_named(algorithm),)
    )


def _tried(
    points: Floats, value: Floats, seed: int, algorithms: Sequence[Algorithm], ks: Sequence[int]
) -> list[tuple[Candidate, Integers]]:
    found = []
    for algorithm in algorithms:
        for k in ks[:1] if algorithm.chooses_k else ks:
            labels = numbered(algorithm.labels(points, k, seed), value)
            groups = int(labels.max()) + 1
            # One group, or all points noise, is no grouping; it is told, and cannot be chosen.
            repeated = stability(points, algorithm, k, seed) if groups > 1 else 0.0
            criteria = criteria_of(points, value, labels, repeated)
            found.append((Candidate(algorithm.name, algorithm.title, groups, criteria, False, 0.0), labels))
    return found


def _judged(candidate: Candidate, beyond: Sequence[Beyond], customers: int) -> Candidate:
    asked = candidate.criteria
    by_chance = max((depth for cloud in beyond for k, depth in cloud.valleys if k == candidate.k), default=0.0)
    clear = (
        candidate.k > 1
        and asked.valley >= max(CLEAR_VALLEY, by_chance)
        and asked.stability >= SURELY_FOUND
        and asked.silhouette >= CLEAN
        and asked.smallest_share >= LEAST_SHARE_CLEAR
        and asked.in_no_group <= _MOST_IN_NO_GROUP
    )
    return replace(candidate, clear=clear, score=score(candidate.k, asked, customers))


def score(k: int, criteria: Criteria, customers: int) -> float:
    """How useful a drawn grouping is, from 0 to 1.

    A weighted mean of how surely it is found again, how clean it is, how well it tells value apart, and whether its
    number of segments can be worked with (two say too little, many are not remembered); less with tiny segments and with
    customers in none. The weights are a judgement: see the candidates' table for what they weigh.
    """
    if k < 2:
        return 0.0
    parts = {
        "stability": max(criteria.stability, 0.0),
        "silhouette": float(np.clip(criteria.silhouette / _CLEANEST, 0.0, 1.0)),
        "value_told": criteria.value_told,
        "useful": _USEFUL.get(k, 0.5),
    }
    whole = sum(_WEIGHTS[name] * part for name, part in parts.items())
    least = max(_LEAST_USEFUL_SHARE, _FEWEST_IN_A_SEGMENT / customers)
    return whole * min(criteria.smallest_share / least, 1.0) * (1 - criteria.in_no_group)


def _decided(
    points: Floats, tried: Sequence[tuple[Candidate, Integers]], beyond: Sequence[Beyond], seed: int
) -> tuple[Verdict, int]:
    """The verdict, and the place of the candidate kept."""
    clear = [place for place, (candidate, _) in enumerate(tried) if candidate.clear]
    best = max(range(len(tried)), key=lambda place: tried[place][0].score)
    if clear:
        # As many groups as are parted by a valley: fewer would merge some, more would cut through one.
        kept = max(clear, key=lambda place: _clearness(tried[place][0]))
        candidate, labels = tried[kept]
        if candidate.k > FEW or tried[best][0].k <= candidate.k or not _structured_inside(points, labels, seed):
            return "clear", kept
        return "drawn", best
    # One cloud by shape can still be worth parting: where borders across it tell value apart.
    useful = all(cloud.more for cloud in beyond) or tried[best][0].criteria.value_told >= TELLS_VALUE
    return ("drawn" if useful else "noise"), best


def _clearness(candidate: Candidate) -> tuple[float, float, float]:
    return candidate.k, round(candidate.criteria.valley, 1), round(candidate.score, 2)


def _structured_inside(points: Floats, labels: Integers, seed: int) -> bool:
    """Whether some clear group of useful size goes beyond chance itself."""
    for group in range(int(labels.max()) + 1):
        inside = points[labels == group]
        if len(inside) >= FEWEST_ROWS * 4 and all(
            cloud.more for cloud in beyond_chance(inside, KS, seed, valley_draws=0)
        ):
            return True
    return False


def _plain(candidate: Candidate) -> dict[str, object]:
    content = asdict(candidate)
    index = content["criteria"]["davies_bouldin"]
    # JSON knows no infinity.
    content["criteria"]["davies_bouldin"] = index if np.isfinite(index) else None
    return content
