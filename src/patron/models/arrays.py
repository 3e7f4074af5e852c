"""The arrays that models work on: one row per customer, 64-bit floats, NaN where a value is missing."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from patron.errors import DataError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

BLOCK: Final = 32_768
"""Rows worked on at a time: a dozen columns of them stay in a processor's cache."""


def floats(name: str, values: ArrayLike) -> Floats:
    """Values as a one-dimensional read-only array of finite 64-bit floats, or a DataError naming the first that isn't."""
    array = numbers(name, values)
    if array.ndim != 1:
        raise DataError(f"{name} has {array.ndim} dimensions.", allowed="One value per customer is expected.")
    wrong = np.flatnonzero(~np.isfinite(array))
    if wrong.size:
        raise DataError(
            f"{name} is {array[wrong[0]]} in row {wrong[0]} ({wrong.size} such rows).",
            allowed="Only finite numbers are allowed.",
        )
    array.setflags(write=False)
    return array


def numbers(name: str, values: ArrayLike) -> Floats:
    """Values as 64-bit floats, NaN where one is missing; a DataError for dates, spans of time and words."""
    given = np.asarray(values)
    if given.dtype.kind in "mM":
        raise DataError(
            f"{name} holds {'dates' if given.dtype.kind == 'M' else 'spans of time'}, not numbers.",
            allowed="Times are plain numbers in the unit that is declared.",
            to_do=f"Divide by the unit, for example {name} / np.timedelta64(7, 'D') for weeks.",
        )
    try:
        return np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        row, value = next(((n, v) for n, v in enumerate(given.ravel()) if not _is_number(v)), (0, given))
        raise DataError(
            f"{name} is '{value}' in row {row}.", allowed="Only finite numbers are allowed, not words."
        ) from error


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]  # whatever was given
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str)


def same_length(**arrays: Floats | None) -> None:
    """Nothing, or a DataError with the lengths when the named arrays differ in length."""
    lengths = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataError(f"The columns differ in length: {listed}.", allowed="Each needs one value per customer.")


def dot(one: Floats, other: Floats) -> float:
    """The sum of products, the same to the last bit on any number of processors (BLAS splits long sums by thread)."""
    return float((one * other).sum())


def weight_by(which: NDArray[np.intp], weight: Floats) -> Floats:
    """The total weight of each group; ``which`` gives each row's group, counting from 0."""
    return np.asarray(np.bincount(which, weight), dtype=np.float64)


def blocks(rows: int, size: int = BLOCK) -> Iterator[slice]:
    """Slices that cover so many rows in order. Fixed blocks keep sums the same to the last bit, and memory small."""
    return (slice(first, min(first + size, rows)) for first in range(0, rows, size))


def tally(counts: Floats, weight: Floats | None = None) -> tuple[Floats, Floats]:
    """The distinct values of whole numbers ≥ 0, and the total weight of each."""
    if len(counts) and counts.max() < 10 * len(counts) + 1000:
        whole = counts.astype(np.int64)
        rows = np.bincount(whole)
        distinct = np.flatnonzero(rows)
        of_value = rows if weight is None else np.bincount(whole, weight)
        return distinct.astype(np.float64), of_value[distinct].astype(np.float64)
    values, which = np.unique(counts, return_inverse=True)
    return values, weight_by(which, np.ones(len(counts)) if weight is None else weight)


def spread(rows: int, count: int, weight: Floats | None = None) -> tuple[Integers, Floats]:
    """About ``count`` rows spread evenly over the customers behind them, and how often each was hit.

    Systematic sampling by weight: a row that stands for many customers is hit in proportion. The same rows each time.
    """
    points = np.arange(count) + 0.5
    if weight is None:
        hits = (points * (rows / count)).astype(np.int64)
    else:
        reached = np.cumsum(weight)
        hits = np.minimum(np.searchsorted(reached, points * (reached[-1] / count), side="right"), rows - 1)
    chosen, times = np.unique(hits, return_counts=True)
    return chosen.astype(np.int64), times.astype(np.float64)


def hashed(names: Iterable[object]) -> NDArray[np.uint32]:
    """A stable 32-bit number for each name, the same on every machine and in every run."""
    raw = np.fromiter((zlib.crc32(str(name).encode()) for name in names), dtype=np.uint64)
    # crc32 is linear: the multiplication spreads neighbouring names over the whole range.
    mixed = ((raw ^ (raw >> np.uint64(15))) * np.uint64(0x9E3779B1)) & np.uint64(0xFFFFFFFF)
    mixed = ((mixed ^ (mixed >> np.uint64(13))) * np.uint64(0x85EBCA77)) & np.uint64(0xFFFFFFFF)
    spread: NDArray[np.uint32] = (mixed ^ (mixed >> np.uint64(16))).astype(np.uint32)
    return spread
