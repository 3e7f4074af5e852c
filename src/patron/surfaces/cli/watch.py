"""`patron watch`: a run for each new file, as it comes."""

from __future__ import annotations

import json
import re
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Final

import typer

from patron.errors import PatronError, UsageError
from patron.pipeline.runner import StepDone, Watcher
from patron.pipeline.watch import Event, Pace, Watch, keep_watching
from patron.surfaces.cli.progress import INTERRUPTED

_SECONDS: Final = {"": 1, "s": 1, "min": 60, "m": 60, "h": 3600}
_SIGNS: Final = {"run_finished": "✓", "run_failed": "✗", "not_ready": "✗"}


def watch_workspace(folder: Path, every: str, most_runs: int | None, *, once: bool, as_json: bool) -> None:
    """Watch a workspace until it is enough; Ctrl-C and SIGTERM end it cleanly."""
    pace = Pace(_seconds(every), most_runs, once)
    watch = Watch(
        folder, _told_as_json if as_json else _told_in_words, Watcher() if as_json else Watcher(done=_step_done)
    )
    with _ended_by_signals():
        try:
            keep_watching(watch, pace, time.sleep)
        except KeyboardInterrupt:
            _stopped(
                "Stopped in the middle of a run, which goes on at the next start." if watch.at_work else "Stopped.",
                as_json=as_json,
            )
            raise typer.Exit(INTERRUPTED if watch.at_work else 0) from None
    if once and watch.last_error is not None:
        raise typer.Exit(watch.last_error.exit_code if isinstance(watch.last_error, PatronError) else 1)


def _seconds(text: str) -> float:
    """How long '5s', '2 min' or '1h' is."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|)\s*", text)
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not 0.1 <= seconds <= 86_400:
        raise UsageError(
            f"'{text}' is no time to wait between two looks.", allowed="0.1s to 24h, such as 5s, 2min, 1h."
        )
    return seconds


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM ends a watch as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _told_as_json(event: Event) -> None:
    told: dict[str, Any] = {"event": event.what, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    told |= {"words": event.words, "files": list(event.files)}
    if event.outcome is not None:
        told |= {"release": event.outcome.release_id, "unchanged": event.outcome.unchanged}
    if event.error is not None:
        told["error"] = type(event.error).__name__
    _print(json.dumps(told, ensure_ascii=False))
    _trace(event)


def _told_in_words(event: Event) -> None:
    _print(f"{datetime.now(UTC):%H:%M:%S} {_SIGNS.get(event.what, '·')} {event.words}")
    _trace(event)


def _trace(event: Event) -> None:
    """Where a run broke for a reason that Patron has no words for."""
    if event.error is not None and not isinstance(event.error, PatronError | OSError):
        typer.echo("".join(traceback.format_exception(event.error)), err=True)


def _step_done(step: StepDone) -> None:
    typer.echo(f"         {step.title}: {step.words}", err=True)


def _stopped(words: str, *, as_json: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one must not cut off the answer to the first
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (_told_as_json if as_json else _told_in_words)(Event("stopped", words))


def _print(line: str) -> None:
    typer.echo(line)  # flushes: who reads a pipe sees each line as it comes
