"""The closed form of a release: the buy-till-you-die model that was published with it, asked for one customer at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np

from patron.live.statistics import Statistics
from patron.models.customers import Customers
from patron.models.valuing.process_value import INPUTS, FittedProcessValue
from patron.releases.contents import Release

PROCESSES: Final = ("bg_nbd", "mbg_nbd", "pareto_nbd")
_FILE: Final = "value.json"


@dataclass(frozen=True)
class Worth:
    """What the statistics of a customer say, money in the release's currency, rounded as scores are."""

    expected_value: float
    probability_alive: float
    probability_no_purchase: float


@dataclass(frozen=True, eq=False)
class ClosedForm:
    """A fitted purchase process with its spend. ``makes_the_scores``: it is the release's champion itself, not beside it."""

    fitted: FittedProcessValue
    name: str
    makes_the_scores: bool

    def worth(self, told: Statistics, as_of_day: int) -> Worth:
        """The value over the release's horizon from this day on, as the batch would make it of these statistics."""
        facts = asdict(told)
        columns = {name: np.array([float(facts[name])]) for name in INPUTS}
        made = self.fitted.predict(Customers(as_of_day, np.array([""]), columns))
        return Worth(
            _rounded(made.expected_value, 4),
            _rounded(made.probability_alive, 6),
            _rounded(made.probability_no_purchase, 6),
        )


def closed_form_of(release: Release) -> ClosedForm | None:
    """The closed form that was published with a release; None where its champion stands on none."""
    files = release.model_artifacts()
    name = _process_in(files)
    if name is None:
        return None
    fitted = FittedProcessValue.from_artifacts(files, name)
    activity = replace(fitted.activity, horizon_days=release.manifest.horizon_days)
    return ClosedForm(replace(fitted, activity=activity), name, release.manifest.champion == name)


def _process_in(files: Mapping[str, bytes]) -> str | None:
    if _FILE not in files:
        return None
    name = json.loads(files[_FILE]).get("model")
    return name if name in PROCESSES else None


def _rounded(values: np.ndarray, digits: int) -> float:
    return float(np.round(values, digits)[0] + 0.0)
