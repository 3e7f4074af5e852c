"""`patron doctor`: what the data can bear, in plain words, before any model is fitted."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from patron.pipeline.inquiries.doctor import diagnose_workspace
from patron.quality.doctor.diagnosis import Diagnosis
from patron.quality.doctor.finding import Finding
from patron.surfaces.cli.progress import watched

WIDTH: Final = 100
# Sign, word and colour of each verdict: the colour is never the only one that tells.
_SIGNS: Final = {
    "good": ("✓", "good", "green"),
    "note": ("·", "note", "cyan"),
    "warning": ("!", "care", "yellow"),
    "stop": ("✗", "stop", "red"),
}
_UNTOLD: Final = ("?", "open", "dim")
_FIT_SIGN: Final = {"fits": "good", "fits with care": "warning", "not yet": "stop"}


def consult_doctor(workspace: Path, *, as_json: bool) -> Diagnosis:
    """Print the diagnosis, with progress on stderr."""
    with watched("doctor") as watcher:
        diagnosis = diagnose_workspace(workspace, watcher=watcher)
    if as_json:
        typer.echo(json.dumps(diagnosis_facts(diagnosis), indent=2, ensure_ascii=False))
    else:
        console = Console(highlight=False)
        console.print(told(diagnosis), width=min(WIDTH, console.width))
    return diagnosis


def diagnosis_facts(diagnosis: Diagnosis) -> dict[str, Any]:
    """The diagnosis as plain data."""
    return asdict(diagnosis)


def told(diagnosis: Diagnosis) -> RenderableType:
    """The diagnosis for a terminal: the conclusion, what asks for attention with what to do, and what is well."""
    attention = [finding for finding in diagnosis.findings if finding.found]
    attention.sort(key=lambda finding: ("stop", "warning", "note").index(finding.verdict))
    well = [finding for finding in diagnosis.findings if finding.told and not finding.found]
    untold = [finding for finding in diagnosis.findings if not finding.told]
    parts: list[RenderableType] = [Text(), _conclusion(diagnosis)]
    if attention:
        parts += [Text(), _grid(attention)]
    if well or untold:
        parts += [Text(), _grid([*well, *untold])]
    if diagnosis.settings:
        parts += [Text(), Text("For patron.toml:"), Padding(Text("\n".join(diagnosis.settings), style="cyan"), (0, 2))]
    return Group(*parts)


def _conclusion(diagnosis: Diagnosis) -> Text:
    sign, _, colour = _SIGNS[_FIT_SIGN[diagnosis.fit]]
    fit, rest = diagnosis.sentence.split(":", 1)
    return Text.assemble((f"{sign} {fit}:", f"bold {colour}"), (rest, "bold"))


def _grid(findings: list[Finding]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column()
    for finding in findings:
        sign, word, colour = _SIGNS[finding.verdict] if finding.told else _UNTOLD
        grid.add_row(Text(f"{sign} {word}", style=colour), Text(finding.title), _words(finding))
    return grid


def _words(finding: Finding) -> Text:
    words = Text(finding.headline, style="bold" if finding.found else "")
    for more in (finding.meaning, finding.to_do):
        if more:
            words.append(f"\n{'→ ' if more is finding.to_do else ''}{more}", style="not bold")
    return words
