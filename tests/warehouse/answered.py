"""The engines' answers to the golden and the generated worlds, asked for once, and what they come to."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from warehouse.answers import Answers, answers
from warehouse.engines import ENGINES
from warehouse.worlds import World, generated_worlds, golden_world

WORLDS = 200
WHICH = ("golden", "generated")


@cache
def world(which: str) -> World:
    return golden_world() if which == "golden" else generated_worlds(WORLDS)


@cache
def answers_of(engine: str, which: str) -> Answers:
    with TemporaryDirectory() as folder, ENGINES[engine](Path(folder)) as house:
        return answers(house, world(which))


def differences(mine: pa.Table, theirs: pa.Table) -> list[str]:
    """What differs between two answers, column by column."""
    if (mine.num_rows, mine.column_names) != (theirs.num_rows, theirs.column_names):
        return [f"{mine.num_rows} rows of {mine.column_names}", f"{theirs.num_rows} rows of {theirs.column_names}"]
    return [found for name in mine.column_names if (found := _difference(name, mine[name], theirs[name]))]


def _difference(name: str, mine: pa.ChunkedArray, theirs: pa.ChunkedArray) -> str:
    if not (pa.types.is_floating(mine.type) and pa.types.is_floating(theirs.type)):
        pairs = [(a, b) for a, b in zip(mine.to_pylist(), theirs.to_pylist(), strict=True) if a != b]
        return f"{name}: {len(pairs)} differ, such as {pairs[0]}" if pairs else ""
    a, b = (column.to_numpy(zero_copy_only=False).astype(float) for column in (mine, theirs))
    wrong = np.flatnonzero(~np.isclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True))
    return f"{name}: {len(wrong)} differ, such as {a[wrong[0]]!r} and {b[wrong[0]]!r}" if wrong.size else ""


def digests(told: Answers) -> dict[str, tuple[int, str]]:
    """The number of rows and a digest of each kind of answer; answers about parts of the customers are taken together."""
    rows: dict[str, int] = {}
    hashed: dict[str, hashlib._Hash] = {}
    for name, table in told.items():
        kind = name.rstrip("0123456789 ")
        rows[kind] = rows.get(kind, 0) + table.num_rows
        hashed.setdefault(kind, hashlib.sha256()).update(written(table).encode())
    return {kind: (rows[kind], hashed[kind].hexdigest()[:12]) for kind in rows}


def written(table: pa.Table) -> str:
    """A table as text: floats to nine digits, all else to the last."""
    columns = [[name, *map(_word, table[name].to_pylist())] for name in table.column_names]
    return "\n".join("\t".join(column) for column in columns)


def _word(value: object) -> str:
    return f"{value + 0.0:.9g}" if isinstance(value, float) else str(value)
