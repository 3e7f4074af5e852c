"""Finds the parameters under which the data are most likely, with their standard errors and a plain verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize

from patron.models.arrays import Floats

Objective = Callable[[Floats], tuple[float, Floats]]
"""Mean log-likelihood per customer, and its gradient, at the logarithms of the parameters."""

LARGEST_GRADIENT: Final = 1e-6
_STEP: Final = 1e-4


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood is largest: log-parameters, mean log-likelihood, standard errors of the log-parameters."""

    log_params: Floats
    mean_log_likelihood: float
    log_standard_errors: Floats
    converged: bool
    advice: str


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
    at_edge = _at_edge(point, bounds)
    errors, curved = _standard_errors(hessian, customers, at_edge)
    flat = bool(np.abs(gradient[~at_edge]).max(initial=0.0) <= LARGEST_GRADIENT)
    converged = flat and curved and not at_edge.any()
    edge_names = [name for name, edge in zip(names, at_edge, strict=True) if edge]
    return Maximum(point, value, errors, converged, "" if converged else _advice(flat, edge_names))


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
        if np.abs(gradient).max() <= LARGEST_GRADIENT / 100 or not _is_peak(hessian):
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


def _is_peak(hessian: Floats) -> bool:
    return bool(np.linalg.eigvalsh(hessian).max() < 0)


def _at_edge(point: Floats, bounds: Sequence[tuple[float, float]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    low, high = np.transpose(bounds)
    return (point - low < 1e-3) | (high - point < 1e-3)


def _standard_errors(
    hessian: Floats, customers: float, at_edge: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> tuple[Floats, bool]:
    """Standard errors from the observed information; NaN for parameters at an edge, and for all without a peak."""
    errors = np.full(len(hessian), np.nan)
    inside = np.flatnonzero(~at_edge)
    information = -hessian[np.ix_(inside, inside)] * customers
    curved = bool(inside.size) and bool(np.linalg.eigvalsh(information).min() > 0)
    if curved:
        errors[inside] = np.sqrt(np.diag(np.linalg.inv(information)))
    return errors, curved


def _advice(flat: bool, edge_names: Sequence[str]) -> str:
    if edge_names:
        return (
            f"The data do not pin down {', '.join(edge_names)}: the likelihood still rises at the edge of what was "
            "searched. Predictions within the history's own length can be used; give a longer history, more customers "
            "or a simpler model before reading the parameters."
        )
    if flat:
        return (
            "The likelihood has no clear peak: other parameters fit equally well. Give a longer history or more "
            "customers, or use a simpler model."
        )
    return (
        "The search stopped before the likelihood was level. Look for customers with impossible histories, such as "
        "thousands of purchases within days, and fit again without them."
    )
