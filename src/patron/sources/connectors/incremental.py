"""Options of connectors that can go on from a watermark, and look back from it for what was late."""

from __future__ import annotations

from pydantic import Field, model_validator

from patron.settings import Source
from patron.sources.connectors.connector import Options


class IncrementalOptions(Options):
    """Without a watermark everything is fetched each time; with one, what is new."""

    watermark: str = Field(
        "", description="a column or field that only grows (updated_at, id): later fetches go on from there"
    )
    overlap_days: float = Field(
        0, ge=0, le=3650, description="look so many days back from the watermark for what was late"
    )

    @model_validator(mode="after")
    def _looks_back_from_something(self) -> IncrementalOptions:
        if self.overlap_days and not self.watermark:
            raise ValueError("overlap_days needs a watermark")
        return self

    def misfit(self, source: Source) -> str:
        """Increments cannot take the place of the whole."""
        if self.watermark and source.repeated_rows == "replace":
            return (
                "with a watermark each fetch brings a part, which cannot replace what was: take another repeated_rows."
            )
        return ""

    @property
    def looks_back(self) -> float:
        """As its option says."""
        return self.overlap_days

    @classmethod
    def tuning(cls) -> frozenset[str]:
        """How, not what."""
        return super().tuning() | {"overlap_days"}
