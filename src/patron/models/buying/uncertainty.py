"""How sure fitted parameters and predictions are: the delta method and the bootstrap.

Both tell how far an expectation is known from so many customers. What single customers will do scatters more widely
around it: for that there are the conformal intervals of ``patron.models.validation``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit, ndtri

from patron.errors import DataError, UsageError
from patron.models.arrays import Floats
from patron.models.buying.comparison import parameter_count
from patron.models.buying.fitted import Fitted

Scale = Literal["amount", "share", "number"]
"""What a prediction is: an amount of 0 or more, a share between 0 and 1, or any number."""

_STEP: Final = 1e-4
_NARROWEST: Final = 1e-12
# Beyond this many standard errors a logarithm or a logit has no meaning left, and exp would overflow.
_WIDEST: Final = 500.0


class Grouped(Protocol):
    """Customers in rows that may each stand for many."""

    @property
    def weights(self) -> Floats: ...

    def collapse(self) -> Self: ...


FittedT = TypeVar("FittedT", bound=Fitted)
CustomersT = TypeVar("CustomersT", bound=Grouped)
ModelT = TypeVar("ModelT")


@dataclass(frozen=True, eq=False)
class Interval:
    """An estimate between its bounds, each of the shape of what was estimated; ``level`` is the promised coverage."""

    estimate: Floats
    low: Floats
    high: Floats
    level: float


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """What each measure came to on the customers and on every resample (the first axis of its draws).

    ``unsettled`` counts resamples whose fit did not converge; they are kept, for leaving them out would narrow the
    intervals.
    """

    estimates: Mapping[str, Floats]
    draws: Mapping[str, Floats]
    unsettled: int

    def interval(self, measure: str, level: float = 0.95) -> Interval:
        """The percentile interval of a measure."""
        outside = (1 - _level(level)) / 2
        low, high = np.quantile(self.draws[measure], [outside, 1 - outside], axis=0)
        return Interval(self.estimates[measure], low, high, level)

    def standard_error(self, measure: str) -> Floats:
        """The standard deviation of a measure over the resamples."""
        return np.asarray(np.std(self.draws[measure], axis=0, ddof=1), dtype=np.float64)


def parameter_intervals(fitted: Fitted, level: float = 0.95) -> dict[str, Interval]:
    """Each parameter's delta-method interval, symmetric on the logarithm; NaN bounds where the data leave it open."""
    if fitted.log_covariance is None:
        raise _given(fitted)
    estimate = np.array(fitted.symbols)
    spread = float(ndtri((1 + _level(level)) / 2)) * np.sqrt(np.diag(np.array(fitted.log_covariance)))
    with np.errstate(over="ignore"):
        low, high = estimate * np.exp(-spread), estimate * np.exp(spread)
    each = zip(fitted.PARAMS, estimate, low, high, strict=True)
    return {name: Interval(np.asarray(at), np.asarray(a), np.asarray(b), level) for name, at, a, b in each}


def prediction_interval(
    fitted: FittedT, predict: Callable[[FittedT], ArrayLike], level: float = 0.95, scale: Scale = "amount"
) -> Interval:
    """The delta-method interval of anything predicted from the parameters: one number or an array of any shape.

    ``predict`` is called with models that differ from ``fitted`` in one parameter a little. ``scale`` keeps the bounds
    where they belong: above 0, between 0 and 1, or anywhere. Raises UsageError when the parameters were given rather
    than fitted, when the data leave one open, and for models with covariates, whose coefficients are uncertain too.
    """
    covariance = _covariance(fitted)
    estimate = np.asarray(predict(fitted), dtype=np.float64)
    gradient = np.stack([_slope(fitted, predict, name) for name in fitted.PARAMS])
    variance = np.einsum("i...,ij,j...->...", gradient, covariance, gradient)
    spread = float(ndtri((1 + _level(level)) / 2)) * np.sqrt(np.maximum(variance, 0.0))
    low, high = _bounds(estimate, spread, scale)
    return Interval(estimate, low, high, level)


def bootstrap(
    fit: Callable[[CustomersT], ModelT],
    customers: CustomersT,
    measures: Mapping[str, Callable[[ModelT], ArrayLike]],
    *,
    resamples: int = 200,
    seed: int,
    sample: Callable[[np.random.Generator], CustomersT] | None = None,
) -> Bootstrap:
    """What the measures come to when the model is fitted anew on resampled customers.

    ``fit`` is a model's own (``BGNBD().fit``) or a function that fits several; each measure maps what it returns to one
    number or an array: ``parameters``, a portfolio's total, predictions for given customers. Customers are drawn with
    replacement, alike ones at once, unless ``sample`` makes them, for instance from a fitted model's story
    (``lambda rng: fitted.simulate(T, rng).summary``: the parametric bootstrap). The same seed gives the same draws, and
    more resamples keep the first ones.
    """
    if resamples < 2:
        raise UsageError(f"{resamples} resamples were asked for.", allowed="At least 2; 200 for 95 % intervals.")
    draw = sample or resampling(customers)
    base = fit(customers)
    estimates = {name: np.asarray(measure(base), dtype=np.float64) for name, measure in measures.items()}
    draws: dict[str, list[Floats]] = {name: [] for name in measures}
    unsettled = 0
    for child in np.random.SeedSequence(seed).spawn(resamples):
        model = fit(draw(np.random.default_rng(child)))
        unsettled += not getattr(model, "converged", True)
        for name, measure in measures.items():
            draws[name].append(np.asarray(measure(model), dtype=np.float64))
    return Bootstrap(estimates, {name: np.stack(values) for name, values in draws.items()}, unsettled)


def resampling(customers: CustomersT, keep_rows: bool = False) -> Callable[[np.random.Generator], CustomersT]:
    """Draws as many customers as there are, with replacement, as new weights of the distinct rows.

    One draw costs as much as there are distinct rows, however many customers they stand for. Rows with spend are kept
    apart: no two spend the same. ``keep_rows`` leaves all rows in their order, for models fitted on more columns than
    these customers hold, such as covariates. Raises DataError when weights are not whole numbers.
    """
    # A summary with spend would lose it by collapsing.
    as_they_are = keep_rows or getattr(customers, "monetary_value", None) is not None
    rows = customers if as_they_are else customers.collapse()
    weight = rows.weights
    if (weight != np.floor(weight)).any() or not weight.sum() > 0:
        raise DataError(
            f"The weights sum to {weight.sum():g} and are not all whole numbers.",
            allowed="Resampling draws customers: each weight must count some.",
        )

    def draw(rng: np.random.Generator) -> CustomersT:
        counts = rng.multinomial(int(weight.sum()), weight / weight.sum())
        # Every class of customers is a frozen dataclass with a field 'weight'.
        return replace(rows, weight=counts)  # type: ignore[type-var]

    return draw


def parameters(fitted: Fitted) -> Floats:
    """The parameters in the paper's order: a measure for ``bootstrap``."""
    return np.array(fitted.symbols)


def _slope(fitted: FittedT, predict: Callable[[FittedT], ArrayLike], name: str) -> Floats:
    """The derivative of the prediction by one parameter's logarithm, from a small step to both sides."""
    ends = [
        np.asarray(predict(replace(fitted, params={**fitted.params, name: fitted.params[name] * float(np.exp(step))})))
        for step in (-_STEP, _STEP)
    ]
    return np.asarray((ends[1] - ends[0]) / (2 * _STEP), dtype=np.float64)


def _bounds(estimate: Floats, spread: Floats, scale: Scale) -> tuple[Floats, Floats]:
    if scale == "number":
        return estimate - spread, estimate + spread
    if scale == "amount":
        wide = np.minimum(spread / np.maximum(estimate, _NARROWEST), _WIDEST)
        return estimate * np.exp(-wide), estimate * np.exp(wide)
    if scale != "share":
        raise UsageError(f"No scale named '{scale}'.", allowed="Known: amount, share, number.")
    wide = np.minimum(spread / np.maximum(estimate * (1 - estimate), _NARROWEST), _WIDEST)
    low, high = expit(logit(estimate) - wide), expit(logit(estimate) + wide)
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)


def _covariance(fitted: Fitted) -> Floats:
    if fitted.log_covariance is None:
        raise _given(fitted)
    covariance = np.array(fitted.log_covariance)
    if np.isfinite(fitted.log_likelihood) and parameter_count(fitted) > len(fitted.PARAMS):
        raise UsageError(
            f"{fitted.TITLE}: the delta method knows the spread of {', '.join(fitted.PARAMS)} only, not of coefficients.",
            to_do="Use the bootstrap with sample=resampling(customers, keep_rows=True).",
        )
    loose = [name for name, value in zip(fitted.PARAMS, np.diag(covariance), strict=True) if np.isnan(value)]
    if loose:
        raise UsageError(
            f"The data leave {' and '.join(loose)} of the {fitted.TITLE} open: the delta method has no spread for them.",
            to_do="Use the bootstrap, which needs none.",
        )
    return covariance


def _given(fitted: Fitted) -> UsageError:
    return UsageError(
        f"The {fitted.TITLE} was given its parameters, not fitted: how sure they are is not known.",
        to_do="Fit it on customers first.",
    )


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise UsageError(f"A level of {level} was asked for.", allowed="It lies between 0 and 1, such as 0.95.")
    return level
