"""What holds for every request before a route sees it: a bounded number, a bounded body, paths as they were sent, and headers that bind browsers."""

from __future__ import annotations

import json
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from patron.surfaces.api.paths import keep_slashes
from patron.surfaces.api.problems import LOG, MEDIA_TYPE, UNKNOWN_ERROR, Problem

MOST_BODY_BYTES: Final = 100_000
MOST_BATCH_BYTES: Final = 2_000_000
BATCHES: Final = frozenset({"/v1/transactions", "/v1/customers", "/v1/contacts", "/v1/engagements", "/v1/score"})
"""Where events or transactions are sent, many in a body."""
_BRACKETS: Final = b"[]{}"
_OTHERS: Final = bytes(sign for sign in range(256) if sign not in _BRACKETS)
DEEPEST: Final = 50
MOST_AT_ONCE: Final = 500
"""Requests that one process works on; more would only wait for each other and for memory."""
_ALWAYS_ANSWERED: Final = "/health"
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"cache-control", b"no-store"),
)


class Guarding:
    """Wraps an app; plain ASGI, for it stands before every request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["state"]["request_id"].encode()

        begun = False

        async def told(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message.get("headers", ()), *_HEADERS, (b"x-request-id", request_id)]
            await send(message)

        if self._at_once >= MOST_AT_ONCE and scope["path"] != _ALWAYS_ANSWERED:
            await _refuse(told, 503, "Not now", "The server is at work on as much as it can.", (b"retry-after", b"1"))
            return
        self._at_once += 1
        try:
            keep_slashes(scope)
            body, refusal = await _read(scope, receive)
            if refusal:
                await _refuse(told, *refusal)
                return
            await self._app(scope, _replayed(body, receive), told)
        except Exception:
            LOG.exception("request %s", request_id.decode())
            if begun:
                raise
            await _refuse(told, 500, "A fault of the server", UNKNOWN_ERROR)
        finally:
            self._at_once -= 1


async def _read(scope: Scope, receive: Receive) -> tuple[bytes, tuple[int, str, str] | None]:
    """The whole body, or why it is refused: status, title, detail."""
    most = MOST_BATCH_BYTES if scope["path"] in BATCHES else MOST_BODY_BYTES
    too_big = (413, "Too much at once", f"A body may have {most:,} bytes at most.")
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > most:
        return b"", too_big
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body), None
        body += message.get("body", b"")
        if len(body) > most:
            return b"", too_big
        if not message.get("more_body"):
            break
    if _depth(body.translate(None, _OTHERS)) > DEEPEST:
        return b"", (400, "The request cannot be read", f"A body may be nested {DEEPEST} levels deep at most.")
    return bytes(body), None


def _depth(brackets: bytearray) -> int:
    """How deep they are nested; those inside texts count too, which only errs towards refusing what nobody sends."""
    deepest = depth = 0
    for sign in brackets:
        if sign in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in b"]}":
            depth -= 1
    return deepest


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


async def _refuse(send: Send, status: int, title: str, detail: str, *more: tuple[bytes, bytes]) -> None:
    told = json.dumps(Problem(title=title, status=status, detail=detail).model_dump(exclude_none=True)).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(told)).encode()),
        (b"connection", b"close"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": told})
