"""What waits for a person, left beside the warehouse at the end of a run, so that a server can show it."""

from __future__ import annotations

from collections.abc import Sequence

from patron.pipeline.judging.records import records
from patron.pipeline.judging.waiting import Waiting, may_be_decided, waiting_list
from patron.pipeline.step import Run
from patron.quality.waiting_file import MOST, WaitingRecord, WaitingRecords, write_waiting


def keep_waiting(run: Run) -> None:
    """Write what is not settled by the decisions that this run was made with."""
    found = waiting_list(run.warehouse, run.decisions, reason="", source="", limit=MOST)
    told = WaitingRecords(run.started_at, found.total, tuple(_with_content(run, found.records)))
    write_waiting(run.workspace.folder, told)


def _with_content(run: Run, waiting: Sequence[Waiting]) -> list[WaitingRecord]:
    held = {
        (source, place): record
        for source in {one.source for one in waiting}
        for place, record in records(
            run.warehouse, source, [(one.file_id, one.line) for one in waiting if one.source == source]
        ).items()
    }
    return [
        WaitingRecord(
            entry=one.entry,
            source=one.source,
            standing=one.standing,
            reason=one.reason,
            detail=one.detail,
            file=one.file,
            line=one.line,
            rows=one.rows,
            content=held[one.source, (one.file_id, one.line)].content,
            readable=held[one.source, (one.file_id, one.line)].readable,
            may=may_be_decided(one, run.workspace.settings),
        )
        for one in waiting
    ]
