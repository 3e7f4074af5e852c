"""Scoring where the rows live: a function of one batch of features, which holds the fitted champion and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from patron.models.arrays import Floats
from patron.models.customers import FittedValueModel, Prediction
from patron.models.validation.conformal import Intervals
from patron.scores.table import valued
from patron.scores.untested import model_bounds
from patron.scores.views import numbered


@dataclass(frozen=True, eq=False)
class Scoring:
    """Makes rows of ``table.VALUED`` of any batch of features.

    It can be pickled and sent to another machine, and a customer's row is the same whoever else is in the batch.
    ``usual_history`` is the mean of what customers brought so far; it matters only without ``intervals``.
    """

    fitted: FittedValueModel
    model: str
    as_of_day: int
    horizon_days: int
    intervals: Intervals | None
    usual_history: float = 0.0

    def __call__(self, features: pa.RecordBatch) -> pa.RecordBatch:
        customers = numbered(features, self.as_of_day)
        prediction = self.fitted.predict(customers)
        bounds = self._bounds(prediction)
        return valued(features.column("customer_id"), customers, prediction, bounds, self.horizon_days, self.model)

    def _bounds(self, prediction: Prediction) -> tuple[Floats, Floats]:
        if self.intervals is not None:
            return self.intervals.bounds(prediction.expected_value)
        return model_bounds(prediction, self.usual_history)
