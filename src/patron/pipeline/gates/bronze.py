"""The second gate: what was read from the new files, against what earlier files of their source held."""

from __future__ import annotations

from collections.abc import Sequence

import ibis

from patron.pipeline.gates.batches import by_history, counting_files, is_trusted, of_source
from patron.pipeline.landing.landed import LandedFile, raw_table
from patron.pipeline.step import Run
from patron.quality.expectations import Expectation, Verdict
from patron.quality.history import usual_count, usual_share
from patron.tables import REJECTS, TRANSACTIONS

_REJECT_FLOOR = 0.02
_IF_RIGHT = "If it is right as it is, name it in quality.trusted_files; else export it again, or take it out."


def bronze_gate(run: Run) -> list[Verdict]:
    """Every new file, in the order they came: its rows are all there, as many as usual, and no more unreadable than usual."""
    files = counting_files(run)
    at = run.started_at.replace(tzinfo=None)
    rejects = _rejects(run)
    verdicts: list[Verdict] = []
    for source in dict.fromkeys(file.source_name for file in files):
        mine = of_source(files, source)
        kept = _kept_rows(run, source)
        for place, file in enumerate(mine):
            if file.arrived_at == at:
                verdicts += _of_file(run, file, mine[:place], kept, rejects)
    return verdicts


def _of_file(
    run: Run,
    file: LandedFile,
    earlier: Sequence[LandedFile],
    kept: dict[str, int],
    rejects: dict[tuple[str, str], int],
) -> list[Verdict]:
    refused = rejects.get(file.identity, 0)
    found = [
        _whole(file, kept.get(file.file_id, 0), refused),
        *_columns(file, earlier),
        *_sla(run, file),
    ]
    if not is_trusted(run, file):
        found += _volume(run, file, earlier) + _reject_drift(run, file, earlier, rejects)
    return found


def _whole(file: LandedFile, kept: int, refused: int) -> Verdict:
    to_do = "This is a fault in Patron, not in your file; please report it."
    expectation = Expectation("bronze", file.source_name, "reconciles", to_do=to_do)
    words = f"{kept:,} rows kept and {refused:,} unreadable, of {file.rows_in:,} in the file"
    return Verdict(expectation, kept + refused, file.rows_in, file.rows_in, words, file.name)


def _columns(file: LandedFile, earlier: Sequence[LandedFile]) -> list[Verdict]:
    """Columns that the file before had and this one lacks: none that is mapped, those stop the reading."""
    if not earlier:
        return []
    gone = [name for name in earlier[-1].columns if name not in file.columns]
    to_do = "Nothing is read from them now; ask whoever exports the file whether they should be there."
    expectation = Expectation("bronze", file.source_name, "type", severity="warn", to_do=to_do)
    words = f"lacks the columns {', '.join(gone)}" if gone else "has the columns of the file before"
    return [Verdict(expectation, float(len(gone)), None, 0, words, file.name)]


def _sla(run: Run, file: LandedFile) -> list[Verdict]:
    sla = run.settings.quality.sla
    if file.source.table != TRANSACTIONS.name or not (sla.least_rows or sla.most_rows):
        return []
    to_do = "Export it again, take it out, or change quality.sla in patron.toml."
    expectation = Expectation("bronze", file.source_name, "rows", to_do=to_do, rule="sla")
    most = float(sla.most_rows) if sla.most_rows else None
    return [Verdict(expectation, file.rows_in, sla.least_rows, most, f"{file.rows_in:,} rows", file.name)]


def _volume(run: Run, file: LandedFile, earlier: Sequence[LandedFile]) -> list[Verdict]:
    usual = usual_count([other.rows_in for other in earlier])
    if usual is None:
        return []
    expectation = by_history(run, Expectation("bronze", file.source_name, "volume", to_do=_IF_RIGHT))
    words = f"{file.rows_in:,} rows, where about {usual.expected:,.0f} are usual"
    return [Verdict(expectation, file.rows_in, round(usual.least), round(usual.most), words, file.name)]


def _reject_drift(
    run: Run, file: LandedFile, earlier: Sequence[LandedFile], rejects: dict[tuple[str, str], int]
) -> list[Verdict]:
    past = [(rejects.get(other.identity, 0), other.rows_in) for other in earlier]
    most = usual_share(past, file.rows_in, floor=_REJECT_FLOOR)
    if most is None:
        return []
    share = rejects.get(file.identity, 0) / file.rows_in
    expectation = by_history(run, Expectation("bronze", file.source_name, "share", to_do=_IF_RIGHT, rule="rejects"))
    return [Verdict(expectation, share, None, most, f"{share:.1%} of its lines could not be read as rows", file.name)]


def _rejects(run: Run) -> dict[tuple[str, str], int]:
    rejects = run.warehouse.table("bronze", REJECTS.name)
    counted = run.warehouse.fetch(rejects.group_by(["source", "file_id"]).aggregate(rows=rejects.count()))
    return {(row["source"], row["file_id"]): int(row["rows"]) for row in counted.to_pylist()}


def _kept_rows(run: Run, source: str) -> dict[str, int]:
    if not run.warehouse.exists("bronze", raw_table(source)):
        return {}
    rows = run.warehouse.table("bronze", raw_table(source))
    counted = run.warehouse.fetch(rows.group_by("file_id").aggregate(rows=ibis._.count()))
    return {row["file_id"]: int(row["rows"]) for row in counted.to_pylist()}
