"""The fits that lifelines makes, brought into Patron's own plain models. Loaded only where one is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, WeibullAFTFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning

from patron.errors import DataError
from patron.models.arrays import Floats
from patron.models.one_thread import on_one_thread
from patron.models.survival.cox import FittedCox
from patron.models.survival.durations import Durations
from patron.models.survival.weibull import FittedWeibullAFT

_DURATION: Final = "duration"
_EVENT: Final = "event"
_Fitter = Any  # lifelines carries no types


def fit_cox(durations: Durations, penalty: float) -> FittedCox:
    """Coefficients by Efron's partial likelihood, and Breslow's baseline."""
    fitter, advice = _fitted(CoxPHFitter(penalizer=penalty), durations, FittedCox.TITLE)
    baseline = fitter.baseline_cumulative_hazard_.iloc[:, 0]
    return FittedCox(
        columns=durations.names,
        params=_named(durations.names, fitter.params_),
        standard_errors=_named(durations.names, fitter.standard_errors_),
        means=tuple(float(fitter._norm_mean[label]) for label in _labels(durations)),
        times=tuple(baseline.index.to_numpy(dtype=np.float64).tolist()),
        hazard=tuple(baseline.to_numpy(dtype=np.float64).tolist()),
        log_likelihood=float(fitter.log_likelihood_),
        concordance=float(fitter.concordance_index_),
        customers=len(durations),
        events=durations.events,
        unit=durations.unit,
        advice=advice,
    )


def fit_weibull(durations: Durations, penalty: float) -> FittedWeibullAFT:
    """Coefficients of log λ, and one ρ for all."""
    fitter, advice = _fitted(WeibullAFTFitter(penalizer=penalty), durations, FittedWeibullAFT.TITLE)
    slopes, errors = fitter.params_["lambda_"], fitter.standard_errors_["lambda_"]
    return FittedWeibullAFT(
        columns=durations.names,
        params=_named(durations.names, slopes),
        standard_errors=_named(durations.names, errors),
        intercept=float(slopes["Intercept"]),
        rho=float(np.exp(fitter.params_["rho_"]["Intercept"])),
        log_likelihood=float(fitter.log_likelihood_),
        # Where all are alike no pair is in order or out of it.
        concordance=float(fitter.concordance_index_) if durations.names else 0.5,
        customers=len(durations),
        events=durations.events,
        unit=durations.unit,
        advice=advice,
    )


def _fitted(fitter: _Fitter, durations: Durations, title: str) -> tuple[_Fitter, str]:
    """The fitter once it has learnt, and what it found odd."""
    _refuse_constant(durations)
    try:
        with warnings.catch_warnings(record=True) as told, on_one_thread():
            warnings.simplefilter("always")
            fitter.fit(_frame(durations), duration_col=_DURATION, event_col=_EVENT)
    except ConvergenceError as error:
        raise DataError(
            f"The {title} could not be fitted: {str(error).splitlines()[0]}",
            to_do="Leave out covariates that follow from others or that few customers have, or give it a penalty of 0.01.",
        ) from error
    for other in told:
        if not issubclass(other.category, ConvergenceWarning):
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    # lifelines' first paragraph says what is odd; what follows is code for its own users.
    paragraphs = (
        str(one.message).split("For example")[0] for one in told if issubclass(one.category, ConvergenceWarning)
    )
    odd = [" ".join(paragraph.split()) for paragraph in paragraphs]
    return fitter, _in_their_names(" ".join(odd), durations)


def _frame(durations: Durations) -> pd.DataFrame:
    """Plain labels in place of the covariates' names, which may hold anything."""
    columns = dict(zip(_labels(durations), durations.covariates.values(), strict=True))
    return pd.DataFrame({**columns, _DURATION: durations.duration, _EVENT: durations.event})


def _labels(durations: Durations) -> Sequence[str]:
    return [f"covariate_{place}_" for place in range(len(durations.names))]


def _in_their_names(text: str, durations: Durations) -> str:
    for label, name in zip(_labels(durations), durations.names, strict=True):
        text = text.replace(label, name)
    return text


def _named(names: Sequence[str], values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(values[f"covariate_{place}_"]) for place, name in enumerate(names)}


def _refuse_constant(durations: Durations) -> None:
    for name, values in durations.covariates.items():
        if _is_constant(values):
            raise DataError(
                f"The covariate '{name}' is {values[0]:g} for every customer.",
                allowed="A covariate must tell customers apart.",
                to_do="Leave it out.",
            )


def _is_constant(values: Floats) -> bool:
    return bool((values == values[0]).all())
