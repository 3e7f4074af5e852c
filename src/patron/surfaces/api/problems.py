"""Refusals over HTTP: problem+json (RFC 9457), with what was allowed and what to do."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from patron.errors import (
    AlreadySo,
    DamagedVault,
    DataError,
    NeedsAnother,
    NothingThere,
    PatronError,
    SourceFailed,
    StorageFailed,
    UnknownName,
    VaultLocked,
    WorkspaceBusy,
)

MEDIA_TYPE: Final = "application/problem+json"
LOG: Final = logging.getLogger("patron.server")
UNKNOWN_ERROR: Final = "The server met an error that it does not know; its log tells more, under this request's id."
_TITLES: Final = {
    400: "The request cannot be read",
    401: "Who asks is not known",
    403: "Not allowed",
    404: "Not there",
    405: "Not that way",
    409: "Already so",
    413: "Too much at once",
    415: "Another kind of content",
    422: "Something in the request is wrong",
    429: "Too often",
    500: "A fault of the server",
    503: "Not now",
}


class Fault(BaseModel):
    """One thing that is wrong in a request."""

    where: str = Field(description="The field, from the outside in: query.limit, body.name")
    what: str


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="What happened, with the value where there is one")
    allowed: str | None = Field(default=None, description="What would have been allowed")
    to_do: str | None = Field(default=None, description="What to do now")
    faults: list[Fault] | None = None


class Refused(Exception):
    """A refusal with a status of its own."""

    def __init__(
        self, status: int, detail: str, *, allowed: str = "", to_do: str = "", headers: dict[str, str] | None = None
    ) -> None:
        self.problem = Problem(
            title=_TITLES[status], status=status, detail=detail, allowed=allowed or None, to_do=to_do or None
        )
        self.headers = headers or {}
        super().__init__(detail)


def problem_answer(problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """The answer that tells a problem."""
    return JSONResponse(problem.model_dump(exclude_none=True), problem.status, headers=headers, media_type=MEDIA_TYPE)


def declared_problems(statuses: Sequence[int]) -> dict[int | str, dict[str, Any]]:  # Any: OpenAPI
    """What a route says in OpenAPI of the refusals that it may give."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": _TITLES[status], "content": {MEDIA_TYPE: schema}} for status in sorted(statuses)}


def tell_problems(app: FastAPI) -> None:
    """Have every refusal and every error of an app told as a problem."""

    async def refused(_: Request, error: Refused) -> JSONResponse:
        return problem_answer(error.problem, error.headers)

    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        unreadable = any(fault["type"] == "json_invalid" for fault in error.errors())
        status = 400 if unreadable else 422
        faults = [Fault(where=".".join(map(str, fault["loc"])), what=fault["msg"]) for fault in error.errors()]
        told = "; ".join(f"{fault.where}: {fault.what}" for fault in faults[:3])
        return problem_answer(Problem(title=_TITLES[status], status=status, detail=told, faults=faults))

    async def patrons(_: Request, error: PatronError) -> JSONResponse:
        status = _status_of(error)
        if status >= 500:  # its words may tell of files and databases, and whoever asks may be a stranger
            LOG.error("%s: %s", type(error).__name__, error)
            detail = "The server cannot reach, read or write what it needs; its log tells more."
            return problem_answer(Problem(title=_TITLES[status], status=status, detail=detail))
        return problem_answer(
            Problem(
                title=_TITLES[status],
                status=status,
                detail=error.what,
                allowed=error.allowed or None,
                to_do=error.to_do or None,
            )
        )

    async def unrouted(_: Request, error: HTTPException) -> JSONResponse:
        title = _TITLES.get(error.status_code, "Refused")
        headers = dict(error.headers) if error.headers else None
        return problem_answer(Problem(title=title, status=error.status_code, detail=f"{title}."), headers)

    for kind, handler in (
        (Refused, refused), (RequestValidationError, invalid), (PatronError, patrons), (HTTPException, unrouted),
    ):  # fmt: skip
        app.add_exception_handler(kind, handler)  # type: ignore[arg-type]  # each handler takes its own kind of error


def _status_of(error: PatronError) -> int:
    if isinstance(error, NothingThere):
        return 404
    if isinstance(error, AlreadySo):
        return 409
    if isinstance(error, NeedsAnother):
        return 403
    if isinstance(error, UnknownName):
        return 422
    if isinstance(error, StorageFailed | SourceFailed | WorkspaceBusy | VaultLocked):
        return 503
    return 500 if isinstance(error, DataError | DamagedVault) else 422
