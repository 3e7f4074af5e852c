"""What is known of customers beside their purchases, and does not change: where they came from, who they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike

from patron.errors import DataError, UnknownName, UsageError
from patron.models.arrays import Floats, floats
from patron.models.buying.chain_rule import Slopes
from patron.models.buying.fitted import NAN, FittedProcess, as_rows
from patron.models.buying.maximum_likelihood import Maximum
from patron.models.buying.summary import Summary

Covariates = Mapping[str, ArrayLike]
"""A column of numbers per covariate, one value per customer in the summary's order; categories as 0 and 1."""
Coefficients = Mapping[str, Mapping[str, float]]
"""What a covariate does, by the part of the model in which it acts, then by its name."""

LARGEST: Final = 30.0
"""Coefficients are sought up to this many times one standard deviation of their covariate."""
_ALIKE: Final = 1e-8
_FOLLOWS: Final = 1e-6


@dataclass(frozen=True)
class Part:
    """A parameter (its place in PARAMS) whose logarithm moves by ``sign``·γ'z with the covariates."""

    name: str
    place: int
    sign: int


@dataclass(frozen=True)
class FittedCovariates(FittedProcess):
    """A process of which some parameters follow covariates: ``params`` hold where every covariate is 0.

    ``coefficients`` and ``coefficient_errors`` (standard errors) are by part, then by covariate.
    """

    PARTS: ClassVar[tuple[Part, ...]] = ()

    coefficients: Coefficients = field(default_factory=dict)
    coefficient_errors: Coefficients = field(default_factory=dict)

    @property
    def aic(self) -> float:
        """Akaike's information criterion; every coefficient counts as a parameter."""
        return 2 * self._parameter_count - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion; every coefficient counts as a parameter."""
        return (
            float(np.log(self.customers)) * self._parameter_count - 2 * self.log_likelihood
            if self.customers > 0
            else NAN
        )

    @property
    def _parameter_count(self) -> int:
        return len(self.PARAMS) + sum(map(len, self.coefficients.values()))

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        both = {"coefficients": self.coefficients, "coefficient_errors": self.coefficient_errors}
        plain = {
            name: {part: {key: None if np.isnan(x) else x for key, x in values.items()} for part, values in of.items()}
            for name, of in both.items()
        }
        return super().to_dict() | plain

    @classmethod
    def _own(cls, content: Mapping[str, Any]) -> dict[str, Any]:  # Any: plain data, as in Fitted
        both = {
            name: {
                part: {key: NAN if value is None else float(value) for key, value in values.items()}
                for part, values in content[name].items()
            }
            for name in ("coefficients", "coefficient_errors")
        }
        return super()._own(content) | both

    def own_params(self, covariates: Covariates) -> dict[str, Floats]:
        """Each customer's own parameters, by name; those that follow no covariate are the same for all."""
        customers = _customers(covariates, [name for part in self.coefficients.values() for name in part])
        own = {name: np.full(customers, value) for name, value in self.params.items()}
        for part in self.PARTS:
            names = tuple(self.coefficients[part.name])
            table = columns(covariates, names, customers)
            moved = table @ np.array([self.coefficients[part.name][name] for name in names]) if names else 0.0
            own[self.PARAMS[part.place]] = own[self.PARAMS[part.place]] * np.exp(part.sign * moved)
        return own


def columns(covariates: Covariates, names: Sequence[str], customers: int) -> Floats:
    """The named covariates as a table of one column each, one row per customer; an error where they are not that."""
    table = np.empty((customers, len(names)))
    for place, name in enumerate(names):
        if name not in covariates:
            raise UnknownName("covariate", name, covariates)
        values = floats(f"Covariate '{name}'", covariates[name])
        if len(values) != customers:
            raise DataError(
                f"Covariate '{name}' has {len(values)} values for {customers} customers.",
                allowed="Each customer needs one value, in the summary's order.",
            )
        table[:, place] = values
    return table


def _customers(covariates: Covariates, names: Sequence[str]) -> int:
    """How many customers the covariates describe."""
    if not names:
        raise UsageError("The model has no covariates: nothing says how many customers there are.", to_do="Fit some.")
    if names[0] not in covariates:
        raise UnknownName("covariate", names[0], covariates)
    return int(np.size(covariates[names[0]]))


def same_customers(summary: Summary, customers: int, unit: str) -> None:
    """A UsageError when the summary cannot be of the customers whose covariates were given."""
    if len(summary) != customers:
        raise UsageError(
            f"The summary has {len(summary)} customers, the covariates have {customers}.",
            allowed="Both need the same customers, in the same order.",
        )
    if summary.unit != unit:
        raise UsageError(
            f"The customers' times are in {summary.unit}s, the model's in {unit}s.",
            to_do=f"Give a Summary with unit='{unit}', or fit the model on {summary.unit}s.",
        )


def refuse_twice(names: Sequence[str], what: str) -> None:
    """A UsageError when the names are a text instead of a tuple, or one is given twice."""
    if isinstance(names, str):
        raise UsageError(f"The covariates of {what} are the text '{names}'.", to_do=f"Give a tuple: ('{names}',).")
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise UsageError(f"Covariate '{twice[0]}' is given twice for {what}.", to_do="Name each covariate once.")


@dataclass(frozen=True, eq=False)
class Design:
    """The covariates of each part, scaled to mean 0 and standard deviation 1, in which a search finds its way."""

    parts: tuple[Part, ...]
    names: tuple[tuple[str, ...], ...]
    tables: tuple[Floats, ...]
    means: tuple[Floats, ...]
    deviations: tuple[Floats, ...]

    @classmethod
    def of(
        cls, parts: Sequence[Part], names: Sequence[Sequence[str]], summary: Summary, covariates: Covariates
    ) -> Design:
        """The design for a fit; DataError for covariates from which no coefficient can be learnt."""
        share = summary.weights[:, None] / max(float(summary.weights.sum()), 1e-300)
        tables, means, deviations = [], [], []
        for part, chosen in zip(parts, names, strict=True):
            table = columns(covariates, chosen, len(summary))
            mean = (table * share).sum(axis=0)
            deviation = np.sqrt(((table - mean) ** 2 * share).sum(axis=0))
            _refuse_constant(mean, deviation, chosen, part.name)
            table = (table - mean) / deviation
            _refuse_collinear(table * np.sqrt(share), chosen, part.name)
            tables.append(table)
            means.append(mean)
            deviations.append(deviation)
        return cls(tuple(parts), tuple(map(tuple, names)), tuple(tables), tuple(means), tuple(deviations))

    @property
    def slopes(self) -> Slopes:
        """By how much each coefficient moves the logarithm of its parameter, per customer."""
        return {part.place: part.sign * table for part, table in zip(self.parts, self.tables, strict=True)}

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each coefficient: the part and the covariate."""
        pairs = zip(self.parts, self.names, strict=True)
        return tuple(f"the {part.name} coefficient of {name}" for part, names in pairs for name in names)


def _refuse_constant(mean: Floats, deviation: Floats, names: Sequence[str], part: str) -> None:
    for name, value, spread in zip(names, mean, deviation, strict=True):
        if spread <= _ALIKE * max(1.0, abs(value)):
            raise DataError(
                f"Covariate '{name}' is {value:g} for every customer.",
                allowed="A covariate must differ between customers.",
                to_do=f"Leave it out of {part}.",
            )


def _refuse_collinear(scaled: Floats, names: Sequence[str], part: str) -> None:
    """A DataError that names a column which is a sum of multiples of those before it (and a constant)."""
    for place in range(1, len(names)):
        before, column = scaled[:, :place], scaled[:, place]
        multiples, *_ = np.linalg.lstsq(before, column, rcond=None)
        if float(np.sqrt(((column - before @ multiples) ** 2).sum())) > _FOLLOWS:
            continue
        others = [name for name, size in zip(names, np.abs(multiples), strict=False) if size > _FOLLOWS]
        raise DataError(
            f"Covariate '{names[place]}' follows exactly from {' and '.join(map(repr, others))}.",
            allowed="Each covariate must say something of its own: of k categories, k - 1 columns.",
            to_do=f"Leave one of them out of {part}.",
        )


def own_units(found: Maximum, design: Design, units: Floats) -> tuple[Floats, Floats]:
    """The search's point and its covariance for covariates and times in their own units; NaN where not pinned down.

    ``units``: the logarithms of the four parameters' units. With y = y0 + sign·γ'(z - mean)/deviation, a coefficient is
    γ/deviation and y0 moves by -sign·γ'mean/deviation.
    """
    size = len(found.log_params)
    back = np.eye(size)
    first = 4
    for part, mean, deviation in zip(design.parts, design.means, design.deviations, strict=True):
        place = np.arange(first, first + len(mean))
        back[place, place] = 1 / deviation
        back[part.place, place] = -part.sign * mean / deviation
        first += len(mean)
    point = back @ found.log_params
    point[:4] += units
    loose = np.isnan(np.diag(found.log_covariance))
    covariance = back @ np.where(loose[:, None] | loose, 0.0, found.log_covariance) @ back.T
    hidden = (back[:, loose] != 0).any(axis=1)
    covariance[hidden], covariance[:, hidden] = NAN, NAN
    return point, covariance


def contents(
    found: Maximum, design: Design, kind: type[FittedCovariates], units: Floats
) -> dict[str, Any]:  # Any: fields
    """The fields of a fitted model with covariates that follow from the search: parameters, coefficients, errors."""
    point, covariance = own_units(found, design, units)
    errors = np.sqrt(np.diag(covariance))
    params = dict(zip(kind.PARAMS, map(float, np.exp(point[:4])), strict=True))
    coefficients: dict[str, dict[str, float]] = {}
    coefficient_errors: dict[str, dict[str, float]] = {}
    first = 4
    for part, names in zip(design.parts, design.names, strict=True):
        place = slice(first, first + len(names))
        coefficients[part.name] = dict(zip(names, map(float, point[place]), strict=True))
        coefficient_errors[part.name] = dict(zip(names, map(float, errors[place]), strict=True))
        first += len(names)
    return {
        "params": params,
        "standard_errors": {
            name: params[name] * float(error) for name, error in zip(kind.PARAMS, errors, strict=False)
        },
        "log_covariance": as_rows(covariance[:4, :4]),
        "coefficients": coefficients,
        "coefficient_errors": coefficient_errors,
        "converged": found.converged,
        "advice": found.advice,
    }
