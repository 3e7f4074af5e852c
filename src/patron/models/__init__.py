"""Arithmetic on arrays: what customers will do and be worth, and how sure that is. No storage, clock or files.

For notebooks: ``from patron.models import BGNBD, GammaGamma, Summary``, and
``from patron.models.buying.lifetime_value import lifetime_value``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from patron.models.buying.bg_nbd import BGNBD as BGNBD
    from patron.models.buying.gamma_gamma import GammaGamma as GammaGamma
    from patron.models.buying.summary import Summary as Summary
    from patron.models.validation.metrics import measure as measure
    from patron.models.valuing.installed import value_models as value_models

# Loaded when asked for: XGBoost and SciPy take a second, and a name from here should not cost it.
_HOMES: Final = {
    "BGNBD": "buying.bg_nbd",
    "GammaGamma": "buying.gamma_gamma",
    "Summary": "buying.summary",
    "measure": "validation.metrics",
    "value_models": "valuing.installed",
}
__all__ = ["BGNBD", "GammaGamma", "Summary", "measure", "value_models"]


def __getattr__(name: str) -> Any:  # Any: what a lazy name holds depends on the name
    if name in _HOMES:
        return getattr(import_module(f"patron.models.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'patron.models' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
