"""The decisions that people took on a landed file's rows: found by content, and put to work while it is judged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.pipeline.landing.landed import LandedFile, landed_files, raw_rows, raw_table
from patron.pipeline.step import Run
from patron.quality.decisions import STATE_FILE, Content, Decision, in_force, one_text
from patron.quality.oddities import REPEAT, REPEATED_ROW
from patron.quality.repeats import fingerprint
from patron.sources.raw import RejectedRow
from patron.sources.rows import LINE, stored_name
from patron.tables import DECIDED, REJECTS

_TEXTS = "decided_texts"


@dataclass(frozen=True)
class DecidedRows:
    """What people decided on one file's rows, by line; of a line that could not be read, a fix makes a row."""

    by_line: Mapping[int, tuple[Decision, ...]] = field(default_factory=dict)
    unreadable: Mapping[int, tuple[Decision, ...]] = field(default_factory=dict)
    firsts: frozenset[int] = frozenset()
    """Of decided lines that repeat each other to the letter, in this file or others, the one that is no repeat."""

    def __bool__(self) -> bool:
        return bool(self.by_line or self.unreadable)

    @cached_property
    def fixes(self) -> dict[int, dict[str, str | None]]:
        """For each fixed line, the texts that stand in place of what came, by column; a later fix overrules an earlier one."""
        found: dict[int, dict[str, str | None]] = {}
        for line, decisions in self._all():
            for decision in decisions:
                if decision.verdict == "fix":
                    found.setdefault(line, {}).update(decision.changes)
        return found

    @cached_property
    def made(self) -> dict[int, dict[str, str | None]]:
        """The lines that could not be read, as the rows that people made of them."""
        return {line: texts for line, texts in self.fixes.items() if line in self.unreadable}

    @cached_property
    def dropped(self) -> dict[int, Decision]:
        """The lines that people took out, each with the first decision that did."""
        return {
            line: found[0]
            for line, decisions in self._all()
            if (
                found := [
                    one for one in decisions if _is_drop(one) and not (one.reason == REPEAT and line in self.firsts)
                ]
            )
        }

    @cached_property
    def dropped_repeats(self) -> list[int]:
        """The lines that people took for repeats of an earlier file's."""
        return [
            line
            for line, decisions in self._all()
            if any(decision.verdict == "drop" and decision.reason == REPEATED_ROW for decision in decisions)
        ]

    @property
    def taken_out(self) -> int:
        """How many lines stay set aside because a person said so."""
        return sum(
            1
            for line, decisions in self._all()
            if any(one.verdict == "drop" and not (one.reason == REPEAT and line in self.firsts) for one in decisions)
        )

    def marks(self) -> pa.Table:
        """For each decided line: the reasons accepted, each between bars, and why it was dropped; NULL where it was not."""
        lines = dict(self._all())
        accepted = [_accepted(decisions) for decisions in lines.values()]
        dropped = [self.dropped.get(line) for line in lines]
        return pa.table(
            {
                LINE: pa.array(lines, pa.int64()),
                "accepted_reasons": pa.array(accepted, pa.string()),
                "dropped_reason": pa.array([drop and drop.reason for drop in dropped], pa.string()),
                "dropped_detail": pa.array([drop and _told(drop) for drop in dropped], pa.string()),
            }
        )

    def patched(self, batches: Iterator[pa.RecordBatch], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The file's rows as text with what people put in place, and the rows that they made of unreadable lines."""
        for batch in batches:
            yield _patched(batch, self.fixes)
        if self.made:
            yield _made(self.made, columns)

    def as_they_came(self, refused: Sequence[RejectedRow]) -> list[RejectedRow]:
        """Refused rows with the content that came, where they were refused in spite of a fix."""
        return [
            RejectedRow(row.line, row.reason, row.detail, self._content(row.line)) if row.line in self.fixes else row
            for row in refused
        ]

    def _content(self, line: int) -> str:
        return (self.by_line.get(line) or self.unreadable[line])[0].content

    def _all(self) -> list[tuple[int, tuple[Decision, ...]]]:
        return [*self.by_line.items(), *self.unreadable.items()]


def decisions_of(folder: Path) -> tuple[Decision, ...]:
    """The decisions in force in a workspace folder."""
    if not (folder / STATE_FILE).exists():
        return ()
    from patron.quality.decision_log import logged_decisions  # SQLAlchemy is not loaded for nothing

    return in_force(logged_decisions(folder))


def decided_since(folder: Path, moment: datetime) -> int:
    """How many decisions that move rows were taken, or taken back, since then."""
    if not (folder / STATE_FILE).exists():
        return 0
    from patron.quality.decision_log import logged_decisions

    return sum(
        1
        for decision in logged_decisions(folder)
        if decision.decided_at > moment and (decision.moves_rows or decision.verdict == "undo")
    )


def decided_rows(run: Run, file: LandedFile) -> DecidedRows:
    """The decisions in force that meet this file's rows, and note them in silver, to be asked about."""
    run.warehouse.create("silver", DECIDED.name, DECIDED.columns)
    mine = [decision for decision in run.decisions if decision.source == file.source_name]
    if not mine:
        return DecidedRows()
    found = DecidedRows(
        _lines_of_rows(run, file, [decision for decision in mine if decision.readable]),
        _lines_unread(run, file, [decision for decision in mine if not decision.readable]),
    )
    repeats = [one for one in mine if one.verdict == "drop" and one.reason == REPEAT]
    if found and repeats:
        found = replace(found, firsts=_first_of_equals(run, file, repeats))
    if found:
        run.warehouse.append("silver", DECIDED.name, _noted(file, found))
    return found


def _lines_of_rows(run: Run, file: LandedFile, decisions: Sequence[Decision]) -> dict[int, tuple[Decision, ...]]:
    """The lines whose content was decided on; one text per row finds them all in one query."""
    columns = sorted(file.columns)
    texts: dict[str, list[Decision]] = {}
    for decision in decisions:
        content: Content = json.loads(decision.content)
        text = one_text(content, columns)
        if text is not None:
            texts.setdefault(text, []).append(decision)
    if not texts:
        return {}
    run.warehouse.replace("work", _TEXTS, pa.table({"content_text": pa.array(texts, pa.string())}))
    rows = raw_rows(run, file)
    told = rows.select("line", content_text=fingerprint(rows, columns))
    known = run.warehouse.table("work", _TEXTS)
    found = run.warehouse.fetch(told.semi_join(known, "content_text").order_by("line")).to_pylist()
    run.warehouse.drop("work", _TEXTS)
    return {row["line"]: tuple(texts[row["content_text"]]) for row in found}


def _first_of_equals(run: Run, file: LandedFile, repeats: Sequence[Decision]) -> frozenset[int]:
    """This file's lines that are the first of several with one content; a content that stands once is no first.

    A row without an order of its own is flagged as the repeat of one that is equal to the letter: to drop the record is
    to drop the repeat, not both.
    """
    raw = run.warehouse.table("bronze", raw_table(file.source_name))
    columns = sorted(set(raw.columns) - {"file_id", LINE})
    contents = [{stored_name(name): text for name, text in json.loads(one.content).items()} for one in repeats]
    texts = [one_text(content, columns) for content in contents]
    run.warehouse.replace("work", _TEXTS, pa.table({"content_text": pa.array([t for t in texts if t], pa.string())}))
    told = raw.select("file_id", LINE, content_text=fingerprint(raw, columns))
    known = run.warehouse.table("work", _TEXTS)
    rows = run.warehouse.fetch(told.semi_join(known, "content_text")).to_pylist()
    run.warehouse.drop("work", _TEXTS)
    place = {one.file_id: number for number, one in enumerate(landed_files(run)) if one.source_name == file.source_name}
    standing: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        if row["file_id"] in place:
            standing.setdefault(row["content_text"], []).append((place[row["file_id"]], row[LINE]))
    firsts = (min(places) for places in standing.values() if len(places) > 1)
    return frozenset(line for number, line in firsts if number == place[file.file_id])


def _lines_unread(run: Run, file: LandedFile, decisions: Sequence[Decision]) -> dict[int, tuple[Decision, ...]]:
    """The lines that could not be read as rows and were decided on."""
    by_content: dict[str, list[Decision]] = {}
    for decision in decisions:
        by_content.setdefault(decision.content, []).append(decision)
    if not by_content:
        return {}
    rejects = run.warehouse.table("bronze", REJECTS.name)
    mine = rejects.filter(
        (rejects.file_id == file.file_id) & (rejects.source == file.source_name) & rejects.raw.isin(list(by_content))
    )
    rows = run.warehouse.fetch(mine.select("line", "raw").order_by("line")).to_pylist()
    return {row["line"]: tuple(by_content[row["raw"]]) for row in rows}


def _is_drop(decision: Decision) -> bool:
    # A repeated row that is dropped becomes a duplicate: the first, of the same content, stays where it is.
    return decision.verdict == "drop" and decision.reason != REPEATED_ROW and decision.moves_rows


def _accepted(decisions: Sequence[Decision]) -> str | None:
    reasons = [decision.reason for decision in decisions if decision.verdict == "accept"]
    return f"|{'|'.join(reasons)}|" if reasons else None


def _told(drop: Decision) -> str:
    return f"{drop.detail} (dropped by {drop.by}: {drop.because})"


def _patched(batch: pa.RecordBatch, fixes: Mapping[int, Mapping[str, str | None]]) -> pa.RecordBatch:
    lines = batch.column(batch.schema.get_field_index(LINE)).to_numpy(zero_copy_only=False)
    hit = np.flatnonzero(np.isin(lines, list(fixes)))
    if not len(hit):
        return batch
    changed = [fixes[line] for line in lines[hit].tolist()]
    arrays = [
        _with(column, hit, [texts.get(name, ...) for texts in changed])
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def _with(column: pa.Array, places: np.ndarray, texts: Sequence[object]) -> pa.Array:
    """The column with these texts in these places; ``...`` leaves what is there."""
    given = [(place, text) for place, text in zip(places.tolist(), texts, strict=True) if text is not ...]
    if not given:
        return column
    mask = np.zeros(len(column), bool)
    mask[[place for place, _ in given]] = True
    return pc.replace_with_mask(column, pa.array(mask), pa.array([text for _, text in given], column.type))


def _made(made: Mapping[int, Mapping[str, str | None]], columns: Sequence[str]) -> pa.RecordBatch:
    texts = [pa.array([row.get(name) for row in made.values()], pa.string()) for name in columns]
    return pa.RecordBatch.from_arrays([pa.array(made, pa.int64()), *texts], names=[LINE, *columns])


def _noted(file: LandedFile, found: DecidedRows) -> pa.Table:
    rows = [
        {
            "source": file.source_name,
            "file_id": file.file_id,
            "line": line,
            "entry": decision.entry,
            "reason": decision.reason,
            "verdict": decision.verdict,
            "changes": _changes(decision),
            "by": decision.by,
            "because": decision.because,
            "decided_at": decision.decided_at.replace(tzinfo=None),
        }
        for line, decisions in (*found.by_line.items(), *found.unreadable.items())
        for decision in decisions
    ]
    return pa.Table.from_pylist(rows, schema=_DECIDED_SCHEMA)


def _changes(decision: Decision) -> str | None:
    """What came and what stands in its place, of a fix."""
    if decision.verdict != "fix":
        return None
    came = json.loads(decision.content) if decision.readable else {}
    told = {name: {"came": came.get(name), "now": text} for name, text in decision.changes.items()}
    return json.dumps(told, ensure_ascii=False)


_DECIDED_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("file_id", pa.string()),
        ("line", pa.int64()),
        *((name, pa.string()) for name in ("entry", "reason", "verdict", "changes", "by", "because")),
        ("decided_at", pa.timestamp("us")),
    ]
)
