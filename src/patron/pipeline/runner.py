"""The runner: does STEPS in order, each whole or not at all, and goes on where a killed run stopped."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from patron.errors import DamagedRelease, UnknownName, UsageError
from patron.pipeline.report import REPORT, write_report
from patron.pipeline.step import FACTS, Run, SourceFile, Step, StepReport
from patron.pipeline.steps import STEPS
from patron.pipeline.workspace import Workspace
from patron.releases.manifest import verify
from patron.sources.files import file_id, find_files
from patron.tables import Column
from patron.version import VERSION

PROGRESS = ("work", "progress")
_PROGRESS_COLUMNS = (
    Column("run_key", "id", "the run"),
    Column("step", "id", "the step"),
    Column("began_at", "moment", "when it began"),
    Column("seconds", "real", "how long it took"),
    Column("words", "text", "what it said"),
    Column("counts", "text", "what it counted, JSON"),
)
_FACTS_COLUMNS = (
    Column("run_key", "id", "the run"),
    Column("name", "id", "the fact"),
    Column("body", "text", "its value, JSON"),
)


@dataclass(frozen=True)
class StepDone:
    """One finished step: its report and its time; resumed if an earlier, interrupted run had done it."""

    name: str
    title: str
    began_at: str
    seconds: float
    words: str
    counts: dict[str, int]
    resumed: bool


@dataclass(frozen=True)
class Watcher:
    """Whom the runner tells: that a step begins, what it is doing, that it is done."""

    begins: Callable[[Step], None] = lambda _: None
    says: Callable[[str], None] = lambda _: None
    done: Callable[[StepDone], None] = lambda _: None


@dataclass(frozen=True)
class RunOutcome:
    """What a run leaves: the release it made (or found unchanged) and its steps."""

    workspace: Path
    release_id: str
    release_folder: Path
    unchanged: bool
    steps: tuple[StepDone, ...]
    totals: dict[str, float]
    expected: dict[str, float]


def run_workspace(
    folder: Path, *, again: bool = False, watcher: Watcher | None = None, now: datetime | None = None
) -> RunOutcome:
    """Run a workspace to a published release.

    Finished steps of an interrupted run of the same input are not done twice; ``again`` does all of them anew from
    the files already landed. Raises any PatronError; whatever was published before stays current.
    """
    watcher = watcher or Watcher()
    with opened_run(folder, watcher, now=now, again=again) as run:
        return _do_steps(run, watcher)


@contextmanager
def opened_run(folder: Path, watcher: Watcher, *, now: datetime | None = None, again: bool = False) -> Iterator[Run]:
    """Hold a workspace for a run of today's files and settings; what other input had finished is forgotten."""
    began = now or datetime.now(UTC)
    workspace = Workspace.at(folder)
    with workspace.locked(began), workspace.warehouse() as warehouse:
        warehouse.create(*PROGRESS, _PROGRESS_COLUMNS)
        warehouse.create(*FACTS, _FACTS_COLUMNS)
        files = _input_files(workspace)
        run = Run(workspace, warehouse, files, _run_key(workspace, files), began, watcher.says)
        for table in (PROGRESS, FACTS):
            if again:
                warehouse.delete(*table, {})
            warehouse.keep_only(*table, {"run_key": run.key})
        yield run


def run_until(run: Run, last: str, watcher: Watcher) -> tuple[StepDone, ...]:
    """Do the steps up to and including this one, those that are finished not twice; 'patron run' goes on from there."""
    names = [step.name for step in STEPS]
    if last not in names:
        raise UnknownName("step", last, names)
    finished = _finished(run)
    done = []
    for step in STEPS[: names.index(last) + 1]:
        done.append(finished.get(step.name) or _do(run, step, watcher))
        watcher.done(done[-1])
    return tuple(done)


def _do_steps(run: Run, watcher: Watcher) -> RunOutcome:
    finished = _finished(run)
    unchanged = all(step.name in finished for step in STEPS) and _is_whole(run, run.recall("release"))
    if not unchanged and len(finished) == len(STEPS):  # published, but the release is gone: make it again
        for name in ("publish", "report"):
            run.warehouse.delete(*PROGRESS, {"step": name})
        finished = _finished(run)
    done = []
    for step in STEPS:
        report = finished.get(step.name) or _do(run, step, watcher)
        done.append(report)
        watcher.done(report)
    name = run.recall("release")
    if unchanged and not (run.workspace.folder / REPORT).exists():
        write_report(run.workspace.folder, name)
    return RunOutcome(
        run.workspace.folder,
        name,
        run.workspace.releases / name,
        unchanged,
        tuple(done),
        run.recall("totals"),
        run.recall("total"),
    )


def _is_whole(run: Run, release: str) -> bool:
    try:
        verify(run.workspace.releases / release)
    except DamagedRelease:
        return False
    return True


def _do(run: Run, step: Step, watcher: Watcher) -> StepDone:
    watcher.begins(step)
    began_at, clock = datetime.now(UTC), time.perf_counter()
    with run.warehouse.transaction():
        report = step.do(run)
        done = _done(step, began_at, time.perf_counter() - clock, report)
        row = {key: value for key, value in asdict(done).items() if key in ("words", "seconds")}
        row |= {
            "run_key": run.key,
            "step": step.name,
            "began_at": began_at.replace(tzinfo=None),
            "counts": json.dumps(report.counts),
        }
        run.warehouse.append(*PROGRESS, pa.Table.from_pylist([row]))
    return done


def _done(step: Step, began_at: datetime, seconds: float, report: StepReport, *, resumed: bool = False) -> StepDone:
    return StepDone(
        step.name, step.title, began_at.isoformat(), round(seconds, 3), report.words, report.counts, resumed
    )


def _finished(run: Run) -> dict[str, StepDone]:
    rows = run.warehouse.fetch(run.warehouse.table(*PROGRESS)).to_pylist()
    steps = {step.name: step for step in STEPS}
    return {
        row["step"]: _done(
            steps[row["step"]],
            row["began_at"],
            row["seconds"],
            StepReport(row["words"], json.loads(row["counts"])),
            resumed=True,
        )
        for row in rows
        if row["run_key"] == run.key and row["step"] in steps
    }


def _input_files(workspace: Workspace) -> tuple[SourceFile, ...]:
    """Today's files; of equal ones in one source, the first."""
    files: dict[tuple[str, str], SourceFile] = {}
    for name, source in workspace.settings.sources.items():
        for path in find_files(source, workspace.folder):
            file = SourceFile(name, source, path, file_id(path))
            files.setdefault((name, file.file_id), file)
    _refuse_shared(list(files.values()))
    return tuple(files.values())


def _refuse_shared(files: Sequence[SourceFile]) -> None:
    """One file in two sources of one table would count twice."""
    owner: dict[tuple[str, str], SourceFile] = {}
    for file in files:
        other = owner.setdefault((file.source.table, file.file_id), file)
        if other.source_name != file.source_name:
            raise UsageError(
                f"{file.path} stands in two sources of table {file.source.table}: '{other.source_name}' and "
                f"'{file.source_name}'; it would count twice.",
                to_do="Take it out of the 'files' of one of them in patron.toml.",
            )


def _run_key(workspace: Workspace, files: Sequence[SourceFile]) -> str:
    """What makes two runs the same: the settings, the bytes of the files, and the code."""
    told = [
        VERSION,
        workspace.settings.model_dump_json(),
        *sorted(f"{file.source_name} {file.file_id}" for file in files),
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:24]
