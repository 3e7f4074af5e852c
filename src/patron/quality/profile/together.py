"""What goes together, told by a sample: correlations of numbers, association of words, and columns that make a key."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import stats

from patron.quality.profile.findings import Pair

_LEAST_ROWS: Final = 30
_MOST_COLUMNS: Final = 40
_MOST_WORDS: Final = 50
_MOST_KEY_COLUMNS: Final = 8


def number_pairs(sample: pa.Table, names: Sequence[str]) -> tuple[Pair, ...]:
    """Pearson's and Spearman's correlation of each two columns of numbers, over the rows that have both."""
    columns = {name: _numbers(sample, name) for name in names[:_MOST_COLUMNS]}
    pairs: list[Pair] = []
    for one, other in combinations(columns, 2):
        both = ~(np.isnan(columns[one]) | np.isnan(columns[other]))
        x, y = columns[one][both], columns[other][both]
        if len(x) < _LEAST_ROWS or not (np.ptp(x) and np.ptp(y)):
            continue
        ranks = stats.rankdata(x), stats.rankdata(y)
        pairs += [Pair(one, other, "pearson", _correlation(x, y)), Pair(one, other, "spearman", _correlation(*ranks))]
    return tuple(pairs)


def word_pairs(sample: pa.Table, names: Sequence[str]) -> tuple[Pair, ...]:
    """Cramér's V of each two columns of few words, corrected for what chance alone gives (Bergsma 2013)."""
    codes = {name: _codes(sample, name) for name in names[:_MOST_COLUMNS]}
    few = {name: code for name, code in codes.items() if 2 <= len(np.unique(code[code >= 0])) <= _MOST_WORDS}
    pairs = []
    for one, other in combinations(few, 2):
        both = (few[one] >= 0) & (few[other] >= 0)
        strength = cramers_v(few[one][both], few[other][both])
        if strength is not None:
            pairs.append(Pair(one, other, "cramers_v", strength))
    return tuple(pairs)


def cramers_v(one: np.ndarray, other: np.ndarray) -> float | None:
    """Bias-corrected Cramér's V of two columns of codes; None where there is too little to tell."""
    rows, columns = np.unique(one, return_inverse=True)[1], np.unique(other, return_inverse=True)[1]
    n = len(rows)
    if n < _LEAST_ROWS:
        return None
    r, c = int(rows.max()) + 1, int(columns.max()) + 1
    if min(r, c) < 2:
        return None
    table = np.bincount(rows * c + columns, minlength=r * c).reshape(r, c).astype(float)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / n
    phi = float(((table - expected) ** 2 / expected).sum()) / n
    corrected = max(0.0, phi - (r - 1) * (c - 1) / (n - 1))
    least = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    return round(float(np.sqrt(corrected / least)), 4) if least > 0 else None


def possible_keys(sample: pa.Table, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of columns of which no two sampled rows have the same values; the fewest words first."""
    if sample.num_rows < _LEAST_ROWS:
        return ()
    codes = {name: _codes(sample, name) for name in names}
    whole = {name: code for name, code in codes.items() if code.min(initial=0) >= 0}
    ranked = sorted(whole, key=lambda name: -len(np.unique(whole[name])))[:_MOST_KEY_COLUMNS]
    return tuple(
        (one, other)
        for one, other in combinations(ranked, 2)
        if len(np.unique(whole[one].astype(np.int64) * (int(whole[other].max()) + 1) + whole[other])) == sample.num_rows
    )


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    return round(float((x @ y) / np.sqrt((x @ x) * (y @ y))), 4)


def _numbers(sample: pa.Table, name: str) -> np.ndarray:
    return np.asarray(sample[name].cast(pa.float64()).to_numpy(), dtype=np.float64)


def _codes(sample: pa.Table, name: str) -> np.ndarray:
    """Each value as a number, −1 where there is none."""
    encoded = pc.dictionary_encode(sample[name].combine_chunks())
    return np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False))
