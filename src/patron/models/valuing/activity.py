"""Whether and when customers buy next, from a purchase process: what every value model says of activity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from patron.errors import DataError
from patron.models.arrays import Floats
from patron.models.buying.bg_nbd import BGNBD, FittedBGNBD
from patron.models.buying.mbg_nbd import FittedMBGNBD
from patron.models.buying.pareto_nbd import FittedParetoNBD
from patron.models.buying.summary import Summary
from patron.models.customers import Customers, Prediction
from patron.models.valuing.once import once_per_table

INPUTS: Final = ("frequency", "recency", "T")
FROM_CHANCE: Final = 0.1
TO_CHANCE: Final = 0.9
# Where no customer was ever observed past the first day there is nothing to fit: one purchase a year, seldom leaving.
_UNOBSERVED: Final = FittedBGNBD({"r": 1.0, "alpha": 365.0, "a": 1.0, "b": 10.0}, converged=False, advice="No history.")


@dataclass(frozen=True)
class FittedActivity:
    """A purchase process in days, asked about one horizon."""

    process: FittedBGNBD | FittedMBGNBD | FittedParetoNBD
    horizon_days: int

    def prediction(
        self, customers: Customers, expected_value: Floats, expected_orders: Floats, no_purchase: Floats | None = None
    ) -> Prediction:
        """A whole prediction around a model's own values and orders.

        ``no_purchase`` is the model's own chance of no purchase, where it has one. Who buys within the horizon has not
        left: the chance of being alive is at least that of a purchase.
        """
        summary = summary_of(customers)
        own = self.process.probability_no_purchase(summary, self.horizon_days) if no_purchase is None else no_purchase
        own = np.clip(own, 0.0, 1.0)
        return Prediction(
            expected_value=expected_value,
            expected_orders=expected_orders,
            probability_alive=np.maximum(self.process.probability_alive(summary), 1 - own),
            probability_no_purchase=own,
            next_purchase_from_days=self._quantile(summary, FROM_CHANCE),
            next_purchase_to_days=self._quantile(summary, TO_CHANCE),
        )

    def artifact(self) -> dict[str, bytes]:
        return {f"{self.process.NAME}.json": as_json(self.process.to_dict())}

    def _quantile(self, summary: Summary, chance: float) -> Floats:
        return self.process.next_purchase_quantile(summary, chance, within=self.horizon_days)


def fit_activity(customers: Customers, horizon_days: int) -> FittedActivity:
    """The purchase process of these customers."""
    return FittedActivity(_process(customers), horizon_days)


@once_per_table
def _process(customers: Customers) -> FittedBGNBD:
    summary = summary_to_learn_from(customers)
    return BGNBD().fit(summary) if bool((summary.T > 0).any()) else _UNOBSERVED


def summary_of(customers: Customers) -> Summary:
    """The buy-till-you-die summary in a feature table, in days."""
    frequency, recency, T = (customers.column(name) for name in INPUTS)
    return Summary(frequency, recency, T, unit="day")


def summary_to_learn_from(customers: Customers) -> Summary:
    """The summaries that a purchase process learns from: of these customers, or of everybody they stand for."""
    if customers.counted is None:
        return summary_of(customers)
    frequency, recency, T = (customers.counted[name] for name in INPUTS)
    return Summary(frequency, recency, T, weight=customers.counted["weight"], unit="day")


def stored_activity(files: Mapping[str, bytes], horizon_days: int, process: str = "") -> FittedActivity:
    """The purchase process that was filed beside a model, of this name if there are several; DataError without one."""
    kinds = {kind.NAME: kind for kind in (FittedBGNBD, FittedMBGNBD, FittedParetoNBD)}
    for name in [process] if process else kinds:
        if f"{name}.json" in files and name in kinds:
            return FittedActivity(kinds[name].from_dict(json.loads(files[f"{name}.json"])), int(horizon_days))
    expected = " or ".join(f"'{name}.json'" for name in ([process] if process else kinds))
    raise DataError("The purchase process is missing beside the model.", allowed=f"{expected} is expected.")


def plain_facts(files: Mapping[str, bytes], file: str, model: str) -> dict[str, Any]:  # Any: JSON
    """The facts in one of a model's files; DataError when it is missing or another model's."""
    facts = json.loads(files[file]) if file in files else {}
    if facts.get("model") != model:
        raise DataError(
            f"These files are no {model} model: '{file}' says {facts.get('model')!r}.", allowed=f"Expected '{model}'."
        )
    return dict(facts)


def as_json(content: object) -> bytes:
    """The same bytes for the same content."""
    return json.dumps(content, sort_keys=True, indent=1, allow_nan=False).encode()
