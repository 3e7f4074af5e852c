"""Which of several fitted models the data favour: the likelihood-ratio test and information criteria."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import chdtrc

from patron.errors import UsageError
from patron.models.buying.fitted import Fitted

# Two searches end this close to the same summit, per customer.
_SLACK: Final = 1e-6
# Burnham and Anderson (2002): within 2 of the best a model is as good, beyond 10 it has no support.
_AS_GOOD: Final = 2.0
_HOPELESS: Final = 10.0


@dataclass(frozen=True)
class LikelihoodRatio:
    """The test of a model against a larger one that contains it; ``p_value`` is the chance of so large a gain by luck."""

    smaller: str
    larger: str
    statistic: float
    degrees_of_freedom: int
    p_value: float
    verdict: str


@dataclass(frozen=True)
class Criteria:
    """One model among several: ``behind`` is its AIC minus the best one's, ``weight`` its share of the evidence."""

    title: str
    parameters: int
    log_likelihood: float
    aic: float
    bic: float
    behind: float
    weight: float


@dataclass(frozen=True)
class Comparison:
    """Models fitted on the same customers, the lowest AIC first, and what that says."""

    rows: tuple[Criteria, ...]
    verdict: str


def likelihood_ratio(smaller: Fitted, larger: Fitted, level: float = 0.05) -> LikelihoodRatio:
    """Whether the parameters that ``larger`` adds to ``smaller`` earn their place, at this level of error.

    The smaller model must be a special case of the larger one (with and without covariates, say); that cannot be seen
    from the fits. Raises UsageError when they cannot be nested: as many parameters, a larger model that fits worse,
    other customers or another unit of time.
    """
    _comparable((smaller, larger))
    if not 0 < level < 1:
        raise UsageError(f"A level of {level} was asked for.", allowed="It lies between 0 and 1, such as 0.05.")
    more = parameter_count(larger) - parameter_count(smaller)
    if more < 1:
        raise UsageError(
            f"{_named(larger)} has no more parameters than {_named(smaller)}: neither contains the other.",
            to_do="Compare them with information_criteria.",
        )
    gain = larger.log_likelihood - smaller.log_likelihood
    if gain < -_SLACK * max(larger.customers, 1.0):
        raise UsageError(
            f"{_named(larger)} fits worse than {_named(smaller)}, by {-gain:.3f} in log-likelihood, although it is larger.",
            to_do="It does not contain the smaller model, or its fit did not converge: see its advice.",
        )
    statistic = 2 * max(gain, 0.0)
    p_value = float(chdtrc(more, statistic))
    verdict = _ratio_verdict(smaller, larger, statistic, more, p_value, level)
    return LikelihoodRatio(_named(smaller), _named(larger), statistic, more, p_value, verdict)


def information_criteria(models: Sequence[Fitted]) -> Comparison:
    """The models side by side by AIC and BIC, the lowest AIC first, with a plain verdict.

    Raises UsageError for fewer than two models, models of other customers or of another unit of time, and models whose
    parameters were given rather than fitted.
    """
    if len(models) < 2:
        raise UsageError(f"{len(models)} models were given.", allowed="A comparison needs two at least.")
    _comparable(models)
    ordered = sorted(models, key=lambda model: model.aic)
    behind = np.array([model.aic for model in ordered]) - ordered[0].aic
    weights = np.exp(-behind / 2) / np.exp(-behind / 2).sum()
    rows = tuple(
        Criteria(_named(m), parameter_count(m), m.log_likelihood, m.aic, m.bic, float(gap), float(weight))
        for m, gap, weight in zip(ordered, behind, weights, strict=True)
    )
    return Comparison(rows, _criteria_verdict(rows))


def parameter_count(fitted: Fitted) -> int:
    """How many parameters a fit has spent, as its own AIC counts them: coefficients of covariates included."""
    return round((fitted.aic + 2 * fitted.log_likelihood) / 2)


def _comparable(models: Sequence[Fitted]) -> None:
    first = models[0]
    for model in models:
        if not np.isfinite(model.log_likelihood) or model.customers <= 0:
            raise UsageError(
                f"{_named(model)} has no log-likelihood: its parameters were given.", to_do="Fit it on customers first."
            )
        if not np.isclose(model.customers, first.customers, rtol=1e-9, atol=0):
            raise UsageError(
                f"{_named(first)} was fitted on {first.customers:,.0f} customers, {_named(model)} on "
                f"{model.customers:,.0f}: their likelihoods cannot be compared.",
                to_do="Fit both on the same customers.",
            )
        units = [getattr(one, "unit", None) for one in (first, model)]
        if units[0] != units[1]:
            raise UsageError(
                f"{_named(first)} is in {units[0] or 'no unit of time'}, {_named(model)} in "
                f"{units[1] or 'no unit of time'}: their likelihoods cannot be compared.",
                to_do="Fit both on the same customers, in the same unit.",
            )


def _named(fitted: Fitted) -> str:
    return fitted.TITLE


def _ratio_verdict(smaller: Fitted, larger: Fitted, statistic: float, more: int, p_value: float, level: float) -> str:
    test = f"χ²({more}) = {statistic:.2f}, p = {_chance(p_value)}"
    if p_value < level:
        return f"{_named(larger)} fits better than chance explains ({test}): prefer it over {_named(smaller)}."
    return f"{_named(larger)} gains no more than chance would ({test}): stay with {_named(smaller)}."


def _criteria_verdict(rows: Sequence[Criteria]) -> str:
    best = rows[0]
    as_good = [row.title for row in rows[1:] if row.behind < _AS_GOOD]
    hopeless = [row.title for row in rows[1:] if row.behind > _HOPELESS]
    words = f"{best.title} has the lowest AIC, {best.aic:,.1f}"
    words += f"; {' and '.join(as_good)} cannot be told from it." if as_good else f", by {rows[1].behind:,.1f}."
    if hopeless:
        words += f" The data give {' and '.join(hopeless)} no support."
    favoured = min(rows, key=lambda row: row.bic)
    if favoured is not best and np.isfinite(favoured.bic):
        words += f" BIC, which charges more for parameters, prefers {favoured.title}."
    return words


def _chance(p_value: float) -> str:
    return "under 0.0001" if p_value < 1e-4 else f"{p_value:.4f}"
