"""The worth of customers by what was sent of them: the release's model and intervals, over features made as it made them."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from patron.models.customers import FittedValueModel
from patron.models.valuing.stored import read_model
from patron.releases.contents import Release
from patron.scores.by_data.contract import DataContract
from patron.scores.by_data.described import Describing, without_unknown
from patron.scores.by_data.rows import Arrived, arrived, told_columns
from patron.scores.by_data.sent import SentCustomers
from patron.scores.scoring import Scoring
from patron.scores.table import confidence


@dataclass(frozen=True, eq=False)
class Valued:
    """Everybody sent who has a transaction, by number: the features, the rows of ``scores.table.VALUED``, how sure."""

    arrived: Arrived
    unknown: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    features: pa.RecordBatch
    scores: pa.RecordBatch | None
    confidence: tuple[str, ...]


class DataValuing:
    """Values what is sent by one release; several threads may ask at once."""

    def __init__(self, release: Release) -> None:
        manifest = release.manifest
        self.contract = DataContract.from_json(manifest.id, release.data_contract())
        self.describing = Describing(self.contract, manifest.horizon_days)
        self._fitted: FittedValueModel = read_model(release.model_artifacts(), manifest.champion, manifest.horizon_days)
        self._model, self._horizon_days = manifest.champion, manifest.horizon_days

    def value(self, sent: SentCustomers, as_of_day: int) -> Valued:
        """Value everybody sent, as of the end of a day."""
        read_by = self.contract.reading(sent.source)
        rows = arrived(sent, self.contract, read_by, as_of_day)
        unknown = tuple(self.describing.unknown(told_columns(one)) for one in sent.customers)
        described = self.describing.describe(rows.tables, as_of_day)
        features = without_unknown(described, dict(enumerate(unknown)))
        numbers = tuple(int(number) for number in features.column("customer_id").to_pylist())
        scored = self._scored(features, as_of_day) if numbers else None
        return Valued(rows, unknown, numbers, features, scored, self._confidence(scored))

    def _scored(self, features: pa.RecordBatch, as_of_day: int) -> pa.RecordBatch:
        facts = self.contract.facts
        scoring = Scoring(
            self._fitted, self._model, as_of_day, self._horizon_days, facts.intervals, facts.usual_history
        )
        return scoring(features)

    def _confidence(self, scored: pa.RecordBatch | None) -> tuple[str, ...]:
        if scored is None:
            return ()
        width, value = (scored.column(name).to_numpy() for name in ("exact_width", "exact_value"))
        facts = self.contract.facts
        return tuple(confidence(width, value, facts.usual_value, proven=facts.intervals is not None))
