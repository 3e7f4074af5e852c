"""An event: one row of a source table, told by whoever knew of it, with an id of its own and a version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

TOLD_TABLES: Final = ("transactions", "customers", "contacts", "engagements")
"""The source tables of which events can be told."""


@dataclass(frozen=True)
class Event:
    """A row as it was told: ``body`` has its values as text, by Patron's names of columns.

    ``occurred_at`` is in microseconds since 1970, UTC; ``place`` is where it stands among all events, 0 before it is kept.
    Of the versions of an id the highest holds, in whatever order they come; one that is ``deleted`` says that the row is gone.
    """

    told_as: str
    event_id: str
    customer_id: str
    body: Mapping[str, str]
    occurred_at: int | None = None
    version: int = 1
    deleted: bool = False
    place: int = 0

    @cached_property
    def text(self) -> str:
        """The body as it is kept: equal values, equal text."""
        return json.dumps(dict(self.body), sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def content(self) -> str:
        """What two tellings of one event must agree in: 64 hex digits."""
        told = f"{self.customer_id}\0{self.occurred_at}\0{self.deleted}\0{self.text}"
        return hashlib.sha256(told.encode()).hexdigest()
