"""Live values of a process: which customers something came of since the release, and what that makes of them."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Event as Signal
from threading import Lock, Thread
from typing import Final

from patron.errors import NothingThere, PatronError
from patron.governance.state.opened import State
from patron.live.basis import Basis, basis_of
from patron.live.value import DAY, MOVING, TRANSACTIONS, LiveCustomer, live_customer
from patron.releases.contents import Release
from patron.settings import Value
from patron.sources.told.log import events_of, newest_moment, newest_place, touched_after

LOOKED_EVERY_SECONDS: Final = 0.05
_MOST_BASES: Final = 2
_LOG: Final = logging.getLogger("patron.server")


@dataclass
class _Since:
    """What came since one release: up to which place it is known, of whom, and on which day the newest transaction happened.

    ``reached`` is by table: at first what the release was made from.
    """

    basis: Basis
    reached: dict[str, int]
    as_of_day: int
    newest: int = 0
    touched: set[str] = field(default_factory=set)


class LiveValues:
    """Follows the log of events. Whoever asks gets the customer as of the newest event, or nothing where none came.

    What this process keeps is seen at once after ``look``; what another one keeps, within the twentieth part of a second.
    """

    def __init__(self, state: State, contract: Value) -> None:
        self._state = state
        self._contract = contract
        self._since: OrderedDict[str, _Since] = OrderedDict()
        self._without: str | None = None
        self._changing = Lock()
        self._ended = Signal()
        self._follower: Thread | None = None

    def start(self) -> None:
        """Follow the log from now on."""
        self._follower = Thread(target=self._follow, name="patron-live", daemon=True)
        self._follower.start()

    def stop(self) -> None:
        self._ended.set()
        if self._follower:
            self._follower.join(timeout=5)

    def look(self) -> None:
        """Take in what was told since the last look."""
        with self._changing:
            newest = newest_place(self._state)
            for since in self._since.values():
                self._take_in(since, newest)

    def is_ready(self, release: Release) -> bool:
        """Whether a release has been made ready, or cannot be."""
        return release.id in self._since or release.id == self._without

    def make_ready(self, release: Release) -> None:
        """Read what live values of a release start from, and what was told since; once, and up to some seconds long."""
        self._of(release)

    def has_moved(self, release: Release, customer_id: str) -> bool:
        """Whether anything was told of a customer since a release that is ready."""
        since = self._since.get(release.id)
        return since is not None and customer_id in since.touched

    def of(self, release: Release, customer_id: str, published: float | None) -> LiveCustomer | None:
        """The customer now; None where nothing came since the release, or the release cannot be moved.

        ``published`` is their expected value in the release, None for one whom it does not have.
        """
        since = self._of(release)
        if since is None or customer_id not in since.touched:
            return None
        events = events_of(self._state, customer_id)
        return live_customer(since.basis, customer_id, events, published, since.as_of_day, self._contract)

    def _of(self, release: Release) -> _Since | None:
        held = self._since.get(release.id)
        if held is not None or release.id == self._without:
            return held
        with self._changing:
            if release.id in self._since:
                return self._since[release.id]
            try:
                basis = basis_of(release)
            except (NothingThere, OSError, ValueError, KeyError) as error:  # of files that are not what they claim, too
                _LOG.warning("release %s cannot be moved by events: %s", release.id, error)
                self._without = release.id
                return None
            told, newest = release.told_reached(), newest_place(self._state)
            since = _Since(basis, {table: told.get(table, 0) for table in MOVING}, basis.as_of_day)
            self._take_in(since, newest)
            self._since[release.id] = since
            while len(self._since) > _MOST_BASES:
                self._since.popitem(last=False)
            return since

    def _take_in(self, since: _Since, newest: int) -> None:
        if newest == since.newest:
            return
        for table, place in since.reached.items():
            since.touched |= touched_after(self._state, table, place)
        moment = newest_moment(self._state, TRANSACTIONS, since.basis.reached)
        since.as_of_day = max(since.basis.as_of_day, moment // DAY) if moment is not None else since.basis.as_of_day
        since.newest = newest
        since.reached = {table: max(place, newest) for table, place in since.reached.items()}

    def _follow(self) -> None:
        while not self._ended.wait(LOOKED_EVERY_SECONDS):
            try:
                self.look()
            except PatronError as error:
                _LOG.warning("events cannot be read: %s", error.what)
