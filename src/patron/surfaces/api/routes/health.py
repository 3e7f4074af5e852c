"""Whether the server is alive, and whether it can answer."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import Request
from sqlalchemy import text

from patron.surfaces.api import answers
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.problems import Refused
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held

routes = Routes(tags=["health"])


@routes.ask("/health", None, response_model=answers.Health)
async def alive() -> dict[str, Any]:  # Any: JSON
    """The process answers."""
    return {"status": "ok"}


@routes.ask("/ready", None, response_model=answers.Health)
async def ready(serving: Held) -> dict[str, Any]:  # Any: JSON
    """The state can be read and a release is in memory."""
    await asyncio.to_thread(_ask_state, serving)
    if not serving.current.has_release:
        raise Refused(503, "No release is in memory.", to_do="The server's log tells why.")
    return {"status": "ok"}


@routes.ask("/v1/openapi.json", None, include_in_schema=False)
async def openapi(request: Request) -> dict[str, Any]:  # Any: OpenAPI
    """What can be asked, and how (OpenAPI 3.1)."""
    told: dict[str, Any] = request.app.openapi()  # Any: OpenAPI
    return told


def _ask_state(serving: Serving) -> None:
    with serving.state.reading() as connection:
        connection.execute(text("SELECT 1"))
