"""The model card: what the published values come from, how good they were out of time, for whom, and where they are off.

Every figure is measured by the run; nothing is typed. The same card is a file of the release (JSON and Markdown), a part
of the report, and what ``patron backtest`` gives.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, TypeAdapter
from pydantic.dataclasses import dataclass

from patron.releases.contents import CARD_JSON
from patron.reports.evidence import CoverageRow, Figure, GateEvidence, RunEvidence, Status
from patron.reports.plain_file import read_as

Standing = Literal["within", "beyond", "unsure"]


@dataclass(frozen=True)
class Measured:
    """A figure with its standard error, from resampling customers."""

    value: Figure = None
    error: Figure = None


@dataclass(frozen=True)
class FoldResult:
    """One model's figures on one fold, by name; shares are written 0.12, ``bias`` is predicted / actual − 1."""

    cutoff: date
    customers: int
    figures: dict[str, Measured]


@dataclass(frozen=True)
class ModelResult:
    """One model's figures: over all folds, on each, and how far its declared metric is from the champion's."""

    model: str
    title: str
    status: Status
    overall: dict[str, Measured]
    folds: tuple[FoldResult, ...]
    behind_champion: Measured | None = None


@dataclass(frozen=True)
class SliceRow:
    """One slice of the customers; ``off`` where its bias is material and beyond doubt, ``surely_off`` by how much."""

    by: str
    name: str
    customers: int
    predicted_total: float
    actual_total: float
    bias: Measured
    wape: Measured
    surely_off: float
    off: bool
    small: bool


@dataclass(frozen=True)
class GapRow:
    """How much higher a group is placed than the rest, for what it turned out to be, with its 95 % interval."""

    value: Figure = None
    low: Figure = None
    high: Figure = None


@dataclass(frozen=True)
class GroupRow:
    """One declared group and how alike it is served."""

    by: str
    name: str
    customers: int
    wape: Measured
    value: GapRow
    buyers: GapRow | None
    high_tier_predicted: Measured
    high_tier_actual: Measured
    standing: Standing


@dataclass(frozen=True)
class FairnessPart:
    """Declared groups against a limit; groups that no source tells, or of which there is only one, were not judged."""

    limit: float
    standing: Standing
    groups: tuple[GroupRow, ...] = ()
    declared: tuple[str, ...] = ()
    not_told: tuple[str, ...] = ()
    too_few: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReliabilityRow:
    """Customers of like chance of a purchase: what was said, and the share that bought."""

    rows: int
    predicted: float
    actual: Measured


@dataclass(frozen=True)
class CalibrationPart:
    """Whether chances of a purchase mean what they say."""

    table: tuple[ReliabilityRow, ...]
    ece: Measured
    brier: Measured
    brier_of_base_rate: float


@dataclass(frozen=True)
class LeakPart:
    """What was searched for a look at the future."""

    models: tuple[str, ...] = ()
    inputs: int = 0
    views: int = 0
    by_content: bool = False


@dataclass(frozen=True)
class DriverRow:
    """An input, and how far values move when it is shuffled among customers, as a share of the mean value."""

    feature: str
    change: float


@dataclass(frozen=True)
class Study:
    """What was measured of the contest beyond its leaderboard."""

    customers: int
    rows: int
    resampling: str
    results: tuple[ModelResult, ...]
    slices: tuple[SliceRow, ...]
    worst_slices: tuple[SliceRow, ...]
    fairness: FairnessPart
    calibration: CalibrationPart | None
    leak_check: LeakPart
    drivers: tuple[DriverRow, ...]

    def result(self, model: str) -> ModelResult | None:
        """One model's results, if it was tested."""
        return next((row for row in self.results if row.model == model), None)


@dataclass(frozen=True)
class Provenance:
    """What it takes to make the same again: version, seed, settings and hashes (of the scores only once published)."""

    code_version: str
    seed: int
    settings: dict[str, Annotated[str, BeforeValidator(str)]]
    data_hash: str
    score_digest: str = ""


@dataclass(frozen=True)
class ModelCard:
    """Everything known of the model that makes the values; ``study`` is None where no backtest was possible."""

    run: RunEvidence
    gate: GateEvidence
    provenance: Provenance
    study: Study | None = None
    coverage: tuple[CoverageRow, ...] = ()
    limits: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The card as indented JSON text; equal cards give equal text."""
        return _ADAPTER.dump_json(self, indent=1).decode() + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> ModelCard:
        """A card read back from its JSON text; raises DamagedRelease where it does not fit."""
        return read_as(_ADAPTER, text, CARD_JSON, "a model card")


def read_card(release: Path) -> ModelCard | None:
    """The card of a release; None for a release from before there were cards."""
    path = release / CARD_JSON
    return ModelCard.from_json(path.read_bytes()) if path.is_file() else None


_ADAPTER: Final = TypeAdapter(ModelCard)
