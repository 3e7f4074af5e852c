"""The step that writes the one-file report."""

from __future__ import annotations

from pathlib import Path

from patron.pipeline.step import Run, StepReport
from patron.reports.html import render_report

REPORT = "report.html"


def report(run: Run) -> StepReport:
    """Write report.html into the workspace, from the release alone."""
    size = write_report(run.workspace.folder, run.recall("release"))
    return StepReport(f"{REPORT}, {size // 1024:,} kB", {"bytes": size})


def write_report(workspace: Path, release: str) -> int:
    """Make report.html show this release; gives its size in bytes."""
    page = render_report(workspace / "releases" / release)
    draft = workspace / f".{REPORT}"
    draft.write_text(page, "utf-8")
    draft.replace(workspace / REPORT)
    return len(page.encode())
