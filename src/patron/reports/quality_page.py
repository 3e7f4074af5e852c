"""The page that shows the four gates: what each found last, what is agreed, and how it went before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from patron.releases.stale import Stale
from patron.reports.pages import page_templates


@dataclass(frozen=True)
class CheckResult:
    """What one check found in one run."""

    layer: str
    check: str
    subject: str
    severity: str
    passed: bool
    figure: float | None
    least: float | None
    most: float | None
    words: str
    to_do: str


@dataclass(frozen=True)
class GateState:
    """One layer's gate as its last run left it: open, open with warnings, closed, or not reached yet."""

    layer: str
    state: str
    checked_at: datetime | None
    checks: int
    blocked: tuple[CheckResult, ...]
    warned: tuple[CheckResult, ...]


@dataclass(frozen=True)
class RunResult:
    """How many checks one earlier run made, and how many stopped it or warned."""

    checked_at: datetime
    checks: int
    blocked: int
    warned: int


@dataclass(frozen=True)
class QualityState:
    """The four gates, the SLAs, the mark on the release, and earlier runs, the newest first."""

    gates: tuple[GateState, ...]
    slas: tuple[CheckResult, ...]
    stale: Stale | None
    release: str | None
    history: tuple[RunResult, ...]
    results: tuple[CheckResult, ...]


def quality_page(state: QualityState) -> str:
    """The page as the text of one HTML file, which opens without network."""
    environment = page_templates()
    results = {
        gate.layer: sorted(
            (result for result in state.results if result.layer == gate.layer),
            key=lambda result: (result.passed, result.severity, result.check, result.subject),
        )
        for gate in state.gates
    }
    return environment.get_template("quality.html").render(state=state, results=results)
