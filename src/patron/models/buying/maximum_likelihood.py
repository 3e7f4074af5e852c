"""Finds the parameters under which the data are most likely, with their standard errors and a plain verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.optimize import minimize

from patron.models.arrays import Flags, Floats

Objective = Callable[[Floats], tuple[float, Floats]]
"""Mean log-likelihood per customer, and its gradient, at the logarithms of the parameters."""
Curved = Callable[[Floats], tuple[float, Floats, Floats]]
"""An objective that gives its second derivatives too."""
Bounds = Sequence[tuple[float, float]]

LARGEST_GRADIENT: Final = 1e-6
FLAT: Final = 1e-8
"""A second derivative of the mean log-likelihood below this is none: a million customers would not settle it."""
FEW_ROWS: Final = 1_500
"""Starts race on so many rows; a good start is all that they must find."""
SOME_ROWS: Final = 40_000
"""… and the best goes on with so many, so that all rows are visited two or three times only."""
_STEP: Final = 1e-4
_EDGE: Final = 0.01
# A Newton step is worth taking while it would raise the whole log-likelihood by this much; at the end the parameters
# lie within a millionth of a standard error of the peak.
_WORTH: Final = 1e-12
_LONGEST_STEP: Final = 1.5
_ROUNDING: Final = 1e-12
_TOUCHING: Final = 1e-6


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood is largest: log-parameters, mean log-likelihood, covariance of the log-parameters.

    ``converged``: nothing uphill is left within what was searched. ``advice`` names parameters that the data do not pin
    down (their rows of the covariance are NaN), or says what to try when the search failed.
    """

    log_params: Floats
    mean_log_likelihood: float
    log_covariance: Floats
    converged: bool
    advice: str

    @property
    def log_standard_errors(self) -> Floats:
        """Standard errors of the log-parameters."""
        return np.asarray(np.sqrt(np.diag(self.log_covariance)), dtype=np.float64)


def maximise_curved(
    samples: Sequence[Curved],
    starts: Sequence[Floats],
    bounds: Bounds,
    names: Sequence[str],
    customers: float,
) -> Maximum:
    """The maximum over log-parameters by Newton's method, where the second derivatives are known.

    ``samples`` are the objective on ever more rows; the last has all, and convergence is judged there. The starts race
    on the first. Where Newton's method doesn't settle on all rows, quasi-Newton takes over.
    """
    raced = [_newton(samples[0], start, bounds, customers, steps=60) for start in starts]
    best = max(raced, key=lambda found: found.value)
    for sample in samples[1:]:
        best = _newton(sample, best.point, bounds, customers, steps=20)
    if not best.settled:
        climbed, _ = _climb(lambda point: samples[-1](point)[:2], best.point, bounds)
        best = max(best, _newton(samples[-1], climbed, bounds, customers, steps=5), key=lambda found: found.value)
    return _verdict(best.point, best.value, best.gradient, best.hessian, bounds, names, customers)


def in_logarithms(params: Floats, gradient: Floats, hessian: Floats) -> tuple[Floats, Floats]:
    """Gradient and second derivatives by the logarithms of the parameters, from those by the parameters."""
    along = params * gradient
    return along, hessian * np.outer(params, params) + np.diag(along)


@dataclass(frozen=True)
class _Reached:
    """Where a climb stands, and whether a further Newton step would be worth taking."""

    point: Floats
    value: float
    gradient: Floats
    hessian: Floats
    settled: bool = False


def _newton(objective: Curved, start: Floats, bounds: Bounds, customers: float, steps: int) -> _Reached:
    """Newton steps uphill within the bounds, each halved until it climbs."""
    low, high = np.transpose(bounds)
    reached = _Reached(np.clip(start, low, high), *objective(np.clip(start, low, high)))
    for _ in range(steps):
        direction = _uphill(reached, low, high)
        if float(reached.gradient @ direction) * customers <= _WORTH:
            return replace(reached, settled=True)
        further = _step(objective, reached, _within(reached.point, direction, low, high), low, high)
        if further is None:
            # Rounding hides what is left of the climb: settled if that is next to nothing.
            level = bool(np.abs(_free(reached, low, high) * reached.gradient).max() <= LARGEST_GRADIENT / 10)
            return replace(reached, settled=level)
        reached = further
    return reached


def _uphill(at: _Reached, low: Floats, high: Floats) -> Floats:
    """Newton's direction among the free parameters; where the likelihood is not curved like a peak, its mirror image."""
    free = np.flatnonzero(_free(at, low, high))
    direction = np.zeros(len(at.point))
    if free.size:
        curvature, axes = np.linalg.eigh(-at.hessian[np.ix_(free, free)])
        size = np.maximum(np.abs(curvature), 1e-12)
        direction[free] = axes @ ((axes.T @ at.gradient[free]) / size)
    longest = np.abs(direction).max(initial=0.0)
    return direction * min(1.0, _LONGEST_STEP / longest) if longest > 0 else direction


def _free(at: _Reached, low: Floats, high: Floats) -> Flags:
    """Parameters that can follow their gradient: not those pressed against a bound."""
    stuck = ((at.point <= low + _TOUCHING) & (at.gradient < 0)) | ((at.point >= high - _TOUCHING) & (at.gradient > 0))
    return np.asarray(~stuck)


def _within(point: Floats, direction: Floats, low: Floats, high: Floats) -> Floats:
    """The direction, shortened so that it ends where it first meets a bound: along a ridge all parameters move at once."""
    moving = direction != 0
    room = np.where(direction > 0, high - point, point - low)[moving]
    return direction * min(1.0, float((room / np.abs(direction[moving])).min(initial=1.0)))


def _step(objective: Curved, at: _Reached, direction: Floats, low: Floats, high: Floats) -> _Reached | None:
    gain = float(at.gradient @ direction)
    for halvings in range(12):
        share = 0.5**halvings
        candidate = np.clip(at.point + share * direction, low, high)
        reached = _Reached(candidate, *objective(candidate))
        if reached.value > at.value + 1e-4 * share * gain:
            return reached
        calmer = np.abs(reached.gradient).max() < 0.5 * np.abs(at.gradient).max()
        rounding = _ROUNDING * (1 + abs(at.value))
        if calmer and reached.value >= at.value - rounding:
            return reached
        if share * gain < rounding / 100:
            return None
    return None


def _verdict(
    point: Floats,
    value: float,
    gradient: Floats,
    hessian: Floats,
    bounds: Bounds,
    names: Sequence[str],
    customers: float,
) -> Maximum:
    loose = _at_edge(point, bounds) | (-np.diag(hessian) < FLAT)
    covariance, peaked = _covariance(hessian, customers, loose)
    converged = peaked and bool(np.abs(gradient[~loose]).max(initial=0.0) <= LARGEST_GRADIENT)
    advice = _advice(converged, [name for name, is_loose in zip(names, loose, strict=True) if is_loose])
    return Maximum(point, value, covariance, converged, advice)


def _climb(objective: Objective, start: Floats, bounds: Bounds) -> tuple[Floats, float]:
    def downhill(point: Floats) -> tuple[float, Floats]:
        value, gradient = objective(point)
        return -value, -gradient

    options = {"maxiter": 500, "maxfun": 1000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 20}
    found = minimize(downhill, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(found.x, dtype=np.float64), -float(found.fun)


def _at_edge(point: Floats, bounds: Bounds) -> Flags:
    low, high = np.transpose(bounds)
    return np.asarray((point - low < _EDGE) | (high - point < _EDGE))


def _covariance(hessian: Floats, customers: float, loose: Flags) -> tuple[Floats, bool]:
    """Inverse of the observed information of the parameters that are pinned down, and whether it is a peak."""
    covariance = np.full(hessian.shape, np.nan)
    firm = np.flatnonzero(~loose)
    information = -hessian[np.ix_(firm, firm)] * customers
    peaked = not firm.size or bool(np.linalg.eigvalsh(information).min() > 0)
    if peaked and firm.size:
        covariance[np.ix_(firm, firm)] = np.linalg.inv(information)
    return covariance, peaked


def _advice(converged: bool, loose_names: Sequence[str]) -> str:
    if not converged:
        return (
            "The search stopped before the likelihood was level. Look for customers with impossible histories, such as "
            "thousands of purchases within days, and fit again without them; or give a longer history."
        )
    if loose_names:
        return (
            f"The data do not pin down {' and '.join(loose_names)}: the likelihood is level towards the edge of what was "
            "searched. Predictions can be used; do not read meaning into these parameters. A longer history or more "
            "customers may settle them."
        )
    return ""
