"""The process of a started run: `python -m patron.pipeline.started.child FOLDER ID`."""

from __future__ import annotations

import os
import sys
from _thread import interrupt_main
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Final

from patron.errors import PatronError
from patron.pipeline.started.record import (
    CANCEL,
    RUNS,
    RunRecord,
    alive_lock,
    read_record,
    say,
    write_record,
)

LOOKED_EVERY_SECONDS: Final = 0.2
MOST_SECONDS_TO_END: Final = 10


def main() -> None:
    """Run the workspace; the record tells how it ended, however it does."""
    workspace, run_id = Path(sys.argv[1]), sys.argv[2]
    home = workspace / RUNS / run_id
    with alive_lock(home):
        ended = Event()
        Thread(target=_end_when_asked, args=(home, ended), daemon=True).start()
        try:
            record = _run(workspace, home, read_record(home))
        except KeyboardInterrupt:
            record = _cancelled(home)
        finally:
            ended.set()
        _finish(home, record)


def _run(workspace: Path, home: Path, record: RunRecord) -> RunRecord:
    from patron.pipeline.runner import StepDone, Watcher, run_workspace
    from patron.pipeline.step import Step

    def begins(step: Step) -> None:
        say(home, "begins", datetime.now(UTC), step=step.name, title=step.title)

    def done(step: StepDone) -> None:
        told = {name: value for name, value in asdict(step).items() if name not in ("name", "began_at")}
        say(home, "done", datetime.now(UTC), step=step.name, **told)

    watcher = Watcher(begins, lambda words: say(home, "says", datetime.now(UTC), words=words), done)
    try:
        outcome = run_workspace(workspace, again=record.again, watcher=watcher)
    except PatronError as error:
        return replace(record, status="refused", because=error.what, to_do=error.to_do or None)
    except Exception as error:  # noqa: BLE001  whoever watches must hear of it, whatever it is
        return replace(record, status="died", because=f"{type(error).__name__}: {error}")
    return replace(record, status="unchanged" if outcome.unchanged else "published", release=outcome.release_id)


def _end_when_asked(home: Path, ended: Event) -> None:
    """Interrupt the run when it is asked to end; one that does not listen, in the middle of a long query, is ended hard.

    A run may be killed at any moment: what it had not finished was never there.
    """
    while not ended.wait(LOOKED_EVERY_SECONDS):
        if (home / CANCEL).exists():
            interrupt_main()
            if not ended.wait(MOST_SECONDS_TO_END):
                _finish(home, _cancelled(home))
                os._exit(1)
            return


def _cancelled(home: Path) -> RunRecord:
    return replace(read_record(home), status="cancelled", because="somebody asked it to end")


def _finish(home: Path, record: RunRecord) -> None:
    now = datetime.now(UTC)
    write_record(home, replace(record, ended_at=now.isoformat()))
    say(home, "ended", now, status=record.status, release=record.release, because=record.because)


if __name__ == "__main__":
    main()
