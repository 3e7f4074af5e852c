"""One finding of the doctor: what was measured, whether it is well, what it means and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "note", "warning", "stop"]


@dataclass(frozen=True)
class Measure:
    """One measured number with what it was held against, and its 95 % interval where chance plays a part."""

    name: str
    value: float
    limit: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Finding:
    """One question put to the data and its answer; ``told`` is false where the data cannot tell."""

    id: str
    title: str
    verdict: Verdict
    headline: str
    measures: tuple[Measure, ...] = ()
    meaning: str = ""
    to_do: str = ""
    told: bool = True

    @property
    def found(self) -> bool:
        """Whether something was found that is other than plain good news."""
        return self.told and self.verdict != "good"


def untold(name: str, title: str, why: str, measures: Sequence[Measure] = (), meaning: str = "") -> Finding:
    """A question that this history cannot answer, and why."""
    return Finding(name, title, "note", f"cannot be told: {why}", tuple(measures), meaning, told=False)
