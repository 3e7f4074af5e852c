"""A published release, opened to be read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from patron.releases.manifest import Manifest, read_manifest, verify
from patron.releases.shelf import Shelf
from patron.tables import LINEAGE as LINEAGE_TABLE

SCORES, SEGMENTS, FEATURES, EVIDENCE = "scores.parquet", "segments.parquet", "features.parquet", "evidence.json"
FORECAST, FORECAST_COHORTS = "forecast.parquet", "forecast_cohorts.parquet"
LINEAGE = "lineage.parquet"
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

    def lineage(self) -> pa.Table:
        """Which column is made from which, columns as in ``tables.LINEAGE``; a release from before it was kept has none."""
        path = self.folder / LINEAGE
        return (
            pq.read_table(path)
            if path.is_file()
            else pa.table({name: pa.array([], pa.string()) for name in LINEAGE_TABLE.names})
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

    def verify(self) -> None:
        """Check every file against its hash; raises DamagedRelease."""
        verify(self.folder)


def load_release(workspace: Path | str = ".", name: str | None = None) -> Release:
    """A release of a workspace: the current one, or one by name."""
    folder = Shelf(Path(workspace) / "releases").path(name)
    return Release(folder, read_manifest(folder))
