"""A release as readers shall see it: what people set by hand stands where it was published otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from patron.releases.contents import Release
from patron.reports.set_by_hand import NOTHING_SET, SetByHand

_KEY: Final = "customer_id"


@dataclass(frozen=True)
class Overridden(Release):
    """A release with what is set by hand over it. Its files stay as they were published."""

    set_by_hand: SetByHand = NOTHING_SET

    @property
    def as_published(self) -> Release:
        return Release(self.folder, self.manifest)

    def scores(self) -> pa.Table:
        """One row per customer, columns as in ``tables.SCORES``."""
        return self.set_by_hand.over(super().scores())

    def segments(self) -> pa.Table:
        """One row per customer, columns as in ``tables.SEGMENTS``."""
        return self.set_by_hand.over(super().segments())


def overridden(release: Release, set_by_hand: SetByHand) -> Release:
    """The release with this over it; itself where nothing is set."""
    return Overridden(release.folder, release.manifest, set_by_hand) if set_by_hand.values else release


def published(release: Release) -> tuple[Release, SetByHand]:
    """The release as it was published, and what is set over it."""
    return (release.as_published, release.set_by_hand) if isinstance(release, Overridden) else (release, NOTHING_SET)


def read_columns(release: Release, path: Path, columns: Sequence[str]) -> pa.Table:
    """Columns of a table of the release, with what is set over them."""
    if not isinstance(release, Overridden):
        return pq.read_table(path, columns=list(columns))
    table = pq.read_table(path, columns=list(dict.fromkeys([_KEY, *columns])))
    return release.set_by_hand.over(table).select(list(columns))


def read_customer(release: Release, path: Path, customer_id: str) -> pa.Table:
    """A customer's rows of a table of the release, with what is set over them; row groups that cannot hold them are not read."""
    found: Any = pq.read_table(path, filters=[(_KEY, "=", customer_id)])  # Any: pyarrow is untyped
    return release.set_by_hand.over(found) if isinstance(release, Overridden) else found
