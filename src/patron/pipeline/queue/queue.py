"""The exception queue: a person accepts, fixes or drops what waits, and may take it back.

A decision takes effect with the next run. Nothing here changes a row: ``judge`` asks the decisions in force.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Final

import ibis

from patron.errors import NothingThere, UsageError
from patron.pipeline.judging.decided import decisions_of
from patron.pipeline.judging.records import Record, records
from patron.pipeline.judging.waiting import (
    Waiting,
    WaitingList,
    entries,
    everything,
    may_be_decided,
    opened_queue,
    waiting_list,
)
from patron.pipeline.queue.fix_trial import tried_changes
from patron.pipeline.workspace import Workspace
from patron.quality.decision_log import append_decisions, logged_decisions
from patron.quality.decisions import Decision, Standing, Verdict, in_force
from patron.settings import Settings
from patron.warehouse import Warehouse

_LEAST_LETTERS: Final = 4
_MOST_TOLD: Final = 5


@dataclass(frozen=True)
class Judgement:
    """What a person decides: accept, fix or drop, why, and who it is; of a fix, the new text of each column."""

    verdict: Verdict
    because: str
    by: str
    changes: Mapping[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.because.strip() or not self.by.strip():
            missing = "who decides" if self.because.strip() else "a reason"
            raise UsageError(f"A decision needs {missing}.", to_do='Say why with --because "…", and who with --by.')
        if self.verdict == "fix" and not self.changes:
            raise UsageError("A fix needs at least one new value.", to_do="Give it with --set column=value.")
        if self.verdict != "fix" and self.changes:
            raise UsageError(f"'{self.verdict}' sets no values.", to_do="Use 'fix', or leave out --set.")


@dataclass(frozen=True)
class Subject:
    """What a decision is about: a record, and why it was set aside or flagged."""

    entry: str
    source: str
    standing: Standing
    reason: str
    detail: str
    content: str
    readable: bool


@dataclass(frozen=True)
class Shown:
    """One record whole: what came, where it waits (None where it no longer does), what may be and what was decided on it.

    A record may have waited for several reasons, one after the other: ``decisions`` are those on all of them.

    ``columns`` is empty for a line that could not be read as a row; ``subject.content`` is then that line.
    """

    subject: Subject
    place: Waiting | None
    columns: Mapping[str, str]
    may: tuple[Verdict, ...]
    decisions: tuple[Decision, ...]


def waiting(folder: Path, *, reason: str = "", source: str = "", limit: int | None = 50) -> WaitingList:
    """What waits for a decision: counts by reason, and the first records.

    Raises NothingThere before the first run, UnknownName for a reason or source of which nothing waits.
    """
    workspace = Workspace.at(folder)
    with opened_queue(workspace) as warehouse:
        return waiting_list(warehouse, decisions_of(workspace.folder), reason=reason, source=source, limit=limit)


def show(folder: Path, entry: str) -> Shown:
    """One record by its id, or the first letters of it; raises UnknownName if there is none."""
    workspace = Workspace.at(folder)
    log = logged_decisions(workspace.folder)
    with opened_queue(workspace) as warehouse:
        (found,) = _places(warehouse, [entry], log)
        (subject,) = _subjects(warehouse, [found], log)
    told = tuple(one for one in log if (one.source, one.content) == (subject.source, subject.content))
    columns = json.loads(subject.content) if subject.readable else {}
    place = found if isinstance(found, Waiting) and subject.entry not in {d.entry for d in in_force(log)} else None
    return Shown(subject, place, columns, may_be_decided(subject, workspace.settings), told)


def decide(
    folder: Path, entry_ids: Sequence[str], judgement: Judgement, *, now: datetime | None = None
) -> tuple[Decision, ...]:
    """Keep a person's decision on these records, all or none; gives what was kept.

    Raises UnknownName for an id that is none, and UsageError for what cannot be: accepting a row that cannot be read,
    or a fix with which the row still could not be believed.
    """
    workspace = Workspace.at(folder)
    log = logged_decisions(workspace.folder)
    with opened_queue(workspace) as warehouse:
        subjects = _subjects(warehouse, _places(warehouse, entry_ids, log), log)
        _refuse_impossible(subjects, judgement, workspace.settings)
        fixes = judgement.verdict == "fix"
        changes = tried_changes(workspace, warehouse, subjects, judgement.changes, log) if fixes else {}
    judgements = {source: replace(judgement, changes=own) for source, own in changes.items()}
    decisions = [_decision(subject, judgements.get(subject.source, judgement), now) for subject in subjects]
    return append_decisions(workspace.folder, decisions)


def undo(
    folder: Path, entry_ids: Sequence[str], *, because: str, by: str, now: datetime | None = None
) -> tuple[Decision, ...]:
    """Take decisions back: with the next run the rows are as before, and wait again."""
    judgement = Judgement("undo", because, by)
    workspace = Workspace.at(folder)
    standing = {decision.entry: decision for decision in decisions_of(workspace.folder)}
    found = dict.fromkeys(_one_of(entry, standing, "decision in force") for entry in entry_ids)
    undone = [_decision(_subject_of(standing[entry]), judgement, now) for entry in found]
    return append_decisions(workspace.folder, undone)


def history(folder: Path, *, limit: int | None = None) -> tuple[Decision, ...]:
    """Everything that was decided, and undone, the last first."""
    log = logged_decisions(Workspace.at(folder).folder)[::-1]
    return log if limit is None else log[:limit]


def _places(warehouse: Warehouse, asked: Sequence[str], log: Sequence[Decision]) -> list[Waiting | Decision]:
    """Where the asked records stand now, or, of those that stand nowhere, what was last decided on them."""
    rows = everything(warehouse)
    begins = reduce(or_, (rows.entry.startswith(entry) for entry in asked)) if asked else ibis.literal(False)
    found: dict[str, Waiting | Decision] = {decision.entry: decision for decision in log}
    found |= {place.entry: place for place in entries(warehouse, rows.filter(begins), None)}
    return [found[entry] for entry in dict.fromkeys(_one_of(entry, found, "record in the queue") for entry in asked)]


def _one_of(asked: str, known: Iterable[str], kind: str) -> str:
    """The known id that begins so; raises UnknownName for none, UsageError for several."""
    begins = [entry for entry in known if entry.startswith(asked)] if len(asked) >= _LEAST_LETTERS else []
    if len(begins) > 1:
        raise UsageError(
            f"'{asked}' begins the ids of {len(begins)} records: {', '.join(sorted(begins)[:_MOST_TOLD])}.",
            to_do="Give more letters of the id.",
        )
    if not begins:
        raise NothingThere(
            f"No {kind} has the id '{asked}'.",
            allowed=f"An id is what 'patron queue list' shows, or its first {_LEAST_LETTERS} letters or more.",
        )
    return begins[0]


def _subjects(warehouse: Warehouse, places: Sequence[Waiting | Decision], log: Sequence[Decision]) -> list[Subject]:
    """What these records hold, in their order; one query per source."""
    known = {decision.entry: decision for decision in log}
    unknown = [place for place in places if isinstance(place, Waiting) and place.entry not in known]
    content: dict[str, Record] = {}
    for source in {place.source for place in unknown}:
        mine = [place for place in unknown if place.source == source]
        found = records(warehouse, source, [(place.file_id, place.line) for place in mine])
        content |= {place.entry: found[place.file_id, place.line] for place in mine}
    return [
        _subject_of(known[place.entry])
        if place.entry in known
        else Subject(
            place.entry,
            place.source,
            place.standing,
            place.reason,
            place.detail,
            content[place.entry].content,
            content[place.entry].readable,
        )
        for place in places
    ]


def _subject_of(decision: Decision) -> Subject:
    return Subject(
        decision.entry,
        decision.source,
        decision.standing,
        decision.reason,
        decision.detail,
        decision.content,
        decision.readable,
    )


def _refuse_impossible(subjects: Sequence[Subject], judgement: Judgement, settings: Settings) -> None:
    for subject in subjects:
        if judgement.verdict not in may_be_decided(subject, settings):
            raise UsageError(
                f"{subject.entry} cannot be accepted: {subject.detail}. Nobody can tell what it would count for.",
                allowed="It can be fixed, or dropped.",
                to_do=f'For example: patron queue fix {subject.entry} --set column=value --because "…"',
            )


def _decision(subject: Subject, judgement: Judgement, now: datetime | None) -> Decision:
    return Decision(
        0,
        subject.entry,
        subject.source,
        subject.reason,
        subject.standing,
        judgement.verdict,
        subject.content,
        subject.readable,
        subject.detail,
        judgement.changes,
        judgement.by.strip(),
        judgement.because.strip(),
        now or datetime.now(UTC),
    )
