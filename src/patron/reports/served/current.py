"""The release that is served now: the one that the shelf points to, in memory before the first answer is made from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final

from patron.errors import NothingThere, PatronError
from patron.releases.contents import load_release
from patron.releases.shelf import Shelf
from patron.releases.stale import Stale, read_stale
from patron.reports.served.snapshot import Snapshot
from patron.reports.served.view import View
from patron.reports.set_by_hand import NOTHING_SET, SetByHand

LOOKED_EVERY_SECONDS: Final = 0.2
_MOST_SCOPES: Final = 200
AsksWhatIsSet = Callable[[int], SetByHand | None]
"""Gives what people have set by hand; None where it is still of the version that is asked with."""


class CurrentRelease:
    """Follows the shelf and what people set by hand. Whoever asks gets a whole snapshot at once; a new one is made beside it
    and put in its place.

    A release that cannot be read, or a shelf that became empty, is told (``fault``) and the one before is served on.
    ``clock`` tells the moment in microseconds since 1970: what is set ends on time.
    """

    def __init__(
        self,
        workspace: Path,
        asks_what_is_set: AsksWhatIsSet = lambda _: None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._releases = Shelf(workspace / "releases").folder
        self._workspace = workspace
        self._asks_what_is_set = asks_what_is_set
        self._clock = clock
        self._published: Snapshot | None = None
        self._set = NOTHING_SET
        self._ends_at: int | None = None
        self._snapshot: Snapshot | None = None
        self._views = _views()
        self._looking, self._changing = Lock(), Lock()  # a release that is being read holds up nothing that ends
        self._ended = Event()
        self._follower: Thread | None = None
        self.fault: str | None = None

    def start(self) -> None:
        """Read the current release and follow the shelf from now on; a shelf without one is waited for."""
        self.look()
        self._follower = Thread(target=self._follow, name="patron-release", daemon=True)
        self._follower.start()

    def stop(self) -> None:
        self._ended.set()
        if self._follower:
            self._follower.join(timeout=5)

    def look(self) -> None:
        """Read the shelf now, and the release it points to if it is another one; and what is set by hand, if that changed."""
        with self._looking:
            try:
                name = Shelf(self._releases).current_name()
                if name is None:
                    raise NothingThere("Nothing is published yet.", to_do="Run 'patron run' first.")
                held = self._published
                published = held if held and held.id == name else Snapshot(load_release(self._workspace, name))
                told = self._asks_what_is_set(self._set.version)
                if published is not held or told is not None:
                    with self._changing:
                        self._published, self._set = published, told or self._set
                        self._lay_over()
                self.fault = None
            except (PatronError, OSError, ValueError, KeyError) as error:  # of files that are not what they claim, too
                self.fault = str(error)

    @property
    def has_release(self) -> bool:
        """Whether there is a release to answer from."""
        return self._snapshot is not None

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot to answer from; NothingThere before the first release."""
        if self._has_ended():
            with self._changing:
                if self._has_ended():
                    self._lay_over()
        held = self._snapshot
        if held is None:
            raise NothingThere("Nothing is published yet.", to_do="Run 'patron run' first.")
        return held

    def view(self, branches: frozenset[str] | None) -> View:
        """The current release through a scope; views that were asked for lately are kept."""
        return self._views(self.snapshot, branches)

    @property
    def stale(self) -> Stale | None:
        """Why the release that is served is older than it should be, if a run said so."""
        held = self._snapshot
        try:
            stale = read_stale(self._releases)
        except (ValueError, KeyError, TypeError):
            return Stale(held.id, "", ("the mark that says why cannot be read",)) if held else None
        return stale if stale and held and stale.release == held.id else None

    def _has_ended(self) -> bool:
        return self._ends_at is not None and self._clock() >= self._ends_at

    def _lay_over(self) -> None:
        """Make the snapshot to answer from: the release, and over it what is set and has not ended."""
        if self._published is None:
            return
        holds = self._set.at(self._clock())
        self._snapshot = self._published.with_set(holds) if holds.values else self._published
        self._views, self._ends_at = _views(), holds.ends_at

    def _follow(self) -> None:
        while not self._ended.wait(LOOKED_EVERY_SECONDS):
            self.look()


def _views() -> Callable[[Snapshot, frozenset[str] | None], View]:
    return lru_cache(maxsize=_MOST_SCOPES)(View)
