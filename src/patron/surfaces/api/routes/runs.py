"""Runs: start one, watch it, end it. A run is a process of its own and goes on when the server ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path as Folder
from typing import Annotated, Any, Final

from fastapi import Header, Path, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from patron.errors import WorkspaceBusy
from patron.governance.audit.chain import act_of
from patron.governance.roles import Permission
from patron.pipeline.started.record import RunRecord, progress, read_record, records, run_folder
from patron.pipeline.started.start import cancel_run
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.problems import Refused
from patron.surfaces.api.who import Held, Who

routes = Routes(prefix="/v1/runs", tags=["runs"])
LOOKED_EVERY_SECONDS: Final = 0.2
ALIVE_EVERY: Final = 75
"""After so many looks without news a comment is sent, so that nothing between takes the connection for dead."""
Id = Annotated[str, Path(max_length=40)]
MOST_LISTED: Final = 100


class NewRun(BaseModel):
    """A run to be started; ``again`` does all steps anew, also those that are finished."""

    again: bool = False


class RunTold(BaseModel):
    """How a run stands: running, published, unchanged, refused, cancelled or died."""

    model_config = ConfigDict(extra="ignore")

    id: str
    asked_by: str
    started_at: str
    again: bool
    status: str
    ended_at: str | None
    release: str | None
    because: str | None
    to_do: str | None


class RunsAnswer(BaseModel):
    """The newest started runs, the newest first."""

    runs: list[RunTold]


@routes.ask("", Permission.READ_RUNS, response_model=RunsAnswer)
async def list_runs(serving: Held) -> dict[str, Any]:  # Any: JSON
    """The runs that were started over the API, the newest first."""
    found = await asyncio.to_thread(records, serving.workspace)
    return {"runs": [asdict(record) for record in found[:MOST_LISTED]]}


@routes.act("", Permission.START_RUNS, also=[409], response_model=RunTold, status_code=202)
async def start(new: NewRun, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """Start a run of the workspace; 409 while another one is going on."""
    await serving.audit.write(act_of(who, "run.start", again=new.again))
    try:
        record: RunRecord = await asyncio.to_thread(serving.start_run, serving.workspace, who.name, again=new.again)
    except WorkspaceBusy as error:
        raise Refused(409, error.what, to_do=error.to_do) from error
    return asdict(record)


@routes.ask("/{run_id}", Permission.READ_RUNS, also=[404], response_model=RunTold)
async def one_run(run_id: Id, serving: Held) -> dict[str, Any]:  # Any: JSON
    """How a run stands."""
    return asdict(await asyncio.to_thread(lambda: read_record(run_folder(serving.workspace, run_id))))


@routes.act("/{run_id}/cancellation", Permission.START_RUNS, also=[404], response_model=RunTold, status_code=202)
async def cancel(run_id: Id, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """Ask a run to end at once; what is published stays."""
    record = await asyncio.to_thread(cancel_run, serving.workspace, run_id)
    await serving.audit.write(act_of(who, "run.cancel", run_id))
    return asdict(record)


@routes.ask("/{run_id}/progress", Permission.READ_RUNS, also=[404], response_class=StreamingResponse)
async def watch(
    run_id: Id,
    serving: Held,
    request: Request,
    last: Annotated[str | None, Header(alias="Last-Event-ID", max_length=20)] = None,
) -> StreamingResponse:
    """What a run says, as it says it (server-sent events): begins, says, done, ended. Whoever was cut off goes on from the last number."""
    folder = await asyncio.to_thread(run_folder, serving.workspace, run_id)
    after = int(last) if last and last.isdigit() else 0
    return StreamingResponse(_told(folder, after, request), media_type="text/event-stream")


async def _told(folder: Folder, after: int, request: Request) -> AsyncIterator[str]:
    silent = 0
    while not await request.is_disconnected():
        found = await asyncio.to_thread(progress, folder, after)
        for number, told in found:
            after = number
            yield f"id: {number}\nevent: {told['kind']}\ndata: {json.dumps(told)}\n\n"
            if told["kind"] == "ended":
                return
        if not found and (await asyncio.to_thread(read_record, folder)).status != "running":
            if not await asyncio.to_thread(progress, folder, after):
                return  # its process died without a word
            continue
        silent = 0 if found else silent + 1
        if silent % ALIVE_EVERY == ALIVE_EVERY - 1:
            yield ": still here\n\n"
        await asyncio.sleep(LOOKED_EVERY_SECONDS)
