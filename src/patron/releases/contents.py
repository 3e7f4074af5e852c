"""A published release, opened to be read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from patron import tables
from patron.errors import NothingThere
from patron.releases.manifest import Manifest, read_manifest, verify
from patron.releases.shelf import Shelf

SCORES, SEGMENTS, FEATURES, EVIDENCE = "scores.parquet", "segments.parquet", "features.parquet", "evidence.json"
FORECAST, FORECAST_COHORTS = "forecast.parquet", "forecast_cohorts.parquet"
MOVES, MEMBERS, BEHAVIOUR, BRIDGE = "moves.parquet", "members.parquet", "behaviour.parquet", "bridge.parquet"
SEGMENTATION = "segmentation.json"
LINEAGE = "lineage.parquet"
PURCHASE_DAYS, TOLD = "purchase_days.parquet", "told.json"
MODELS, SEGMENT_MODELS = "models", "segments"
DATA_CONTRACT = "data_contract.json"
CARD_JSON, CARD_TEXT = "model_card.json", "model_card.md"


@dataclass(frozen=True)
class Release:
    """One release: its folder and its manifest; tables are read when asked for."""

    folder: Path
    manifest: Manifest

    @property
    def id(self) -> str:
        return self.manifest.id

    def scores(self) -> pa.Table:
        """One row per customer, columns as in ``tables.SCORES``."""
        return pq.read_table(self.folder / SCORES)

    def segments(self) -> pa.Table:
        """One row per customer, columns as in ``tables.SEGMENTS``."""
        return pq.read_table(self.folder / SEGMENTS)

    def features(self) -> pa.Table:
        """One row per customer: the features the scores were made from."""
        return pq.read_table(self.folder / FEATURES)

    def forecast(self) -> pa.Table:
        """One row per calendar month ahead, columns as in ``tables.FORECAST``; none where history is too young."""
        return pq.read_table(self.folder / FORECAST)

    def forecast_cohorts(self) -> pa.Table:
        """The customers' part of the forecast by cohort and month, columns as in ``tables.FORECAST_COHORTS``."""
        return pq.read_table(self.folder / FORECAST_COHORTS)

    def moves(self) -> pa.Table:
        """Who belongs to another group than in the release before, and why; columns as in ``tables.MOVES``."""
        return self._table(MOVES, tables.MOVES.names)

    def members(self) -> pa.Table:
        """Who belongs to the groups of your own rules; columns as in ``tables.MEMBERS``."""
        return self._table(MEMBERS, tables.MEMBERS.names)

    def behaviour(self) -> pa.Table:
        """One row per customer: engagement, alert, value at risk and whether rising; columns as in ``tables.BEHAVIOUR``."""
        return self._table(BEHAVIOUR, tables.BEHAVIOUR.names)

    def bridge(self) -> pa.Table:
        """Why each value differs from the release before, in parts that add up; columns as in ``tables.BRIDGE``."""
        return self._table(BRIDGE, tables.BRIDGE.names)

    def segmentation(self) -> dict[str, Any]:
        """How segments were found and how they did on the past: clusters, movement, calm, behaviour and the bridge, as plain data.

        A release from before this was kept gives {}.
        """
        path = self.folder / SEGMENTATION
        return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}

    def lineage(self) -> pa.Table:
        """Which column is made from which, columns as in ``tables.LINEAGE``; a release from before it was kept has none."""
        return self._table(LINEAGE, tables.LINEAGE.names)

    def purchase_days(self) -> pa.Table:
        """Each customer's days with a purchase: customer_id and purchase_day, days since 1970-01-01, in that order.

        A release from before they were kept has none, and says so by NothingThere.
        """
        path = self.folder / PURCHASE_DAYS
        if not path.is_file():
            raise NothingThere(
                f"Release {self.id} does not hold the days of purchases.", to_do="Publish a new one with 'patron run'."
            )
        return pq.read_table(path, read_dictionary=["customer_id"])

    def told_reached(self) -> dict[str, int]:
        """Up to which event this release was made, by table: the places of events that were told to the server."""
        path = self.folder / TOLD
        return (
            {name: int(place) for name, place in json.loads(path.read_text("utf-8")).items()} if path.is_file() else {}
        )

    def evidence(self) -> dict[str, Any]:
        """The backtest, the gate's verdict, the intake and the caveats, as plain data."""
        return dict(json.loads((self.folder / EVIDENCE).read_text("utf-8")))

    def model_card(self) -> dict[str, Any]:
        """How good the values were out of time, for whom, and where they are off, as plain data.

        ``model_card.md`` in the release's folder says the same in words. A release from before there were cards gives {}.
        """
        path = self.folder / CARD_JSON
        return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}

    def data_contract(self) -> dict[str, Any]:
        """What it takes, beside the models, to value data that is sent; a release from before it was kept gives {}."""
        path = self.folder / DATA_CONTRACT
        return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}

    def model_artifacts(self) -> dict[str, bytes]:
        """The champion as it was kept: the files of ``models/``, JSON and UBJ, by name and sorted.

        ``models.valuing.stored.read_model(release.model_artifacts(), release.manifest.champion, horizon_days)`` makes of
        them the model that predicts.
        """
        files = sorted(path for path in (self.folder / MODELS).glob("*") if path.suffix in (".json", ".ubj"))
        return {path.name: path.read_bytes() for path in files}

    def _table(self, file: str, columns: tuple[str, ...]) -> pa.Table:
        """A table of the release; one that an older release did not have is empty."""
        path = self.folder / file
        return (
            pq.read_table(path) if path.is_file() else pa.table({name: pa.array([], pa.string()) for name in columns})
        )

    def verify(self) -> None:
        """Check every file against its hash; raises DamagedRelease."""
        verify(self.folder)


def load_release(workspace: Path | str = ".", name: str | None = None) -> Release:
    """A release of a workspace: the current one, or one by name."""
    folder = Shelf(Path(workspace) / "releases").path(name)
    return Release(folder, read_manifest(folder))
