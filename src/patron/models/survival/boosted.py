"""Boosted lifetimes: trees in place of the weighted sum of an accelerated-lifetime model.

XGBoost's ``survival:aft`` (Barnwal, Cho and Hocking 2022, "Survival regression with accelerated failure time model in
XGBoost") learns each customer's own time scale from censored durations. How many trees, and how widely lifetimes spread
around that scale, is learnt on customers that the trees did not see: a Weibull distribution of duration / own scale, by
three-fold cross-fitting. Without that second step the trees' own confidence would pass for certainty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import xgboost as xgb

from patron.models.arrays import Flags, Floats
from patron.models.survival.concordance import harrell_c
from patron.models.survival.durations import Durations, covariate_matrix, enough
from patron.models.survival.fitted import FittedSurvival
from patron.models.survival.weibull import weibull_log_likelihood, weibull_of

FEWEST_EVENTS: Final = 30
MOST_ROUNDS: Final = 200
_FOLDS: Final = 3
_SHAPE: Final[Mapping[str, object]] = {
    "objective": "survival:aft",
    "eval_metric": "aft-nloglik",
    # The distribution of the log of a Weibull lifetime.
    "aft_loss_distribution": "extreme",
    "tree_method": "hist",
    "max_depth": 3,
    "eta": 0.08,
    "min_child_weight": 5,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "lambda": 5.0,
    # Durations are given as multiples of the mean scale, whose logarithm is 0.
    "base_score": 1.0,
    # One thread and a seed: sums run in one order, so that the same data give the same bytes.
    "nthread": 1,
}


@dataclass(frozen=True)
class FittedBoostedAFT(FittedSurvival):
    """``params``: scale and shape (ρ) of the Weibull distribution of duration / own scale, on customers not learnt from.

    ``log_likelihood`` and ``concordance`` are measured on those customers too. ``trees`` is XGBoost's own JSON.
    """

    NAME: ClassVar[str] = "boosted_aft"
    TITLE: ClassVar[str] = "Boosted model of accelerated lifetimes"

    trees: str

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        return {**super().to_dict(), "trees": json.loads(self.trees)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> FittedBoostedAFT:  # Any: plain data, checked by the shared part
        """The model that ``to_dict`` wrote; DataError when it is not one."""
        return super().from_dict({**content, "trees": json.dumps(content.get("trees"))})

    def _cumulative_hazard(self, matrix: Floats, times: Floats) -> Floats:
        return (times / np.exp(-self._risk(matrix))[:, None]) ** self.params["shape"]

    def _time_of_hazard(self, matrix: Floats, hazard: float) -> Floats:
        return np.exp(-self._risk(matrix)) * hazard ** (1 / self.params["shape"])

    def _risk(self, matrix: Floats) -> Floats:
        booster = xgb.Booster({"nthread": 1}, model_file=bytearray(self.trees, "utf-8"))
        return -np.log(_own_scale(booster, matrix) * self.params["scale"])


@dataclass(frozen=True)
class BoostedAFT:
    """Learns effects that bend and depend on each other; needs 30 customers who left, and no further package."""

    def fit(self, durations: Durations, seed: int) -> FittedBoostedAFT:
        """Raises DataError with too few who left, or where somebody left after no time at all."""
        learnt = durations.above_zero()
        enough(learnt, "The boosted survival model", FEWEST_EVENTS)
        matrix = covariate_matrix(learnt.names, learnt.covariates)
        matrix = matrix if learnt.names else np.zeros((len(learnt), 1))
        plain = weibull_of(learnt.duration, learnt.event.astype(np.float64))
        shape = {**_SHAPE, "aft_loss_distribution_scale": 1 / plain.shape, "seed": seed % 2**31}
        time = learnt.duration / plain.scale
        rounds, unseen = _cross_fitted(matrix, time, learnt.event, shape, seed)
        spread = weibull_of(time / unseen, learnt.event.astype(np.float64))
        booster = xgb.train(shape, _data(matrix, time, learnt.event), rounds)
        scale = unseen * spread.scale * plain.scale
        return FittedBoostedAFT(
            columns=learnt.names,
            params={"scale": spread.scale * plain.scale, "shape": spread.shape},
            log_likelihood=weibull_log_likelihood(
                learnt.duration, learnt.event.astype(np.float64), scale, spread.shape
            ),
            concordance=harrell_c(learnt, -unseen),
            customers=len(learnt),
            events=learnt.events,
            unit=learnt.unit,
            advice="",
            trees=bytes(booster.save_raw("json")).decode(),
        )


def _cross_fitted(
    matrix: Floats, time: Floats, left: Flags, shape: Mapping[str, object], seed: int
) -> tuple[int, Floats]:
    """The number of rounds that served unseen customers best, and each customer's own scale by trees that never saw it."""
    fold = np.random.default_rng(seed).permutation(len(time)) % _FOLDS
    losses, boosters = [], []
    for number in range(_FOLDS):
        seen, unseen = (_data(matrix[rows], time[rows], left[rows]) for rows in (fold != number, fold == number))
        told: dict[str, dict[str, list[float]]] = {}
        boosters.append(
            xgb.train(dict(shape), seen, MOST_ROUNDS, evals=[(unseen, "unseen")], evals_result=told, verbose_eval=False)
        )
        losses.append(told["unseen"]["aft-nloglik"])
    rounds = int(np.argmin(np.mean(losses, axis=0))) + 1
    own = np.empty(len(time))
    for number, booster in enumerate(boosters):
        own[fold == number] = _own_scale(booster[:rounds], matrix[fold == number])
    return rounds, own


def _data(matrix: Floats, time: Floats, left: Flags) -> xgb.DMatrix:
    data = xgb.DMatrix(matrix, nthread=1)
    data.set_float_info("label_lower_bound", time)
    data.set_float_info("label_upper_bound", np.where(left, time, np.inf))
    return data


def _own_scale(booster: xgb.Booster, matrix: Floats) -> Floats:
    matrix = matrix if matrix.shape[1] else np.zeros((len(matrix), 1))
    return np.asarray(booster.predict(xgb.DMatrix(matrix, nthread=1)), dtype=np.float64)
