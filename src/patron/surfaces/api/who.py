"""Who asks: the holder of a key or of a session, known from the request's headers, allowed or refused."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from patron.governance.accounts.keys import PREFIX
from patron.governance.accounts.sessions import Session, is_own_request, session_of
from patron.governance.audit.chain import act_of
from patron.governance.identity import Identity
from patron.governance.roles import Permission
from patron.reports.served.view import View
from patron.surfaces.api.cookies import session_cookie
from patron.surfaces.api.problems import Refused
from patron.surfaces.api.serving import Serving

CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE: Final = ("GET", "HEAD")
OF_EVERYBODY: Final = frozenset(
    {
        Permission.READ_MODELS,
        Permission.READ_AUDIT,
        Permission.TELL_EVENTS,
        Permission.READ_RUNS,
        Permission.START_RUNS,
    }
)
"""What is of all customers together, and cannot be done for some branches."""


def serving_of(request: Request) -> Serving:
    """What this process of the server holds."""
    held: Serving = request.app.state.serving
    return held


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


async def _held(request: Request) -> Serving:
    """The same, for routes; not a plain function, which FastAPI would call in a thread for every request."""
    return serving_of(request)


async def known(request: Request) -> Identity:
    """Who asks; refuses with 401 who cannot be known, with 403 a change that the session's own page did not send."""
    serving = serving_of(request)
    header = request.headers.get("authorization", "")
    try:
        who = await (_by_key(serving, header, address_of(request)) if header else _by_session(request, serving))
    except Refused:
        refuse_too_many(serving.strangers.wait(address_of(request)))
        raise
    refuse_too_many(serving.rates.wait(who.id))
    request.state.who = who
    return who


def refuse_too_many(wait: float) -> None:
    """Refuse with 429 one who must wait so many seconds."""
    if wait:
        seconds = math.ceil(wait)
        raise Refused(
            429,
            "You ask more often than you may.",
            to_do=f"Ask again in {seconds} s.",
            headers={"Retry-After": f"{seconds}"},
        )


def asking(permission: Permission) -> Callable[..., Coroutine[Any, Any, Identity]]:  # Any: FastAPI calls it
    """What lets through those who have a permission, and notes in the audit whom it refuses."""

    async def allowed(request: Request, who: Annotated[Identity, Depends(known)]) -> Identity:
        if not who.may(permission):
            pattern = getattr(request.scope.get("route"), "path", "")  # the path itself may hold a customer's id
            act = act_of(who, permission.value, pattern, "refused")
            await serving_of(request).audit.write(act)
            raise Refused(
                403, f"{who.name} ({who.role.value}) may not do this.", allowed=f"It needs {permission.value}."
            )
        if permission in OF_EVERYBODY and who.branches is not None:
            raise Refused(
                403,
                f"{who.name} may not do this: it is of all branches.",
                allowed="Accounts and keys that are held to no branches may.",
            )
        return who

    return allowed


async def seen(request: Request, who: Annotated[Identity, Depends(known)]) -> View:
    """The current release as whoever asks may see it; every route that reads the release takes this and nothing else."""
    return serving_of(request).current.view(who.branches)


Who = Annotated[Identity, Depends(known)]
Seen = Annotated[View, Depends(seen)]
Held = Annotated[Serving, Depends(_held)]


async def _by_key(serving: Serving, header: str, address: str) -> Identity:
    kind, _, sent = header.partition(" ")
    if kind.lower() == "bearer" and sent.startswith(f"{PREFIX}_"):
        key = await serving.keys.key_of(sent.strip())
        if key:
            return key.identity(address)
    raise _unknown("This key is not known, or works no longer.")


async def _by_session(request: Request, serving: Serving) -> Identity:
    token = session_cookie(request, serving)
    if not token:
        raise _unknown("The request says nothing about who asks.")
    session = await asyncio.to_thread(session_of, serving.state, serving.secret, token)
    if session is None:
        raise _unknown("The session has ended.")
    if request.method not in _SAFE and not is_own_request(
        serving.secret, session, request.headers.get(CSRF_HEADER, "")
    ):
        raise Refused(
            403,
            "A change must come from the page that the session was given to.",
            to_do=f"Send its token as {CSRF_HEADER}.",
        )
    request.state.session = session
    if session.person.must_change and Permission.OWN_ACCOUNT.value != _needed(request):
        raise Refused(
            403, "The one-time password must be changed first.", to_do="Send a new one to /v1/account/password."
        )
    return session.person.identity("session", address_of(request))


def session_in(request: Request) -> Session | None:
    """The session that a request came with, if it came with one."""
    return getattr(request.state, "session", None)


def _needed(request: Request) -> str:
    return str((getattr(request.scope.get("route"), "openapi_extra", None) or {}).get("x-permission", ""))


def _unknown(detail: str) -> Refused:
    return Refused(
        401,
        detail,
        to_do="Send a key as 'Authorization: Bearer patron_…', or log in at /v1/session.",
        headers={"WWW-Authenticate": "Bearer"},
    )
