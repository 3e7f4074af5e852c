"""The step that writes the one-file report."""

from __future__ import annotations

from patron.pipeline.step import Run, StepReport
from patron.reports.html import render_report

REPORT = "report.html"


def report(run: Run) -> StepReport:
    """Write report.html into the workspace, from the release alone."""
    page = render_report(run.workspace.releases / run.recall("release"))
    draft = run.workspace.folder / f".{REPORT}"
    draft.write_text(page, "utf-8")
    draft.replace(run.workspace.folder / REPORT)
    return StepReport(f"{REPORT}, {len(page.encode()) // 1024:,} kB", {"bytes": len(page.encode())})
