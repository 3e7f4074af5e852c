"""What every fitted model of the family shares: parameters with their uncertainty, and a plain form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats
from patron.models.buying.maximum_likelihood import Maximum
from patron.models.buying.summary import Summary

NAN = float("nan")


@dataclass(frozen=True)
class Fitted:
    """Parameters by the paper's symbols, all positive, found by maximum likelihood or given.

    ``standard_errors`` are NaN where the data do not pin a parameter down; ``log_covariance`` is the covariance of the
    parameters' logarithms, row by row in the order of PARAMS, NaN in the rows of such parameters. ``advice`` says what
    to try when ``converged`` is false.
    """

    NAME: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""
    PARAMS: ClassVar[tuple[str, ...]] = ()

    params: Mapping[str, float]
    log_likelihood: float = NAN
    standard_errors: Mapping[str, float] | None = None
    log_covariance: tuple[tuple[float, ...], ...] | None = None
    converged: bool = True
    advice: str = ""
    customers: float = 0.0

    def __post_init__(self) -> None:
        if set(self.params) != set(self.PARAMS) or not all(0 < self.params[name] < np.inf for name in self.PARAMS):
            raise DataError(
                f"{self.TITLE} has no parameters {dict(self.params)}.", allowed=f"{', '.join(self.PARAMS)}, all > 0."
            )

    @property
    def symbols(self) -> tuple[float, ...]:
        """The parameters in the order of PARAMS."""
        return tuple(self.params[name] for name in self.PARAMS)

    @property
    def aic(self) -> float:
        """Akaike's information criterion: 2·(number of parameters) − 2·log-likelihood; lower is better."""
        return 2 * len(self.PARAMS) - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion: ln(customers)·(number of parameters) − 2·log-likelihood; lower is better."""
        return float(np.log(self.customers)) * len(self.PARAMS) - 2 * self.log_likelihood if self.customers > 0 else NAN

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        return {
            "model": self.NAME,
            "params": dict(self.params),
            "standard_errors": {name: _plain(error) for name, error in (self.standard_errors or {}).items()},
            "log_covariance": [[_plain(value) for value in row] for row in self.log_covariance or ()],
            "log_likelihood": _plain(self.log_likelihood),
            "customers": self.customers,
            "converged": self.converged,
            "advice": self.advice,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:  # Any: plain data, checked here
        """The model that ``to_dict`` wrote; DataError when it is not one."""
        params, errors = content.get("params"), content.get("standard_errors") or {}
        if content.get("model") != cls.NAME or not isinstance(params, Mapping) or not isinstance(errors, Mapping):
            raise DataError(
                f"This is no {cls.TITLE}: model is {content.get('model')!r}.", allowed=f"Expected '{cls.NAME}'."
            )
        return cls(
            **cls._own(content),
            params={name: float(value) for name, value in params.items()},
            log_likelihood=_figure(content.get("log_likelihood")),
            standard_errors={name: _figure(value) for name, value in errors.items()},
            log_covariance=tuple(tuple(map(_figure, row)) for row in content.get("log_covariance") or ()) or None,
            converged=bool(content["converged"]),
            advice=str(content["advice"]),
            customers=float(content["customers"]),
        )

    @classmethod
    def _own(cls, content: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG003 - Any: fields of whatever class this is
        """The fields beyond the shared ones."""
        return {}


@dataclass(frozen=True)
class FittedProcess(Fitted):
    """A model of purchases in time, with its parameters in ``unit``s: a summary in another unit raises UsageError."""

    unit: str = "day"

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        return super().to_dict() | {"unit": self.unit}

    @classmethod
    def _own(cls, content: Mapping[str, Any]) -> dict[str, Any]:
        return {"unit": str(content["unit"])}

    def _same_unit(self, summary: Summary) -> None:
        as_summary(summary)
        if summary.unit != self.unit:
            raise UsageError(
                f"The customers' times are in {summary.unit}s, the model's in {self.unit}s.",
                to_do=f"Give a Summary with unit='{self.unit}', or fit the model on {summary.unit}s.",
            )


def as_summary(customers: object) -> Summary:
    """The customers, once it is sure that they are a Summary; UsageError for a table or an array."""
    if not isinstance(customers, Summary):
        raise UsageError(
            f"Customers were given as {type(customers).__name__}.",
            allowed="Processes take a Summary.",
            to_do="Make one: Summary(frequency, recency, T, unit='week'), with T from the first purchase to today.",
        )
    return customers


def length(periods: float | str) -> float:
    """A horizon, once it is sure to be one: 0 or more, and finite."""
    if isinstance(periods, str):
        raise UsageError(f"A horizon of '{periods}' was asked for.", allowed="A number in the model's unit of time.")
    if not 0 <= periods < np.inf:
        raise UsageError(f"A horizon of {periods} was asked for.", allowed="It must be 0 or more, and finite.")
    return float(periods)


def estimated(names: Sequence[str], values: Floats, found: Maximum) -> dict[str, Any]:  # Any: fields of Fitted
    """What a search says of the parameters: their values in the data's own units, how sure they are, how it ended."""
    return {
        "params": dict(zip(names, map(float, values), strict=True)),
        "standard_errors": dict(zip(names, map(float, values * found.log_standard_errors), strict=True)),
        "log_covariance": as_rows(found.log_covariance),
        "converged": found.converged,
        "advice": found.advice,
    }


def as_rows(matrix: Floats) -> tuple[tuple[float, ...], ...]:
    """A matrix as plain rows."""
    return tuple(tuple(float(value) for value in row) for row in matrix)


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _figure(value: Any) -> float:  # Any: plain data
    return NAN if value is None else float(value)
