"""The runner: does STEPS in order, each whole or not at all, and goes on where a killed run stopped."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from patron.errors import DamagedRelease, DataError, GateClosed, SourceFailed, UnknownName, UsageError
from patron.models.one_thread import blas_on_one_thread
from patron.pipeline.gates.gate import RESULTS, mark, passed_gate, record, refuse, warnings_of
from patron.pipeline.gates.rules import unapproved
from patron.pipeline.gates.silver import freshness
from patron.pipeline.judging.decided import decisions_of
from patron.pipeline.judging.kept_queue import keep_waiting
from patron.pipeline.landing.fetch import fetch_sources, lake_paths
from patron.pipeline.publishing.report import REPORT, write_report
from patron.pipeline.step import FACTS, Run, SourceFile, Step, StepReport
from patron.pipeline.steps import STEPS
from patron.pipeline.workspace import Workspace
from patron.quality.decisions import Decision, decisions_digest
from patron.quality.expectations import Verdict
from patron.releases.manifest import verify
from patron.settings import FILES_CONNECTOR, Source
from patron.sources.files import file_id, find_files
from patron.tables import QUALITY_RESULTS, Column
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
    warnings: tuple[str, ...] = ()


def run_workspace(
    folder: Path, *, again: bool = False, watcher: Watcher | None = None, now: datetime | None = None
) -> RunOutcome:
    """Run a workspace to a published release.

    Finished steps of an interrupted run of the same input are not done twice; ``again`` does all of them anew from
    the files already landed. Raises any PatronError; whatever was published before stays current.
    """
    watcher = watcher or Watcher()
    with opened_run(folder, watcher, now=now, again=again) as run:
        return run_to_release(run, watcher)


@contextmanager
def opened_run(
    folder: Path,
    watcher: Watcher,
    *,
    now: datetime | None = None,
    again: bool = False,
    is_whole: Callable[[Path], bool] = lambda _: True,
) -> Iterator[Run]:
    """Hold a workspace for a run of today's files and settings; what other input had finished is forgotten.

    Files that are not whole are left for another run.
    """
    with run_in(Workspace.at(folder), watcher, now=now, again=again, is_whole=is_whole) as run:
        yield run


@contextmanager
def run_in(
    workspace: Workspace,
    watcher: Watcher,
    *,
    now: datetime | None = None,
    again: bool = False,
    is_whole: Callable[[Path], bool] = lambda _: True,
) -> Iterator[Run]:
    """The same for a workspace that is open already."""
    began = now or datetime.now(UTC)
    with workspace.locked(began), workspace.warehouse() as warehouse:
        warehouse.create(*PROGRESS, _PROGRESS_COLUMNS)
        warehouse.create(*FACTS, _FACTS_COLUMNS)
        warehouse.create(*RESULTS, QUALITY_RESULTS.columns)
        try:
            fetch_sources(workspace, began, watcher.says)
        except SourceFailed:
            _mark_overdue(Run(workspace, warehouse, (), "", began, watcher.says))
            raise
        files = _input_files(workspace, is_whole)
        decisions = decisions_of(workspace.folder)
        key = _run_key(workspace, files, decisions)
        run = Run(workspace, warehouse, files, key, began, watcher.says, decisions)
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


def run_to_release(run: Run, watcher: Watcher) -> RunOutcome:
    """Do all steps, those that are finished not twice; raises any PatronError."""
    finished = _finished(run)
    if "check" in finished:
        _refuse_overdue(run)
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
    keep_waiting(run)
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
        (*unapproved(run.workspace), *warnings_of(run)),
    )


def _is_whole(run: Run, release: str) -> bool:
    try:
        verify(run.workspace.releases / release)
    except DamagedRelease:
        return False
    return True


def _do(run: Run, step: Step, watcher: Watcher) -> StepDone:
    """Do one step between its gates; what its checks found is kept also where they stop it."""
    watcher.begins(step)
    began_at, clock = datetime.now(UTC), time.perf_counter()
    found: list[Verdict] = []
    try:
        with run.warehouse.transaction(), blas_on_one_thread():
            passed_gate(run, step.before, found)
            report = step.do(run)
            passed_gate(run, step.after, found)
            record(run, found)
            done = _done(step, began_at, time.perf_counter() - clock, _with_warnings(report, found))
            _note(run, done)
    except DataError as error:
        refuse(run, step.name, error, found)
        if isinstance(error, GateClosed) and error.layer == "gold":
            _do_gold_again(run)
        raise
    return done


def _note(run: Run, done: StepDone) -> None:
    """Note that a step is done, together with what it wrote."""
    row = {key: value for key, value in asdict(done).items() if key in ("words", "seconds")}
    row |= {
        "run_key": run.key,
        "step": done.name,
        "began_at": datetime.fromisoformat(done.began_at).replace(tzinfo=None),
        "counts": json.dumps(done.counts),
    }
    run.warehouse.append(*PROGRESS, pa.Table.from_pylist([row]))


def _with_warnings(report: StepReport, found: Sequence[Verdict]) -> StepReport:
    warned = sum(1 for verdict in found if not verdict.passed)
    more = f"; {warned} check{'s warn' if warned != 1 else ' warns'}, see 'patron quality'" if warned else ""
    return replace(report, words=report.words + more)


def _do_gold_again(run: Run) -> None:
    """Let the next run make anew what could not be published."""
    for step in STEPS:
        if any(table.startswith("gold.") for table in step.writes):
            run.warehouse.delete(*PROGRESS, {"step": step.name})


def _mark_overdue(run: Run) -> None:
    """Where nothing could be fetched, what is there ages all the same: beyond an SLA its release is stale."""
    late = [verdict for verdict in freshness(run) if verdict.blocks]
    if late:
        with run.warehouse.transaction():
            record(run, late)
        mark(run, tuple(verdict.told for verdict in late))


def _refuse_overdue(run: Run) -> None:
    """Stop where nothing new came and what is there has grown older than an SLA allows."""
    found: list[Verdict] = []
    try:
        passed_gate(run, freshness, found)
    except GateClosed as error:
        refuse(run, "check", error, found)
        raise


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


def _input_files(workspace: Workspace, is_whole: Callable[[Path], bool]) -> tuple[SourceFile, ...]:
    """Today's files; of equal ones in one source, the first."""
    files: dict[tuple[str, str], SourceFile] = {}
    for name, source in workspace.settings.sources.items():
        for file in _files_of_source(workspace, name, source, is_whole):
            first = files.setdefault((name, file.file_id), file)
            if first is not file:
                files[name, file.file_id] = replace(first, copies=(*first.copies, file.path.name))
    _refuse_shared(list(files.values()))
    return tuple(files.values())


def _files_of_source(
    workspace: Workspace, name: str, source: Source, is_whole: Callable[[Path], bool]
) -> Iterator[SourceFile]:
    if source.connector == FILES_CONNECTOR:
        for path in filter(is_whole, find_files(source, workspace.folder)):
            yield SourceFile(name, source, path, file_id(path))
    else:
        for landed, digest in lake_paths(workspace, name):
            yield SourceFile(name, source, landed.path, digest, landed.known_as)


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


def _run_key(workspace: Workspace, files: Sequence[SourceFile], decisions: Sequence[Decision]) -> str:
    """What makes two runs the same: the settings, the bytes of the files, people's decisions on rows, and the code."""
    told = [
        VERSION,
        workspace.settings.model_dump_json(),
        *sorted(f"{file.source_name} {file.file_id}" for file in files),
        *filter(None, [decisions_digest(decisions)]),
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:24]
