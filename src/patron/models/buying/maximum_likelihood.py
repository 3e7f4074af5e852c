"""Finds the parameters under which the data are most likely, with their standard errors and a plain verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize

from patron.models.arrays import Flags, Floats

Objective = Callable[[Floats], tuple[float, Floats]]
"""Mean log-likelihood per customer, and its gradient, at the logarithms of the parameters."""

LARGEST_GRADIENT: Final = 1e-6
FLAT: Final = 1e-8
"""A second derivative of the mean log-likelihood below this is none: a million customers would not settle it."""
_STEP: Final = 1e-4
_EDGE: Final = 0.01


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


def maximise(
    objective: Objective,
    thin: Objective,
    starts: Sequence[Floats],
    bounds: Sequence[tuple[float, float]],
    names: Sequence[str],
    customers: float,
) -> Maximum:
    """The maximum of ``objective`` over log-parameters, from the best of several starts.

    ``thin`` is the objective on few rows: the starts race there and the best finishes on all rows, first by
    quasi-Newton, then by Newton steps. ``customers`` is the number of customers behind the mean.
    """
    raced = [_climb(thin, start, bounds) for start in starts]
    best = max(raced, key=lambda found: found[1])[0]
    point, _ = _climb(objective, best, bounds)
    point, hessian = _polish(objective, point, bounds)
    value, gradient = objective(point)
    loose = _at_edge(point, bounds) | (-np.diag(hessian) < FLAT)
    covariance, peaked = _covariance(hessian, customers, loose)
    converged = peaked and bool(np.abs(gradient[~loose]).max(initial=0.0) <= LARGEST_GRADIENT)
    return Maximum(
        point, value, covariance, converged, _advice(converged, [n for n, x in zip(names, loose, strict=True) if x])
    )


def _climb(objective: Objective, start: Floats, bounds: Sequence[tuple[float, float]]) -> tuple[Floats, float]:
    def downhill(point: Floats) -> tuple[float, Floats]:
        value, gradient = objective(point)
        return -value, -gradient

    options = {"maxiter": 500, "maxfun": 1000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 20}
    found = minimize(downhill, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(found.x, dtype=np.float64), -float(found.fun)


def _polish(objective: Objective, point: Floats, bounds: Sequence[tuple[float, float]]) -> tuple[Floats, Floats]:
    """Up to three Newton steps, each kept only if it climbs, and the second derivatives where they end."""
    low, high = np.transpose(bounds)
    hessian = _hessian(objective, point)
    for _ in range(3):
        value, gradient = objective(point)
        settled = np.abs(gradient).max() <= LARGEST_GRADIENT / 100
        if settled or np.linalg.eigvalsh(hessian).max() >= 0:
            break
        candidate = np.clip(point - np.linalg.solve(hessian, gradient), low, high)
        if objective(candidate)[0] < value:
            break
        point, hessian = candidate, _hessian(objective, candidate)
    return point, hessian


def _hessian(objective: Objective, point: Floats) -> Floats:
    steps = np.eye(len(point)) * _STEP
    rows = np.array([(objective(point + step)[1] - objective(point - step)[1]) / (2 * _STEP) for step in steps])
    return (rows + rows.T) / 2


def _at_edge(point: Floats, bounds: Sequence[tuple[float, float]]) -> Flags:
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
