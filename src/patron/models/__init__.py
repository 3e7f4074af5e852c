"""Arithmetic on arrays: what customers will do and be worth, and how sure that is. No storage, clock or files.

For notebooks: ``from patron.models import BGNBD, GammaGamma, Summary, lifetime_value``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from patron.models.buying.bg_bb import BGBB as BGBB
    from patron.models.buying.bg_bb import Occasions as Occasions
    from patron.models.buying.bg_nbd import BGNBD as BGNBD
    from patron.models.buying.bg_nbd_covariates import BGNBDCovariates as BGNBDCovariates
    from patron.models.buying.comparison import information_criteria as information_criteria
    from patron.models.buying.comparison import likelihood_ratio as likelihood_ratio
    from patron.models.buying.gamma_gamma import GammaGamma as GammaGamma
    from patron.models.buying.lifetime_value import lifetime_value as lifetime_value
    from patron.models.buying.lifetime_value import residual_lifetime_value as residual_lifetime_value
    from patron.models.buying.live import LiveValue as LiveValue
    from patron.models.buying.mbg_nbd import MBGNBD as MBGNBD
    from patron.models.buying.orders import summary_of_orders as summary_of_orders
    from patron.models.buying.pareto_nbd import ParetoNBD as ParetoNBD
    from patron.models.buying.pareto_nbd_covariates import ParetoNBDCovariates as ParetoNBDCovariates
    from patron.models.buying.pareto_nbd_time_varying import ParetoNBDTimeVarying as ParetoNBDTimeVarying
    from patron.models.buying.purchase_history import PurchaseHistory as PurchaseHistory
    from patron.models.buying.shifted_beta_geometric import Contracts as Contracts
    from patron.models.buying.shifted_beta_geometric import ShiftedBetaGeometric as ShiftedBetaGeometric
    from patron.models.buying.summary import Summary as Summary
    from patron.models.buying.uncertainty import bootstrap as bootstrap
    from patron.models.buying.uncertainty import parameter_intervals as parameter_intervals
    from patron.models.buying.uncertainty import prediction_interval as prediction_interval
    from patron.models.survival.boosted import BoostedAFT as BoostedAFT
    from patron.models.survival.cox import Cox as Cox
    from patron.models.survival.durations import Durations as Durations
    from patron.models.survival.kaplan_meier import KaplanMeier as KaplanMeier
    from patron.models.survival.weibull import WeibullAFT as WeibullAFT
    from patron.models.validation.metrics import measure as measure
    from patron.models.valuing.acquisition import AcquisitionTerms as AcquisitionTerms
    from patron.models.valuing.installed import value_models as value_models
    from patron.models.valuing.prospects import Newcomers as Newcomers
    from patron.models.valuing.prospects import PastNewcomers as PastNewcomers
    from patron.models.valuing.prospects import Prospects as Prospects

# Loaded when asked for: XGBoost and SciPy take a second, and a name from here should not cost it.
_HOMES: Final = {
    "AcquisitionTerms": "valuing.acquisition",
    "BGBB": "buying.bg_bb",
    "BGNBD": "buying.bg_nbd",
    "BGNBDCovariates": "buying.bg_nbd_covariates",
    "BoostedAFT": "survival.boosted",
    "Contracts": "buying.shifted_beta_geometric",
    "Cox": "survival.cox",
    "Durations": "survival.durations",
    "GammaGamma": "buying.gamma_gamma",
    "KaplanMeier": "survival.kaplan_meier",
    "LiveValue": "buying.live",
    "MBGNBD": "buying.mbg_nbd",
    "Newcomers": "valuing.prospects",
    "Occasions": "buying.bg_bb",
    "ParetoNBD": "buying.pareto_nbd",
    "ParetoNBDCovariates": "buying.pareto_nbd_covariates",
    "ParetoNBDTimeVarying": "buying.pareto_nbd_time_varying",
    "PastNewcomers": "valuing.prospects",
    "Prospects": "valuing.prospects",
    "PurchaseHistory": "buying.purchase_history",
    "ShiftedBetaGeometric": "buying.shifted_beta_geometric",
    "Summary": "buying.summary",
    "WeibullAFT": "survival.weibull",
    "bootstrap": "buying.uncertainty",
    "information_criteria": "buying.comparison",
    "lifetime_value": "buying.lifetime_value",
    "likelihood_ratio": "buying.comparison",
    "measure": "validation.metrics",
    "parameter_intervals": "buying.uncertainty",
    "prediction_interval": "buying.uncertainty",
    "residual_lifetime_value": "buying.lifetime_value",
    "summary_of_orders": "buying.orders",
    "value_models": "valuing.installed",
}
__all__ = [
    "BGBB",
    "BGNBD",
    "MBGNBD",
    "AcquisitionTerms",
    "BGNBDCovariates",
    "BoostedAFT",
    "Contracts",
    "Cox",
    "Durations",
    "GammaGamma",
    "KaplanMeier",
    "LiveValue",
    "Newcomers",
    "Occasions",
    "ParetoNBD",
    "ParetoNBDCovariates",
    "ParetoNBDTimeVarying",
    "PastNewcomers",
    "Prospects",
    "PurchaseHistory",
    "ShiftedBetaGeometric",
    "Summary",
    "WeibullAFT",
    "bootstrap",
    "information_criteria",
    "lifetime_value",
    "likelihood_ratio",
    "measure",
    "parameter_intervals",
    "prediction_interval",
    "residual_lifetime_value",
    "summary_of_orders",
    "value_models",
]


def __getattr__(name: str) -> Any:  # Any: what a lazy name holds depends on the name
    if name in _HOMES:
        return getattr(import_module(f"patron.models.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'patron.models' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
