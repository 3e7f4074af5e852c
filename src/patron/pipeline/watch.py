"""A watched workspace: exactly one run for each new file.

What has been run is noted in the warehouse, under the lock that a run holds, so neither a restart nor a second
watcher starts a run for a file twice:

- files that arrive together, or while a run is at work, share one run;
- a file with the bytes of an earlier one, of any name, starts none;
- files whose run failed are not tried again before something changes: a file, or patron.toml;
- a run that was cut off goes on at the next start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa

from patron.errors import PatronError, WorkspaceBusy
from patron.pipeline.runner import RunOutcome, Watcher, opened_run, run_to_release
from patron.pipeline.step import Run
from patron.pipeline.workspace import Workspace
from patron.sources.arrivals import Arrivals, Look
from patron.tables import FILES, Column

WATCHED: Final = ("work", "watched")
_COLUMNS: Final = (
    Column("source", "id", "the source"),
    Column("file_id", "id", "sha256 of the file's bytes"),
    Column("state", "id", "begun, done or failed"),
    Column("situation", "id", "digest of the files and settings that it was run with"),
)
What = Literal["watching", "duplicate", "ignored", "run_started", "run_finished", "run_failed", "not_ready", "stopped"]
State = Literal["begun", "done", "failed"]
Identity = tuple[str, str]


@dataclass(frozen=True)
class Event:
    """Something that a watch has to say, for machines and in words."""

    what: What
    words: str
    files: tuple[str, ...] = ()
    outcome: RunOutcome | None = None
    error: Exception | None = None


@dataclass(frozen=True)
class Pace:
    """How long a watch waits between two looks, and when it ends by itself: after so many runs, or once all is done."""

    every_seconds: float
    most_runs: int | None = None
    once: bool = False


@dataclass
class Watch:
    """A watch over one workspace, look after look."""

    folder: Path
    tell: Callable[[Event], None]
    watcher: Watcher = field(default_factory=Watcher)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    runs: int = 0
    at_work: bool = False
    last_error: Exception | None = None
    _arrivals: Arrivals = field(default_factory=Arrivals)
    _settled: str = ""  # the situation that asks for no run, or not for another one
    _told: set[str] = field(default_factory=set)

    def look(self) -> bool:
        """Look once, and do the run that new files ask for; true if nothing is left to wait for."""
        try:
            workspace = Workspace.at(self.folder)
        except PatronError as error:
            self.last_error = error
            self._tell_once(Event("not_ready", str(error), error=error))
            return False
        look = self._arrivals.look(workspace.settings.sources, workspace.folder)
        self._tell_of_others(look)
        situation = _situation(workspace, look)
        if look.whole and not look.waiting_sources and situation != self._settled:
            self._ask(look, situation)
        return not look.growing and (not look.whole or situation == self._settled)

    def _ask(self, look: Look, situation: str) -> None:
        """Hold the workspace and do a run if these files still need one; another run at work is waited for."""
        whole = {file.path: file.identity for file in look.whole}

        def is_whole(path: Path) -> bool:
            return path in whole and self._arrivals.is_unchanged(path)

        try:
            with opened_run(self.folder, self.watcher, now=self.clock(), is_whole=is_whole) as run:
                run.warehouse.create(*WATCHED, _COLUMNS)
                fresh = _fresh(run, situation)
                if fresh:
                    self._run(run, fresh, situation)
                if set(whole.values()) <= set(_identities(run)):
                    self._settled = situation
        except WorkspaceBusy:
            return
        except (
            PatronError,
            OSError,
        ) as error:  # before a run began: files are missing, or the warehouse cannot be opened
            self._settled = situation
            self._fail(error, ())

    def _run(self, run: Run, fresh: list[Identity], situation: str) -> None:
        names = tuple(sorted(file.path.name for file in run.files if (file.source_name, file.file_id) in set(fresh)))
        _note(run, fresh, "begun", situation)
        self.runs, self.at_work = self.runs + 1, True
        self.tell(Event("run_started", f"New: {', '.join(names)}", names))
        try:
            outcome = run_to_release(run, self.watcher)
        except Exception as error:  # noqa: BLE001 - a watch outlives whatever breaks one run, and tells of it
            self._noted(run, fresh, "failed", situation)
            self._fail(error, names)
        else:
            self._noted(run, fresh, "done", situation)
            self.last_error = None
            self.tell(Event("run_finished", f"Release {outcome.release_id}", names, outcome=outcome))

    def _noted(self, run: Run, files: list[Identity], state: State, situation: str) -> None:
        _note(run, files, state, situation)
        self.at_work = False

    def _fail(self, error: Exception, names: tuple[str, ...]) -> None:
        self.last_error = error
        words = f"{error} It is not tried again before a file or patron.toml changes."
        self.tell(Event("run_failed", words, names, error=error))

    def _tell_of_others(self, look: Look) -> None:
        """Say once of each file why it starts no run."""
        for path, why in look.ignored:
            self._tell_once(Event("ignored", f"{path.name}: {why}.", (path.name,)))
        first: dict[Identity, Path] = {}
        for file in look.whole:
            same = first.setdefault(file.identity, file.path)
            if same != file.path:
                words = f"{file.path.name}: the same bytes as {same.name}."
                self._tell_once(Event("duplicate", words, (file.path.name,)))

    def _tell_once(self, event: Event) -> None:
        if event.words not in self._told:
            self._told.add(event.words)
            self.tell(event)


def keep_watching(watch: Watch, pace: Pace, wait: Callable[[float], None]) -> None:
    """Look again and again, until ``pace`` or an interrupt says that it is enough."""
    watch.tell(Event("watching", f"Watching the files of {watch.folder}, every {pace.every_seconds:g} s."))
    watch.look()
    while True:
        wait(pace.every_seconds)
        nothing_left = watch.look()
        if pace.once and (nothing_left or watch.last_error):
            return
        if pace.most_runs is not None and watch.runs >= pace.most_runs:
            return


def _fresh(run: Run, situation: str) -> list[Identity]:
    """The files that need this run: new ones, those of a run that was cut off, and failed ones if something changed."""
    noted = run.warehouse.fetch(run.warehouse.table(*WATCHED)).to_pylist()
    unfinished = {
        (row["source"], row["file_id"])
        for row in noted
        if row["state"] == "begun" or (row["state"] == "failed" and row["situation"] != situation)
    }
    known = {(row["source"], row["file_id"]) for row in noted} | _landed(run)
    return [identity for identity in _identities(run) if identity in unfinished or identity not in known]


def _situation(workspace: Workspace, look: Look) -> str:
    """What a run would begin with: the settings and the whole files, each content once."""
    told = [workspace.settings.model_dump_json(), *sorted({" ".join(file.identity) for file in look.whole})]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:24]


def _identities(run: Run) -> list[Identity]:
    return [(file.source_name, file.file_id) for file in run.files]


def _landed(run: Run) -> set[Identity]:
    """The files that were read before, also by a run that nobody watched."""
    if not run.warehouse.exists("bronze", FILES.name):
        return set()
    rows = run.warehouse.fetch(run.warehouse.table("bronze", FILES.name).select("source", "file_id")).to_pylist()
    return {(row["source"], row["file_id"]) for row in rows}


def _note(run: Run, files: Iterable[Identity], state: State, situation: str) -> None:
    rows = [{"source": name, "file_id": digest, "state": state, "situation": situation} for name, digest in files]
    with run.warehouse.transaction():
        for name, digest in files:
            run.warehouse.delete(*WATCHED, {"source": name, "file_id": digest})
        run.warehouse.append(*WATCHED, pa.Table.from_pylist(rows))
