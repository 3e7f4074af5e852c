"""What every fitted survival model with covariates answers: survival, lifetimes, churn within a horizon, risk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats, floats
from patron.models.survival.durations import Covariates, covariate_matrix


@dataclass(frozen=True)
class FittedSurvival(ABC):
    """A model that has learnt how covariates hasten or delay leaving; times are in ``unit``s.

    ``params``: its parameters by name; ``log_likelihood`` and ``concordance`` (Harrell's c) as measured at fit;
    ``columns``: the covariates that every answer needs, in order; ``advice``: what to look into, where something was odd.
    """

    NAME: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""

    columns: tuple[str, ...]
    params: Mapping[str, float]
    log_likelihood: float
    concordance: float
    customers: int
    events: int
    unit: str
    advice: str

    def survival(self, covariates: Covariates, times: ArrayLike) -> Floats:
        """The chance of still being there after each time: a row per customer, a column per time."""
        wanted = floats("times", np.atleast_1d(times))
        return np.exp(-self._cumulative_hazard(self._matrix(covariates), wanted[None, :]))

    def survival_at(self, covariates: Covariates, times: ArrayLike) -> Floats:
        """The chance of still being there after a time of each customer's own."""
        return np.exp(-self._hazard_of_each(covariates, times))

    def churn_probability(self, covariates: Covariates, horizon: float, survived: ArrayLike = 0.0) -> Floats:
        """The chance to leave within the horizon, given that the customer is still there after ``survived``."""
        if not 0 <= horizon < np.inf:
            raise UsageError(f"A horizon of {horizon} was asked for.", allowed="It must be 0 or more, and finite.")
        so_far = floats("survived", np.atleast_1d(survived))
        more = self._hazard_of_each(covariates, so_far + horizon) - self._hazard_of_each(covariates, so_far)
        return -np.expm1(-more)

    def quantile(self, covariates: Covariates, share_gone: float) -> Floats:
        """The time by which this share of customers like each will have left; infinite when the model does not say."""
        if not 0 < share_gone < 1:
            raise UsageError(f"A quantile of {share_gone} was asked for.", allowed="It lies between 0 and 1.")
        return self._time_of_hazard(self._matrix(covariates), -np.log1p(-share_gone))

    def median(self, covariates: Covariates) -> Floats:
        """The time by which half of the customers like each will have left."""
        return self.quantile(covariates, 0.5)

    def risk(self, covariates: Covariates) -> Floats:
        """A score that orders customers: the higher, the sooner they leave."""
        return self._risk(self._matrix(covariates))

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        return {"model": self.NAME, **asdict(self)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:  # Any: plain data, checked here
        """The model that ``to_dict`` wrote, which needs no other package to answer; DataError when it is not one."""
        if content.get("model") != cls.NAME:
            raise DataError(
                f"This is no {cls.TITLE}: model is {content.get('model')!r}.", allowed=f"Expected '{cls.NAME}'."
            )
        facts = {name: value for name, value in content.items() if name != "model"}
        lists = {name: tuple(value) for name, value in facts.items() if isinstance(value, list)}
        return cls(**facts | lists)

    def _matrix(self, covariates: Covariates) -> Floats:
        return covariate_matrix(self.columns, covariates)

    def _hazard_of_each(self, covariates: Covariates, times: ArrayLike) -> Floats:
        own, matrix = floats("times", np.atleast_1d(times)), self._matrix(covariates)
        rows = max(len(own), len(matrix))
        if len(own) not in (1, rows) or len(matrix) not in (1, rows):
            raise DataError(
                f"There are {len(own)} times for {len(matrix)} customers.", allowed="Give one for all, or one for each."
            )
        return np.broadcast_to(self._cumulative_hazard(matrix, own[:, None]), (rows, 1))[:, 0]

    @abstractmethod
    def _cumulative_hazard(self, matrix: Floats, times: Floats) -> Floats:
        """−log S; ``times`` is one row for all customers, or a column with one for each."""

    @abstractmethod
    def _time_of_hazard(self, matrix: Floats, hazard: float) -> Floats: ...

    @abstractmethod
    def _risk(self, matrix: Floats) -> Floats: ...


def lifelines_missing(title: str) -> UsageError:
    """What to say where a model cannot learn for want of an optional package."""
    return UsageError(
        f"{title} is fitted by lifelines, which is not installed.",
        allowed="A fitted model that was saved answers without it.",
        to_do="Install it with: pip install 'patron[survival]'",
    )


def weighted_columns(matrix: Floats, weights: tuple[float, ...]) -> Floats:
    """The weighted sum of each row, the same bits on any number of threads."""
    return np.einsum("ij,j->i", matrix, np.array(weights, dtype=np.float64))
