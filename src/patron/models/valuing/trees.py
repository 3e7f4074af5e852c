"""Boosted trees on what models are taught: one way to grow them, one way to ask them, the same bits each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from patron.errors import DataError
from patron.models.arrays import Floats

ROWS_AT_ONCE: Final = 100_000
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Shape:
    """How trees grow: few and shallow, since what repeats in customers is little and their noise is large.

    ``least_rows`` is the least weight of a leaf in rows, so that no leaf is made of a few large customers; rates and
    shares are XGBoost's eta, subsample and colsample_bytree; ``ridge`` is its lambda.
    """

    rounds: int = 100
    depth: int = 3
    rate: float = 0.05
    least_rows: float = 60.0
    row_share: float = 0.8
    column_share: float = 0.7
    ridge: float = 5.0

    @property
    def options(self) -> dict[str, object]:
        return {
            "tree_method": "hist",
            "max_bin": 128,
            "max_depth": self.depth,
            "eta": self.rate,
            "min_child_weight": self.least_rows,
            "subsample": self.row_share,
            "colsample_bytree": self.column_share,
            "lambda": self.ridge,
            # One thread and a seed: sums run in one order, so that the same data give the same bytes.
            "nthread": 1,
        }


def grow(
    matrix: Matrix,
    target: Floats,
    objective: Mapping[str, object],
    shape: Shape,
    seed: int,
    weight: Floats | None = None,
) -> xgb.Booster:
    """Trees for a target, each row of a weight."""
    data = xgb.DMatrix(matrix, target, weight=weight, nthread=1)
    # XGBoost takes seeds of 31 bits.
    return xgb.train({**shape.options, **objective, "seed": seed % 2**31}, data, shape.rounds)


def answers(booster: xgb.Booster, matrix: Matrix) -> Floats:
    """What the trees say of each row, some rows at a time so that memory stays small."""
    told = np.empty(len(matrix))
    for first in range(0, len(matrix), ROWS_AT_ONCE):
        rows = slice(first, first + ROWS_AT_ONCE)
        told[rows] = booster.predict(xgb.DMatrix(matrix[rows], nthread=1))
    return told


def saved(boosters: Mapping[str, xgb.Booster]) -> dict[str, bytes]:
    """Each of the trees as a file of XGBoost's own binary JSON, ``<name>.ubj``."""
    return {f"{name}.ubj": bytes(booster.save_raw("ubj")) for name, booster in boosters.items()}


def hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    """The sha256 of each file, to be kept beside them."""
    return {name: sha256(body).hexdigest() for name, body in files.items()}


def stored(name: str, files: Mapping[str, bytes], kept: Mapping[str, str]) -> xgb.Booster:
    """The trees of this name that ``saved`` wrote; DataError when they do not have the hash that was ``kept`` of them.

    XGBoost ends the process when it is given damaged trees, so that they must not reach it. Earlier versions kept no hash.
    """
    file = f"{name}.ubj"
    body = files[file]
    if kept.get(file, hashes({file: body})[file]) != hashes({file: body})[file] or not body:
        raise DataError(f"'{file}' is not what was kept.", allowed=f"Its sha256 must be {kept.get(file, 'known')}.")
    # One thread, as when they grew; what they answer does not depend on it.
    booster = xgb.Booster({"nthread": 1})
    booster.load_model(bytearray(body))
    return booster
