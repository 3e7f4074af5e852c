"""The connector ``told``: events that were told to the server, from its state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, Literal

from pydantic import Field

from patron.governance.state.of_workspace import state_of_workspace
from patron.settings import FILE_NAME, Source, read_settings
from patron.sources.connectors.connector import Fetched, Options, Request
from patron.sources.connectors.watermark import Watermark
from patron.sources.told.event import TOLD_TABLES, Event
from patron.sources.told.log import events_after, newest_place
from patron.tables import source_table

_OF_EVENTS: Final = ("event_id", "version", "deleted", "place", "customer_id", "occurred_at")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ToldOptions(Options):
    """What ``told`` can be told."""

    table: str = Field(description="events of which table: " + ", ".join(TOLD_TABLES))
    batch_rows: int = Field(20_000, ge=1, le=1_000_000, description="rows held in memory at a time")

    def misfit(self, source: Source) -> str:
        """The events of one table make no other."""
        if self.table not in TOLD_TABLES:
            return f"table is '{self.table}'; events are told of {', '.join(TOLD_TABLES)}"
        if self.table != source.table:
            return f"events of {self.table} cannot fill {source.table}; name the same table"
        return ""

    @classmethod
    def tuning(cls) -> frozenset[str]:
        """How, not what."""
        return super().tuning() | {"batch_rows"}


@dataclass(frozen=True)
class ToldToServer:
    """Fetches the events of a table that came since the fetch before."""

    name: str = "told"
    meaning: str = "events that were told to the server"
    options: type[Options] = ToldOptions
    lands: Literal["rows"] = "rows"

    def fetch(self, request: Request) -> Fetched:
        """Put every event after the watermark, a place, into the landing."""
        options: ToldOptions = request.options
        reached = int(request.watermark.text) if request.watermark else 0
        settings = read_settings(request.folder / FILE_NAME)
        state = state_of_workspace(request.folder, settings.server.state, request.credentials)
        try:
            newest = newest_place(state)
            if newest < reached:
                raise request.failed(
                    f"the log of events ends at {newest}, and {reached} were read from it before",
                    to_do="Restore the state that the events were told to; or, where it is gone for good, name the source anew.",
                )
            columns = _columns(options.table)
            found = (event for event in events_after(state, reached, options.table) if event.place <= newest)
            while some := [_values(event, columns) for event in islice(found, options.batch_rows)]:
                request.landing.add_rows(columns, some)
        finally:
            state.close()
        return Fetched(Watermark("integer", str(newest)), may_be_empty=True)


def _columns(table: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*_OF_EVENTS, *(name for name in source_table(table).names if name != "row_id"))))


def _values(event: Event, columns: tuple[str, ...]) -> list[object]:
    told: dict[str, object] = {
        **event.body,
        "event_id": event.event_id,
        "version": event.version,
        "deleted": "yes" if event.deleted else "no",
        "place": event.place,
        "customer_id": event.customer_id or None,
        "occurred_at": None if event.occurred_at is None else _moment(event.occurred_at),
    }
    return [told.get(column) for column in columns]


def _moment(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat()


CONNECTOR: Final = ToldToServer()
