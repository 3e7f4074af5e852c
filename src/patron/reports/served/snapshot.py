"""A release in memory, laid out to be asked: customers found by id in microseconds, columns ready to be filtered."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from patron.errors import DamagedRelease
from patron.releases.contents import Release
from patron.releases.sorted_ids import place_of
from patron.reports.overridden import overridden
from patron.reports.set_by_hand import NOTHING_SET, SetByHand, Told, told

_SETTABLE: Final = ("tier", "expected_value", "historic_value")
_WORDS: Final = 0.2
"""A text column with at most this share of different values is kept as a dictionary: groups, places, models."""


class Snapshot:
    """One release, whole. Every answer to a request is made from one snapshot, so that no answer mixes two releases.

    ``scores``, ``segments`` and ``behaviour`` have the same customers in the same order, that of their ids.
    """

    def __init__(self, release: Release) -> None:
        self.release = release
        self.scores = _laid_out(_by_customer(release.scores()))
        self.segments = _laid_out(_by_customer(release.segments()))
        self.behaviour = _laid_out(_by_customer(release.behaviour()))
        self.evidence: Mapping[str, Any] = release.evidence()  # Any: plain data
        self._ids = self.scores["customer_id"].chunk(0) if self.scores.num_rows else pa.array([], pa.string())
        for table in (self.segments, self.behaviour):
            if table.num_rows and not table["customer_id"].equals(self.scores["customer_id"]):
                raise DamagedRelease(
                    f"The tables of release {release.id} do not tell of the same customers.",
                    to_do="Run 'patron run' again, or roll back with 'patron release rollback'.",
                )

        self._cells = self._columns()
        self.set_by_hand = NOTHING_SET
        self._as_published = self._cells

    def with_set(self, set_by_hand: SetByHand) -> Snapshot:
        """The same release with what people set in place of what was published; told to nobody who holds this one."""
        over = copy.copy(self)
        over.__dict__.pop("set_more", None)
        over.scores, over.segments = set_by_hand.over(self.scores), set_by_hand.over(self.segments)
        over._cells = over._columns()
        over.set_by_hand = set_by_hand
        return over

    @cached_property
    def set_more(self) -> float:
        """How much more is expected of everybody by what people set than was published."""
        if not self.set_by_hand.values or not self.scores.num_rows:
            return 0.0
        published = dict(self._as_published["score"])["expected_value"]
        return float(pc.sum(pc.subtract(self.scores["expected_value"].chunk(0), published)).as_py())

    def set_for(self, customer_id: str, place: int) -> tuple[Told, ...]:
        """What is set by hand for the customer at this place, beside what was published."""
        values = self.set_by_hand.of(customer_id)
        if not values:
            return ()
        return told(values, self.published_at(place))

    def published_at(self, place: int) -> dict[str, Any]:  # Any: values of columns
        """What was published of what people may set, and of what they set it by, for the customer at a place."""
        return {name: column[place].as_py() for name, column in self._settable}

    @cached_property
    def _settable(self) -> tuple[tuple[str, pa.Array], ...]:
        columns = (*self._as_published["score"], *self._as_published["segments"])
        return tuple((name, column) for name, column in columns if name in _SETTABLE)

    def _columns(self) -> dict[str, tuple[tuple[str, pa.Array], ...]]:
        """Arrays rather than columns of chunks: a server reads rows by place all day, and this takes a third of the time."""
        return {
            "score": _arrays(self.scores),
            "segments": _arrays(self.segments),
            "behaviour": _arrays(self.behaviour),
        }

    def told_at(self, place: int) -> dict[str, dict[str, Any] | None]:  # Any: values of columns
        """A customer's ``score``, ``segments`` and ``behaviour``; None for what the release does not tell."""
        return {
            part: {name: column[place].as_py() for name, column in columns} if columns else None
            for part, columns in self._cells.items()
        }

    @property
    def effective_release(self) -> Release:
        """The release for questions that read its files, with what is set by hand over it."""
        return overridden(self.release, self.set_by_hand)

    @property
    def id(self) -> str:
        return self.release.id

    @cached_property
    def members(self) -> pa.Table:
        """Who belongs to the groups of own rules."""
        return _laid_out(_by_customer(self.release.members()))

    @cached_property
    def moves(self) -> pa.Table:
        """Who moved since the release before."""
        return _laid_out(_by_customer(self.release.moves()))

    @cached_property
    def changes(self) -> pa.Table:
        """What each customer was worth in the release before and is worth now; none in a first release."""
        return _by_customer(self.release.bridge().select(["customer_id", "value_before", "value_now"]))

    @cached_property
    def segmentation(self) -> Mapping[str, Any]:  # Any: plain data
        return self.release.segmentation()

    @cached_property
    def branches(self) -> pa.ChunkedArray | None:
        """Each customer's branch, where branches are known."""
        return self.segments["branch"] if "branch" in self.segments.column_names else None

    def place_of(self, customer_id: str) -> int | None:
        """The row of a customer in each of the three tables; None for one whom the release does not have."""
        return place_of(self._ids, customer_id)


def row(table: pa.Table, place: int) -> dict[str, Any]:  # Any: values of columns
    """One row, as values by column."""
    return {name: column[place].as_py() for name, column in zip(table.column_names, table.columns, strict=True)}


def _arrays(table: pa.Table) -> tuple[tuple[str, pa.Array], ...]:
    if not table.num_rows:
        return ()
    return tuple((name, column.chunk(0)) for name, column in zip(table.column_names, table.columns, strict=True))


def _by_customer(table: pa.Table) -> pa.Table:
    """The rows in the order of ids, byte by byte: an engine may have ordered them by the rules of a language."""
    ids = table["customer_id"]
    in_order = len(ids) < 2 or pc.all(pc.less_equal(ids.slice(0, len(ids) - 1), ids.slice(1))).as_py()
    return table if in_order else table.take(pc.sort_indices(table, sort_keys=[("customer_id", "ascending")]))


def _laid_out(table: pa.Table) -> pa.Table:
    """One chunk per column, so that a row is found without a search; words told once."""
    table = table.combine_chunks()
    for number, name in enumerate(table.column_names):
        column = table.column(number)
        if name != "customer_id" and pa.types.is_string(column.type) and _repeats(column):
            table = table.set_column(number, name, column.dictionary_encode())
    return table


def _repeats(column: pa.ChunkedArray) -> bool:
    return len(column) > 0 and pc.count_distinct(column).as_py() <= max(1000, len(column) * _WORDS)
