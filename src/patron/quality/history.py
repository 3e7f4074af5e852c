"""What is usual for a source, learnt from its earlier batches: how many rows, which shares, how values are spread.

Each bound comes from how far earlier batches were off by the same rule, so that seasons, weekly swings and growth
widen it, and never falls below a floor plus what counting so few rows leaves to chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

BATCHES_NEEDED: Final = 5
REMEMBERED: Final = 12
VOLUME_FACTOR: Final = 1.8
"""A batch within this factor of the usual is never refused; half and double are outside it."""
_BEYOND_THE_WORST: Final = 1.5
_CHANCE: Final = 4.0
"""Standard deviations that are left to chance."""
# The last two follow a season, the last four a noisy feed, and the same weekday of earlier weeks a daily one.
_LOOKS_BACK: Final = ((1, 2), (1, 2, 3, 4), (7, 14, 21, 28))

SHARE_FLOOR: Final = 0.05
SHARE_BATCHES: Final = 3
_WEEK: Final = 7
_ROWS_A_DAY: Final = 3
_DAYS_FLOOR: Final = 0.1
PSI_FLOOR: Final = 0.25
"""By convention an index above 0.25 is a large shift."""
PSI_ALONE: Final = 1.0
"""Without enough batches to learn from, only a shift that leaves little overlap."""
PSI_ROWS: Final = 100
_RARE: Final = 0.01


@dataclass(frozen=True)
class Usual:
    """What is usual, and the bounds within which a batch is believed."""

    expected: float
    least: float
    most: float


def usual_count(earlier: Sequence[float]) -> Usual | None:
    """How many rows the next batch should have; None before there are enough batches to say."""
    counts = np.asarray([count for count in earlier if count > 0], dtype=np.float64)
    looks = [lags for lags in _LOOKS_BACK if len(counts) >= max(lags) + 1]
    if len(counts) < BATCHES_NEEDED or not looks:
        return None
    logs = np.log(counts)
    misses = {lags: _misses(logs, lags)[-2 * REMEMBERED :] for lags in looks}
    best = min(looks, key=lambda lags: float(np.median(np.abs(misses[lags]))))
    expected = float(np.exp(_looked_back(logs, len(logs), best)))
    off = max(float(np.log(VOLUME_FACTOR)), _BEYOND_THE_WORST * float(np.abs(misses[best]).max()))
    reach = float(np.hypot(off, _CHANCE / np.sqrt(expected)))
    return Usual(expected, expected * float(np.exp(-reach)), expected * float(np.exp(reach)))


def _looked_back(logs: np.ndarray, place: int, lags: Sequence[int]) -> float:
    return float(np.median([logs[place - lag] for lag in lags]))


def _misses(logs: np.ndarray, lags: Sequence[int]) -> np.ndarray:
    return np.array([logs[place] - _looked_back(logs, place, lags) for place in range(max(lags), len(logs))])


def usual_share(earlier: Sequence[tuple[int, int]], rows: int, *, floor: float = SHARE_FLOOR) -> float | None:
    """The largest believable share in a batch of so many rows, from (how many, of how many) of earlier ones.

    None before there are enough batches, or where the batch is too small to tell.
    """
    shares = [count / of for count, of in earlier if of]
    if len(shares) < SHARE_BATCHES or rows < PSI_ROWS:
        return None
    worst = max(shares)
    chance = _CHANCE * float(np.sqrt(max(worst * (1 - worst), 0.01) / rows))
    return min(1.0, worst + floor + chance)


def usual_days(earlier: Sequence[tuple[int, int, int]], span: int, rows: int) -> float | None:
    """How many of a batch's days must have rows at least, from (days, span of days, rows) of earlier ones.

    None before there are enough batches, for a span below a week, and where so few rows a day leave gaps by chance.
    """
    known = [days / of for days, of, count in earlier if of >= _WEEK and count >= _ROWS_A_DAY * of]
    if len(known) < SHARE_BATCHES or span < _WEEK or rows < _ROWS_A_DAY * span:
        return None
    return float(np.floor((min(known) - _DAYS_FLOOR) * span))


@dataclass(frozen=True)
class Shift:
    """How far a batch's values are spread unlike earlier ones, and how far they may be."""

    index: float
    allowed: float


def shift(batch: Mapping[str, int], earlier: Sequence[Mapping[str, int]], *, floor: float = PSI_FLOOR) -> Shift | None:
    """The population stability index of a batch against earlier ones; None where rows are too few to tell."""
    known = [counts for counts in earlier if sum(counts.values())][-REMEMBERED:]
    pooled = _pooled(known)
    if sum(batch.values()) < PSI_ROWS or sum(pooled.values()) < PSI_ROWS:
        return None
    allowed = PSI_ALONE
    if len(known) >= BATCHES_NEEDED:
        worst = max(_index(one, _pooled([other for other in known if other is not one])) for one in known)
        allowed = max(floor, _BEYOND_THE_WORST * worst)
    return Shift(_index(batch, pooled), allowed + _left_to_chance(batch, pooled))


def stability_index(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """Σ (p − q) ln(p / q) over bins, rare ones taken together, half a row added to each."""
    return _index(one, other)


def _index(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    p, q = _shares(one, other)
    return float(np.sum((p - q) * np.log(p / q)))


def _left_to_chance(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """What the index comes to without any shift: its mean is (bins − 1)(1/n + 1/m), and four deviations on top."""
    n, m = sum(one.values()), sum(other.values())
    freedom = max(len(_counts(one, other)[0]) - 1, 1)
    return float((1 / n + 1 / m) * (freedom + _CHANCE * np.sqrt(2 * freedom)))


def _shares(one: Mapping[str, int], other: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    first, second = (counts + 0.5 for counts in _counts(one, other))
    return first / first.sum(), second / second.sum()


def _counts(one: Mapping[str, int], other: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Counts by bin of both, the bins that are rare in both taken together."""
    n, m = sum(one.values()), sum(other.values())
    bins = sorted(one.keys() | other.keys())
    common = [name for name in bins if one.get(name, 0) >= _RARE * n or other.get(name, 0) >= _RARE * m]
    rest = set(bins) - set(common)
    first, second = (
        [*(counts.get(name, 0) for name in common), *([sum(counts.get(name, 0) for name in rest)] if rest else [])]
        for counts in (one, other)
    )
    return np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)


def _pooled(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    whole: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            whole[name] = whole.get(name, 0) + count
    return whole
