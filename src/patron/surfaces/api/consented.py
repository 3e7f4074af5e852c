"""Who has consented to what, held in memory for lists and brought up to date with each question."""

from __future__ import annotations

import threading

import pyarrow as pa

from patron.governance.consent import changes_after
from patron.governance.state.opened import State


class Consented:
    """The customers who have consented, by purpose. What any process has written holds from the next question on."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._newest = 0
        self._given: dict[str, set[str]] = {}
        self._arrays: dict[str, pa.Array] = {}

    def ids(self, purpose: str) -> pa.Array:
        """The ids of those who have consented to a purpose."""
        with self._lock:
            self._catch_up()
            if purpose not in self._arrays:
                self._arrays[purpose] = pa.array(sorted(self._given.get(purpose, ())), pa.string())
            return self._arrays[purpose]

    def _catch_up(self) -> None:
        self._newest, changes = changes_after(self._state, self._newest)
        for change in changes:
            given = self._given.setdefault(change.purpose, set())
            (given.add if change.given else given.discard)(change.customer_id)
            self._arrays.pop(change.purpose, None)
