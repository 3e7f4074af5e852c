"""Fitted value models read back from the plain files that they were kept as; nothing in a file is ever run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, runtime_checkable

import xgboost as xgb

from patron.errors import DataError, UsageError
from patron.models.customers import FittedValueModel
from patron.models.valuing.activity import as_json
from patron.models.valuing.baselines import FittedCohortMean, FittedRule
from patron.models.valuing.blend import FittedBlend
from patron.models.valuing.boosting import FittedBoosting
from patron.models.valuing.forest import FittedForest
from patron.models.valuing.hybrid import FittedHybrid
from patron.models.valuing.installed import value_models
from patron.models.valuing.linear import FittedLinear
from patron.models.valuing.process_value import FittedProcessValue
from patron.models.valuing.search import FittedTunedBoosting
from patron.models.valuing.smooth import FittedSmooth, FittedZeroInflated
from patron.models.valuing.tweedie import FittedTweedie

Files = Mapping[str, bytes]


@runtime_checkable
class ReadsBack(Protocol):
    """An installed value model that can read what its fitted models keep in ``artifacts``."""

    def read(self, artifacts: Mapping[str, bytes]) -> FittedValueModel: ...


def _process(name: str) -> Callable[[Files], FittedValueModel]:
    return lambda files: FittedProcessValue.from_artifacts(files, name)


def _rule(name: str) -> Callable[[Files], FittedValueModel]:
    return lambda files: FittedRule.from_artifacts(files, name)


def _smooth(name: str) -> Callable[[Files], FittedValueModel]:
    return lambda files: FittedSmooth.from_artifacts(files, name)


# A model made of others keeps their files beside its own: those that are made of others come first.
_READERS: Final[dict[str, tuple[str, Callable[[Files], FittedValueModel]]]] = {
    "hybrid": ("hybrid.json", FittedHybrid.from_artifacts),
    "blend": ("blend.json", FittedBlend.from_artifacts),
    "tuned_boosting": ("search.json", FittedTunedBoosting.from_artifacts),
    "boosting": ("boosting.json", FittedBoosting.from_artifacts),
    "tweedie": ("tweedie.json", FittedTweedie.from_artifacts),
    "corrected": ("corrected.json", _smooth("corrected")),
    "smooth": ("smooth.json", _smooth("smooth")),
    "zero_inflated": ("zero_inflated.json", FittedZeroInflated.from_artifacts),
    "linear": ("linear.json", FittedLinear.from_artifacts),
    "random_forest": ("random_forest.json", FittedForest.from_artifacts),
    "trailing_value": ("trailing_value.json", _rule("trailing_value")),
    "rfm_rate": ("rfm_rate.json", _rule("rfm_rate")),
    "cohort_mean": ("cohort_mean.json", FittedCohortMean.from_artifacts),
    "bg_nbd": ("bg_nbd.json", _process("bg_nbd")),
    "mbg_nbd": ("mbg_nbd.json", _process("mbg_nbd")),
    "pareto_nbd": ("pareto_nbd.json", _process("pareto_nbd")),
}
READABLE: Final = tuple(_READERS)
"""The names of the models that ``read_model`` reads without further help."""
_STANDS_FOR: Final = (("hybrid", "bg_nbd"), ("blend", "boosting"))
"""A hybrid with too few to learn from is BG/NBD; a blend was once kept as the boosting that it is made of."""
_DAMAGE: Final = (ValueError, KeyError, TypeError, AttributeError, IndexError, DataError, xgb.core.XGBoostError)


def read_model(artifacts: Files, name: str = "", horizon_days: int | None = None) -> FittedValueModel:
    """The fitted value model whose ``artifacts()`` these files are; it predicts the same to the last bit.

    ``name`` is the model that was asked to learn, a release's champion. A hybrid with too few to learn from is kept as
    what it then is, BG/NBD; an installed model is read by its own ``read``. ``horizon_days`` is what the predictions
    look ahead, for files of an earlier version, which did not say it.

    Raises UsageError naming a model that cannot be read back, and DataError naming the model whose files are damaged,
    incomplete, or of an earlier version that did not keep all it takes.
    """
    if name and name not in _READERS:
        return _of_installed(name, artifacts)
    kind = _kind(artifacts, name)
    try:
        fitted = _READERS[kind][1](_completed(artifacts, kind, horizon_days))
        unknown = sorted(artifacts.keys() - fitted.artifacts().keys())
    except _DAMAGE as error:
        raise DataError(
            f"The stored {kind} model cannot be read: {_in_words(error)}.",
            allowed="Its files must be those that were published.",
            to_do="Publish anew with 'patron run --again'.",
        ) from error
    if unknown:
        raise DataError(
            f"Beside the files of a {kind} model stands '{unknown[0]}', which is none of them.",
            to_do="Name the model that was kept: read_model(artifacts, name).",
        )
    return fitted


def _of_installed(name: str, artifacts: Files) -> FittedValueModel:
    models: dict[str, object] = dict(value_models())
    model = models.get(name)
    if isinstance(model, ReadsBack):
        return model.read(artifacts)
    to_do = "Give it a method read(artifacts), which makes the fitted model again."
    raise UsageError(
        f"The model '{name}' cannot be read back from its files.",
        allowed=f"Readable: {', '.join(sorted(READABLE))}, and installed models with a method read.",
        to_do=to_do if name in models else "Install the package that brings it.",
    )


def _kind(artifacts: Files, name: str) -> str:
    """The model that these files are, by the file that only it keeps; DataError when it is not the one named."""
    kind = next((kind for kind, (mark, _) in _READERS.items() if mark in artifacts), "")
    if not kind:
        raise DataError(
            f"No value model is kept in these files: {', '.join(sorted(artifacts)) or 'there are none'}.",
            allowed=f"One of {', '.join(sorted(mark for mark, _ in _READERS.values()))} is expected.",
        )
    if name in ("", kind) or (name, kind) in _STANDS_FOR:
        return "blend" if (name, kind) == ("blend", "boosting") else kind
    raise DataError(
        f"The stored {name} model cannot be read: these are the files of a {kind} model.",
        allowed=f"'{_READERS[name][0]}' is expected.",
    )


def _completed(artifacts: Files, kind: str, horizon_days: int | None) -> Files:
    """The files, with what earlier versions left out where it follows from the horizon."""
    if kind == "blend" and "blend.json" not in artifacts:
        artifacts = {**artifacts, "blend.json": as_json({"model": "blend"})}
    if horizon_days is None:
        return artifacts
    marks = {mark for mark, _ in _READERS.values()}
    return {name: _with_horizon(body, horizon_days) if name in marks else body for name, body in artifacts.items()}


def _with_horizon(body: bytes, horizon_days: int) -> bytes:
    facts: dict[str, Any] = json.loads(body)  # Any: JSON
    if facts.get("model") == "cohort_mean":
        return as_json({"horizon_days": horizon_days, **facts})
    # What was learnt over the horizon itself is told as it is.
    if facts.get("learnt_over_days") == horizon_days:
        return as_json({"horizon_days": horizon_days, "growth": 1.0, **facts})
    return body


def _in_words(error: Exception) -> str:
    if isinstance(error, DataError):
        return str(error).rstrip(".")
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
