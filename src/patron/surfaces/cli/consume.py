"""`patron consume`: events from a stream into the log, as they come."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event as Signal
from typing import Final

import typer

from patron.errors import SourceFailed, UnknownName
from patron.governance.audit.chain import Act
from patron.governance.state.of_workspace import state_of_workspace
from patron.pipeline.workspace import Workspace
from patron.settings import StreamSettings
from patron.sources.streams.consume import Consumed, consume
from patron.sources.streams.installed import stream_kind
from patron.sources.told.items import Terms

_WAIT_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0


def consume_stream(folder: Path, name: str, *, once: bool, as_json: bool) -> None:
    """Read a stream until stopped, or until nothing waits; a broker that is away is waited for."""
    workspace = Workspace.at(folder)
    told = _settings_of(workspace, name)
    credentials = workspace.credentials
    state = state_of_workspace(workspace.folder, workspace.settings.server.state, credentials)
    contract, earliest = workspace.settings.value, date.fromisoformat(workspace.settings.quality.earliest)

    def noted(fates: Mapping[str, int]) -> Act:
        return Act(f"stream {name}", "", "command line", "", "events.tell", told.table, "done", dict(fates))

    total, pause = Consumed(), 1.0
    stream = stream_kind(told.kind)(
        told.stream or name, told.group, credentials.secret(told.credential or name).reveal()
    )
    with _stopped_by_signals() as stopped:
        try:
            while not stopped.is_set():
                try:
                    came = consume(
                        stream, state, told.table, lambda: Terms(contract.currency, earliest, datetime.now(UTC)), noted,
                        most=told.batch, wait_seconds=_WAIT_SECONDS,
                    )  # fmt: skip
                except SourceFailed as error:
                    if once:
                        raise
                    typer.echo(f"{error.what} Tried again in {pause:.0f} s.", err=True)
                    stopped.wait(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                    continue
                total, pause = total + came, 1.0
                if once and came == Consumed():
                    break
        finally:
            stream.close()
            state.close()
    _tell(total, as_json=as_json)


def _settings_of(workspace: Workspace, name: str) -> StreamSettings:
    streams = workspace.settings.streams
    if name not in streams:
        raise UnknownName("stream", name, streams)
    return streams[name]


def _tell(total: Consumed, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(total)))
        return
    typer.echo(f"{total.accepted:,} events kept, {total.duplicate:,} known already, {total.set_aside:,} set aside.")


@contextmanager
def _stopped_by_signals() -> Iterator[Signal]:
    """Ctrl-C and SIGTERM end it after the round that is going on."""
    stopped = Signal()
    before = {one: signal.signal(one, lambda *_: stopped.set()) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
