"""What operators see of each request: a line of log and figures for Prometheus. Routes are named by their pattern, never by ids in them."""

from __future__ import annotations

import json
import secrets
import time
from datetime import UTC, datetime
from typing import Final

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from patron.surfaces.api.problems import LOG

REQUESTS: Final = Counter("patron_requests", "Requests answered", ["method", "route", "status"])
SECONDS: Final = Histogram(
    "patron_request_seconds",
    "Seconds from a request to its answer",
    ["route"],
    buckets=(0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
_UNROUTED: Final = "none"


def named(scope: Scope, status: int) -> tuple[str, str]:
    """The method and the route's pattern of a request that was answered; a made-up method must not make a series of its own."""
    route = getattr(scope.get("route"), "path", _UNROUTED)
    return scope["method"] if route != _UNROUTED and status != 405 else "any", route


class Observing:
    """Wraps an app, outside everything else, and gives each request an id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500
        scope.setdefault("state", {})["request_id"] = secrets.token_hex(8)

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = named(scope, status)
        REQUESTS.labels(method, route, status).inc()
        SECONDS.labels(route).observe(seconds)
        who = scope["state"].get("who")
        LOG.info(
            "%s",
            json.dumps(
                {
                    "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
                    "request": scope["state"]["request_id"],
                    "method": method,
                    "route": route,
                    "status": status,
                    "milliseconds": round(seconds * 1000, 2),
                    "who": who.id if who else None,
                }
            ),
        )
