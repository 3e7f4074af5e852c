"""A fix is tried before it is kept: the row as fixed must be one that could be believed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import pyarrow as pa

from patron.errors import UnknownName, UsageError
from patron.pipeline.landing.sealing import sealed_changes
from patron.pipeline.workspace import Workspace
from patron.quality.decisions import Decision, in_force
from patron.quality.own_rules import parents, row_rules
from patron.quality.rules import judged, transaction_rules
from patron.settings import Settings, Source
from patron.sources.parse import Parser
from patron.sources.rows import LINE, stored_name
from patron.tables import FILES, TRANSACTIONS, source_table
from patron.warehouse import Warehouse

_TRIAL = "fix_trial"
Changes = Mapping[str, str | None]


class Fixable(Protocol):
    """What a trial asks of a record."""

    @property
    def entry(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def content(self) -> str: ...
    @property
    def readable(self) -> bool: ...


def tried_changes(
    workspace: Workspace, warehouse: Warehouse, subjects: Sequence[Fixable], changes: Changes, log: Sequence[Decision]
) -> dict[str, dict[str, str | None]]:
    """For each source, the changes by its own columns, once every record so fixed can be believed.

    Fixes in force (by ``log``) stay, where the new one does not overrule them.

    A column may be named as the source or as Patron names it. Raises UnknownName for another, and UsageError for a
    record that still could not be read or would break a rule.
    """
    found = {}
    for name in dict.fromkeys(subject.source for subject in subjects):
        source = workspace.settings.sources.get(name)
        if source is None:
            raise UnknownName("source", name, workspace.settings.sources)
        header = _header(warehouse, name)
        told = {_own_column(column, source, header): text or None for column, text in changes.items()}
        own = sealed_changes(workspace, source, told)
        mine = [subject for subject in subjects if subject.source == name]
        rows = _fixed(header, mine, own, log)
        _refuse_unread(source, rows, mine)
        _refuse_unbelieved(workspace.settings, warehouse, source, rows, mine)
        found[name] = own
    return found


def _header(warehouse: Warehouse, source: str) -> list[str]:
    """Every column that one of the source's files has."""
    files = warehouse.table("bronze", FILES.name)
    rows = warehouse.fetch(files.filter(files.source == source).select("columns").distinct()).to_pylist()
    return list(dict.fromkeys(column for row in rows for column in json.loads(row["columns"])))


def _own_column(column: str, source: Source, header: Sequence[str]) -> str:
    mapped = dict(source.columns) | ({"row_id": source.row_id} if source.row_id else {})
    if column in header:
        return column
    if column in mapped:
        return stored_name(mapped[column])
    raise UnknownName("column of this source", column, {*header, *mapped})


def _fixed(
    header: Sequence[str], subjects: Sequence[Fixable], changes: Changes, log: Sequence[Decision]
) -> pa.RecordBatch:
    contents = [_as_fixed(subject, log) | dict(changes) for subject in subjects]
    lines = pa.array(range(len(subjects)), pa.int64())
    columns = [pa.array([content.get(name) for content in contents], pa.string()) for name in header]
    return pa.RecordBatch.from_arrays([lines, *columns], names=[LINE, *header])


def _as_fixed(subject: Fixable, log: Sequence[Decision]) -> dict[str, str | None]:
    """A record with the fixes that are in force on it already, made for whichever reason."""
    content: dict[str, str | None] = json.loads(subject.content) if subject.readable else {}
    for decision in in_force(log):
        if decision.verdict == "fix" and decision.source == subject.source and decision.content == subject.content:
            content |= decision.changes
    return content


def _refuse_unread(source: Source, rows: pa.RecordBatch, subjects: Sequence[Fixable]) -> None:
    for row in Parser(source, source_table(source.table)).parse(rows).rejected:
        raise _still_refused(subjects[row.line], row.detail)


def _refuse_unbelieved(
    settings: Settings, warehouse: Warehouse, source: Source, rows: pa.RecordBatch, subjects: Sequence[Fixable]
) -> None:
    table, own = source_table(source.table), settings.quality.rules
    rules = row_rules(own, table.name, parents(warehouse, own))
    if table is TRANSACTIONS:
        rules = (*transaction_rules(settings, datetime.now(UTC)), *rules)
    warehouse.replace("work", _TRIAL, Parser(source, table).parse(rows).rows)
    told = judged(warehouse.table("work", _TRIAL), rules)
    broken = warehouse.fetch(told.filter(told.reason.notnull()).select("line", "detail").limit(1)).to_pylist()
    warehouse.drop("work", _TRIAL)
    for row in broken:
        raise _still_refused(subjects[row["line"]], row["detail"])


def _still_refused(subject: Fixable, detail: str) -> UsageError:
    return UsageError(
        f"{subject.entry} as fixed could not be believed either: {detail}.",
        to_do="Give another value, or drop it. Values are written as the source writes them (decimal sign, date format).",
    )
