"""A snapshot as one who asks may see it. Rows outside their branches do not exist here: not in lists, counts or searches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from patron.reports.served.snapshot import Snapshot


@dataclass(frozen=True)
class View:
    """What a scope leaves of a snapshot.

    ``branches`` are the only ones whose customers are seen; None is everybody, also customers of no branch. Every question
    of this room takes a View and nothing below it, so that no read path can forget the scope.
    """

    snapshot: Snapshot
    branches: frozenset[str] | None = None

    @property
    def is_whole(self) -> bool:
        return self.branches is None

    @cached_property
    def scores(self) -> pa.Table:
        """The customers in scope, by id: columns as in ``tables.SCORES``."""
        return self._seen(self.snapshot.scores)

    @cached_property
    def segments(self) -> pa.Table:
        """The same customers in the same order: columns as in ``tables.SEGMENTS``."""
        return self._seen(self.snapshot.segments)

    @cached_property
    def behaviour(self) -> pa.Table:
        """The same customers in the same order: columns as in ``tables.BEHAVIOUR``."""
        return self._seen(self.snapshot.behaviour)

    @cached_property
    def members(self) -> pa.Table:
        """Who of them belongs to the groups of own rules."""
        return self._of_theirs(self.snapshot.members)

    @cached_property
    def moves(self) -> pa.Table:
        """Who of them moved since the release before."""
        return self._of_theirs(self.snapshot.moves)

    @cached_property
    def changes(self) -> pa.Table:
        """What they were worth in the release before and are worth now, also customers of no release but the one before."""
        return self._of_theirs(self.snapshot.changes)

    def place_of(self, customer_id: str) -> int | None:
        """The row of a customer in the snapshot's tables; None for one who is out of scope, as for one who does not exist."""
        place = self.snapshot.place_of(customer_id)
        if place is None or self.branches is None:
            return place
        held = self.snapshot.branches
        return place if held is not None and held[place].as_py() in self.branches else None

    @cached_property
    def _kept(self) -> pa.ChunkedArray | None:
        if self.branches is None:
            return None
        held = self.snapshot.branches
        if held is None:
            return pa.chunked_array([pa.repeat(False, self.snapshot.scores.num_rows)])
        words = held.cast(pa.string())
        return pc.is_in(words, value_set=pa.array(sorted(self.branches), pa.string()))

    def _seen(self, table: pa.Table) -> pa.Table:
        return table if self._kept is None else table.filter(self._kept).combine_chunks()

    def _of_theirs(self, table: pa.Table) -> pa.Table:
        if self._kept is None:
            return table
        return table.filter(pc.is_in(table["customer_id"], value_set=self.scores["customer_id"].combine_chunks()))
