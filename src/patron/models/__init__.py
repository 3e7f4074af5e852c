"""Arithmetic on arrays: what customers will do and be worth, and how sure that is. No storage, clock or files.

For notebooks: ``from patron.models import BGNBD, GammaGamma, Summary``, and
``from patron.models.lifetime_value import lifetime_value``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from patron.models.bg_nbd import BGNBD as BGNBD
    from patron.models.gamma_gamma import GammaGamma as GammaGamma
    from patron.models.installed import value_models as value_models
    from patron.models.metrics import measure as measure
    from patron.models.summary import Summary as Summary

# Loaded when asked for: XGBoost and SciPy take a second, and a name from here should not cost it.
_HOMES: Final = {
    "BGNBD": "bg_nbd",
    "GammaGamma": "gamma_gamma",
    "Summary": "summary",
    "measure": "metrics",
    "value_models": "installed",
}
__all__ = ["BGNBD", "GammaGamma", "Summary", "measure", "value_models"]


def __getattr__(name: str) -> Any:  # Any: what a lazy name holds depends on the name
    if name in _HOMES:
        return getattr(import_module(f"patron.models.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'patron.models' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
