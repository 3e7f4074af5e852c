"""What data leave open: directions in which parameters and coefficients can move together and hardly matter.

With covariates such directions are common: if nobody leaves in the high season, its coefficient may as well be infinite.
They show as eigenvectors of the information matrix whose eigenvalues are as good as 0, not as rows that are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from patron.models.arrays import Flags, Floats
from patron.models.buying.covariates import Design, contents, own_units
from patron.models.buying.fitted import NAN, Fitted
from patron.models.buying.maximum_likelihood import FLAT, LARGEST_GRADIENT, Bounds, Curved, Maximum

_EDGE: Final = 0.01
_MOVES: Final = 0.01


@dataclass(frozen=True, eq=False)
class _Information:
    """The covariance of what the data pin down, and the directions that they leave open, in the search's coordinates."""

    covariance: Floats
    open: Floats
    level: bool

    @classmethod
    def at(cls, point: Floats, objective: Curved, bounds: Bounds, customers: float) -> _Information:
        """What can be known at the point where a search ended; coordinates at their bounds are open."""
        _, gradient, hessian = objective(point)
        low, high = np.transpose(bounds)
        inside = np.flatnonzero((point - low >= _EDGE) & (high - point >= _EDGE))
        curvature, axes = np.linalg.eigh(-hessian[np.ix_(inside, inside)])
        firm = curvature > FLAT
        size = len(point)
        covariance, unknown = np.zeros((size, size)), np.eye(size)
        covariance[np.ix_(inside, inside)] = (axes[:, firm] / (curvature[firm] * customers)) @ axes[:, firm].T
        unknown[np.ix_(inside, inside)] = axes[:, ~firm] @ axes[:, ~firm].T
        level = np.abs(gradient[inside]).max(initial=0.0) <= LARGEST_GRADIENT
        return cls(covariance, unknown, bool(level and (curvature > -FLAT).all()))


def fields_of(
    found: Maximum, objective: Curved, bounds: Bounds, customers: float, design: Design, kind: type[Any], units: Floats
) -> dict[str, Any]:  # Any: a fitted model's class, and its fields
    """The fields of a fitted model with covariates, as ``contents`` gives them; NaN errors where the data leave it open."""
    known = _Information.at(found.log_params, objective, bounds, customers)
    loose = _loose(replace(found, log_covariance=known.open), design, units)
    fields = contents(replace(found, log_covariance=known.covariance), design, kind, units)
    names = [*kind.PARAMS, *design.labels]
    advice = found.advice if not known.level else _advice([names[place] for place in np.flatnonzero(loose)])
    return fields | _hidden(fields, loose, design, kind) | {"converged": known.level, "advice": advice}


def _loose(opened: Maximum, design: Design, units: Floats) -> Flags:
    """Which parameters and coefficients, in their own units, an open direction moves."""
    _, moves = own_units(opened, design, units)
    spread = np.concatenate([np.ones(4), *design.deviations])
    return np.asarray(np.sqrt(np.maximum(np.diag(moves), 0.0)) * spread > _MOVES)


def _hidden(
    fields: dict[str, Any], loose: Flags, design: Design, kind: type[Fitted]
) -> dict[str, Any]:  # Any: as above
    """The errors and covariances, NaN for what is loose."""
    errors = {
        name: NAN if is_loose else fields["standard_errors"][name]
        for name, is_loose in zip(kind.PARAMS, loose, strict=False)
    }
    covariance = np.where(loose[:4, None] | loose[:4], NAN, np.array(fields["log_covariance"]))
    coefficients: dict[str, dict[str, float]] = {}
    first = 4
    for part, names in zip(design.parts, design.names, strict=True):
        found = fields["coefficient_errors"][part.name]
        places = loose[first : first + len(names)]
        coefficients[part.name] = {
            name: NAN if hidden else found[name] for name, hidden in zip(names, places, strict=True)
        }
        first += len(names)
    return {
        "standard_errors": errors,
        "log_covariance": tuple(tuple(map(float, row)) for row in covariance),
        "coefficient_errors": coefficients,
    }


def _advice(loose: Sequence[str]) -> str:
    if not loose:
        return ""
    return (
        f"The data do not pin down {' and '.join(loose)}: the likelihood is as good as level there. Predictions can be "
        "used; do not read meaning into the values. A longer history or fewer covariates may settle it."
    )
