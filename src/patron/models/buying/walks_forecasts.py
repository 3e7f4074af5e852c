"""What customers whose rates follow time-varying covariates will do, given their histories and the covariates to come.

Bachmann, Meierer and Näf (2021), "The role of time-varying contextual factors in latent attrition models for customer base
analysis", Marketing Science 40(4). A customer's rates are known as before: gamma (r+x, α+A(T)) and, of one who is still
there, gamma (s, β+D(T)). What is to come is a walk of its own that starts from there.
"""

from __future__ import annotations

import numpy as np

from patron.models.arrays import Floats
from patron.models.buying.covariate_walks import Ahead, Walks
from patron.models.buying.walks_likelihood import Nodes, Outcomes, Path, RatesAt, multiplier, outcomes, paths


def alive(walks: Walks, at: RatesAt) -> Floats:
    """Chance that each customer has not left by the end."""
    terms = outcomes(walks, at)
    return np.asarray(np.exp(terms.log_likelihood[: len(walks)] - terms.total(len(walks))), dtype=np.float64)


def purchases_if_alive(walks: Walks, ahead: Ahead, at: RatesAt, rate: float, units: int) -> Floats:
    """Purchases expected of customers who are alive, by unit of time ahead, each discounted at the continuous rate.

    The mean rate of buying (r+x)/(α+A(T)) times ∫ a(t) e^(-δt) ((β+D(T))/(β+D(t)))^s dt over each unit; customers × units.
    """
    known, future = paths(walks, at), ahead.walks
    a = multiplier(future.purchase, at.purchase)
    leaving = Path.along(future, multiplier(future.attrition, at.attrition), known[1].end)
    lived = np.flatnonzero(future.after.ravel() > 0)
    q, d = leaving.in_runs(lived)
    nodes = Nodes.on(lived, future.after.ravel()[lived], max(at.s, 1.0) * d / q + rate)
    who = nodes.run // future.after.shape[1]
    q, d = leaving.in_runs(nodes.run)
    elapsed = (np.cumsum(future.after, axis=1) - future.after).ravel()[nodes.run] + nodes.since
    stays = at.s * (np.log(known[1].end[who]) - np.log(q + d * nodes.since))
    slope = np.broadcast_to(a, future.after.shape).ravel()[nodes.run]
    bought = slope * np.exp(stays + nodes.log_weight - rate * elapsed)
    column = np.minimum(ahead.unit.ravel()[nodes.run], units - 1)
    sums = np.bincount(who * units + column, bought, len(walks) * units).reshape(len(walks), units)
    return np.asarray(sums * ((at.r + walks.frequency) / known[0].end)[:, None], dtype=np.float64)


def no_purchase(walks: Walks, ahead: Ahead, at: RatesAt) -> Floats:
    """Chance that each customer buys nothing ahead: has left, leaves first, or waits."""
    known, future = paths(walks, at), ahead.walks
    buying = Path.along(future, multiplier(future.purchase, at.purchase), known[0].end)
    leaving = Path.along(future, multiplier(future.attrition, at.attrition), known[1].end)
    silent = Outcomes.of(future, at, buying, leaving).total(len(walks))
    silent += (at.r + walks.frequency) * np.log(known[0].end) + at.s * np.log(known[1].end)
    return np.asarray(np.clip(1 + alive(walks, at) * np.expm1(silent), 0.0, 1.0), dtype=np.float64)
