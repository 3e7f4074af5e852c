"""The gates between layers: what their checks found is kept, and a closed one stops the run where it stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from patron.errors import DataError, GateClosed, PatronError
from patron.pipeline.publishing.report import REPORT, write_report
from patron.pipeline.step import Gate, Run
from patron.quality.expectations import Expectation, Layer, Verdict
from patron.releases.shelf import Shelf
from patron.releases.stale import mark_stale
from patron.tables import QUALITY_RESULTS

RESULTS = ("silver", QUALITY_RESULTS.name)
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("run_key", "layer", "check_name", "table_name", "column_name", "kind")),
        *((name, pa.string()) for name in ("severity", "subject", "words", "to_do")),
        ("checked_at", pa.timestamp("us")),
        ("passed", pa.bool_()),
        *((name, pa.float64()) for name in ("figure", "least", "most")),
    ]
)
_LAYERS: dict[str, Layer] = {"ingest": "bronze", "check": "silver"}


def passed_gate(run: Run, gate: Gate | None, found: list[Verdict]) -> None:
    """Measure a gate's checks and add them to what was found; raises GateClosed if one of them blocks."""
    if gate is None:
        return
    verdicts = gate(run)
    found += verdicts
    failed = [verdict for verdict in verdicts if verdict.blocks]
    if failed:
        raise GateClosed(
            failed[0].expectation.layer,
            [f"{verdict.told} {verdict.expectation.to_do}".rstrip() for verdict in failed],
            to_do=f"Nothing after this gate was changed.{_stays(run)} 'patron quality' shows all checks.",
        )


def record(run: Run, verdicts: Sequence[Verdict]) -> None:
    """Keep what checks found."""
    if verdicts:
        rows = [_row(verdict, run.key, run.started_at) for verdict in verdicts]
        run.warehouse.append(*RESULTS, pa.Table.from_pylist(rows, schema=_SCHEMA))


def refuse(run: Run, step: str, error: DataError, found: Sequence[Verdict]) -> None:
    """Keep what was found before a step was refused, after its own writes are undone, and mark the release as stale."""
    told = list(found)
    if not isinstance(error, GateClosed):
        readable = Expectation(_LAYERS.get(step, "gold"), step, "readable", to_do=error.to_do)
        told.append(Verdict(readable, 0, 1, None, error.what))
    with run.warehouse.transaction():
        record(run, told)
    mark(run, tuple(verdict.told for verdict in told if verdict.blocks))


def mark(run: Run, why: tuple[str, ...]) -> None:
    """Mark the current release as stale, where there is one, and let report.html say so."""
    shelf = Shelf(run.workspace.releases)
    current = shelf.current_name()
    if current is None:
        return
    mark_stale(shelf.folder, current, why, run.started_at)
    if (run.workspace.folder / REPORT).exists():
        _rewrite(lambda: write_report(run.workspace.folder, current))


def warnings_of(run: Run) -> tuple[str, ...]:
    """What the checks of this run warn of, each once, in words."""
    results = run.warehouse.table(*RESULTS)
    mine = results.filter((results.run_key == run.key) & ~results.passed & (results.severity == "warn"))
    rows = run.warehouse.fetch(mine.select("check_name", "subject", "words").order_by(["check_name", "subject"]))
    return tuple(dict.fromkeys(_in_short(row) for row in rows.to_pylist()))


def _in_short(row: dict[str, Any]) -> str:
    about = f" ({row['subject']})" if row["subject"] else ""
    return f"{row['check_name']}{about}: {row['words']}"


def _rewrite(write: Callable[[], int]) -> None:
    """Try to show the mark; a release that cannot be shown must not hide why the run was refused."""
    try:
        write()
    except (PatronError, OSError):
        return


def _stays(run: Run) -> str:
    current = Shelf(run.workspace.releases).current_name()
    return f" Release {current} stays current, marked stale." if current else ""


def _row(verdict: Verdict, key: str, at: datetime) -> dict[str, object]:
    one = verdict.expectation
    return {
        "run_key": key,
        "checked_at": at.replace(tzinfo=None),
        "layer": one.layer,
        "check_name": one.name,
        "table_name": one.table,
        "column_name": ", ".join(one.columns),
        "kind": one.kind,
        "severity": one.severity,
        "subject": verdict.subject,
        "passed": verdict.passed,
        "figure": verdict.value if math.isfinite(verdict.value) else None,
        "least": verdict.least,
        "most": verdict.most,
        "words": verdict.words,
        "to_do": one.to_do,
    }
