"""Which value models there are: those built in, and those other packages offer as entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from patron.errors import UnknownName, UsageError
from patron.models.customers import ValueModel
from patron.models.valuing.baselines import CohortMean, RFMRate, TrailingValue
from patron.models.valuing.blend import Blend
from patron.models.valuing.boosting import Boosting
from patron.models.valuing.forest import RandomForest
from patron.models.valuing.hybrid import Hybrid
from patron.models.valuing.linear import Linear
from patron.models.valuing.process_value import BGNBDValue, MBGNBDValue, ParetoNBDValue
from patron.models.valuing.search import TunedBoosting
from patron.models.valuing.smooth import CorrectedProcess, SmoothRegression, ZeroInflated
from patron.models.valuing.tweedie import Tweedie

GROUP: Final = "patron.models"
BASELINES: Final = ("trailing_value", "rfm_rate", "cohort_mean")
_BUILT_IN: Final[tuple[ValueModel, ...]] = (
    TrailingValue(),
    RFMRate(),
    CohortMean(),
    BGNBDValue(),
    MBGNBDValue(),
    ParetoNBDValue(),
    Linear(),
    RandomForest(),
    CorrectedProcess(),
    SmoothRegression(),
    ZeroInflated(),
    Tweedie(),
    Boosting(),
    TunedBoosting(),
    Blend(),
    Hybrid(),
)


def value_models() -> dict[str, ValueModel]:
    """Every value model by name: built in, then installed. Two of one name raise UsageError."""
    models = {model.name: model for model in _BUILT_IN}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        model = _loaded(entry)
        if type(models.get(model.name, model)) is not type(model):
            raise UsageError(
                f"Two models are named '{model.name}': one is '{entry.value}'.",
                to_do="Uninstall the package that brings one of them, or rename its model.",
            )
        models[model.name] = model
    return models


def value_model(name: str) -> ValueModel:
    """The value model of this name; UnknownName with the known ones otherwise."""
    models = value_models()
    if name not in models:
        raise UnknownName("model", name, models)
    return models[name]


def _loaded(entry: EntryPoint) -> ValueModel:
    try:
        model: ValueModel = entry.load()()
    except (ImportError, AttributeError, TypeError) as error:
        raise UsageError(
            f"The installed model '{entry.name}' ({entry.value}) cannot be loaded: {error}.",
            to_do="Mend or uninstall the package that brings it.",
        ) from error
    return model
