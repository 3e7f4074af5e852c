"""Everything one release says, asked once: what the report and the terminal both tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from patron.reports.evidence import Evidence, LeaderboardRow, Metric
from patron.reports.model_card import ModelCard, read_card
from patron.reports.questions import (
    ConfidenceRow,
    CustomerRow,
    Lorenz,
    RfmRow,
    TierRow,
    Totals,
    ValueBand,
    confidence_summary,
    lorenz,
    rfm_summary,
    tier_summary,
    top_customers,
    totals,
    value_distribution,
)
from patron.reports.segment_answers import Grouping, Segmentation, read_segmentation
from patron.reports.segment_tables import SegmentLists, read_segment_lists
from patron.reports.valuation import Imprint, read_evidence, read_imprint, read_valuation

LOWER_IS_BETTER: dict[Metric, bool] = {"wape": True, "mae": True, "rmse": True, "gini": False, "spearman": False}


@dataclass(frozen=True)
class Answers:
    """The answers to every question of the report."""

    imprint: Imprint
    evidence: Evidence
    totals: Totals
    bands: tuple[ValueBand, ...]
    lorenz: Lorenz
    tiers: tuple[TierRow, ...]
    rfm: tuple[RfmRow, ...]
    top: tuple[CustomerRow, ...]
    confidence: tuple[ConfidenceRow, ...]
    card: ModelCard | None = None
    segmentation: Segmentation = field(default_factory=Segmentation)
    lists: SegmentLists = field(default_factory=SegmentLists)

    @property
    def grouping(self) -> Grouping:
        """What the run found out about segments; nothing where it does not tell."""
        return self.segmentation.segmentation or Grouping()

    @property
    def currency(self) -> str:
        return self.evidence.run.currency

    @property
    def confidence_value_share(self) -> float | None:
        """The share of expected value that stands on high confidence."""
        whole = sum(row.value for row in self.confidence)
        return self.confidence[0].value / whole if whole > 0 else None

    @property
    def tested(self) -> bool:
        """Whether any backtest was possible."""
        return bool(self.evidence.gate.leaderboard)

    @property
    def champion_row(self) -> LeaderboardRow | None:
        """The backtest of the model whose values are published."""
        gate = self.evidence.gate
        return next((row for row in gate.leaderboard if row.model == gate.champion), None)

    def best_of(self, *statuses: str) -> LeaderboardRow | None:
        """The best backtested model of these statuses by the declared metric, the champion left out."""
        gate = self.evidence.gate
        rows = [
            row
            for row in gate.leaderboard
            if row.status in statuses and row.model != gate.champion and getattr(row, gate.metric) is not None
        ]
        sign = 1 if LOWER_IS_BETTER[gate.metric] else -1
        return min(rows, key=lambda row: sign * float(getattr(row, gate.metric)), default=None)


def read_answers(release: Path, top: int = 20) -> Answers:
    """Ask a release everything."""
    valuation, segmentation = read_valuation(release), read_segmentation(release)
    grouping = segmentation.segmentation
    return Answers(
        imprint=read_imprint(release),
        evidence=read_evidence(release),
        totals=totals(valuation),
        bands=value_distribution(valuation),
        lorenz=lorenz(valuation),
        tiers=tier_summary(valuation),
        rfm=rfm_summary(valuation),
        top=top_customers(valuation, top),
        confidence=confidence_summary(valuation),
        card=read_card(release),
        segmentation=segmentation,
        lists=read_segment_lists(release, valuation, expected=grouping.expected if grouping else None),
    )
