"""One's own account: log in, who am I, change the password, log out."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import BaseModel, Field

from patron.governance.accounts.logins import LockedLogin, OneTimeEnded, WrongLogin, log_in
from patron.governance.accounts.people import Person, change_password
from patron.governance.accounts.sessions import begin_session, csrf_of, end_session
from patron.governance.audit.chain import Act, act_of
from patron.governance.roles import Permission
from patron.surfaces.api import answers
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.cookies import drop_session, session_cookie, set_session
from patron.surfaces.api.problems import Refused
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held, Who, address_of, refuse_too_many, session_in

routes = Routes(prefix="/v1", tags=["your account"])
_Text = Annotated[str, Field(min_length=1, max_length=200)]


class Login(BaseModel):
    """A name and its password."""

    name: _Text
    password: _Text


class NewPassword(BaseModel):
    """The password until now, and the one from now on."""

    old: _Text
    new: _Text


@routes.act("/session", None, also=[401], response_model=answers.SessionAnswer, status_code=201)
async def begin(login: Login, request: Request, response: Response, serving: Held) -> dict[str, Any]:  # Any: JSON
    """Log in: sets a cookie, and tells the token that changes must carry."""
    address = address_of(request)
    refuse_too_many(serving.strangers.wait(address))
    person = await _checked(serving, login.name, login.password, address, "session.begin")
    token, csrf = await asyncio.to_thread(begin_session, serving.state, serving.secret, person, address)
    await serving.audit.write(act_of(person.identity("session", address), "session.begin"))
    set_session(response, request, serving, token)
    return _session(person, csrf)


@routes.ask("/session", Permission.OWN_ACCOUNT, response_model=answers.SessionAnswer)
async def whose_session(serving: Held, who: Who, request: Request) -> dict[str, Any]:  # Any: JSON
    """Who is logged in, and the token that changes must carry: what a page asks that did not log in itself."""
    session, token = session_in(request), session_cookie(request, serving)
    if session is None or token is None:
        raise Refused(403, f"{who.name} has no session.", to_do="Log in at /v1/session first.")
    return _session(session.person, csrf_of(serving.secret, token))


@routes.ask("/account", Permission.OWN_ACCOUNT, response_model=answers.WhoAnswer)
async def who_am_i(who: Who) -> dict[str, Any]:  # Any: JSON
    """Who you are to the server, and what you may do."""
    permissions = sorted(permission.value for permission in who.permissions)
    return {"name": who.name, "role": who.role.value, "permissions": permissions, "branches": _named(who.branches)}


@routes.act("/account/password", Permission.OWN_ACCOUNT, also=[401], status_code=204)
async def new_password(passwords: NewPassword, who: Who, serving: Held, request: Request) -> None:
    """Change your password; you are logged out everywhere."""
    if session_in(request) is None:
        raise Refused(403, "Only a person who logged in has a password.", to_do="Log in at /v1/session first.")
    person = await _checked(serving, who.name, passwords.old, who.address, "account.password")
    await serving.passwords.do(
        lambda: change_password(
            serving.state, person, passwords.old, passwords.new, lambda one: act_of(who, "account.password", one.name)
        )
    )


@routes.act("/session", Permission.OWN_ACCOUNT, method="DELETE", status_code=204)
async def end(who: Who, serving: Held, request: Request, response: Response) -> None:
    """Log out."""
    session = session_in(request)
    if session is not None:
        await asyncio.to_thread(end_session, serving.state, session)
        await serving.audit.write(act_of(who, "session.end"))
    drop_session(response, request, serving)


def _session(person: Person, csrf: str) -> dict[str, Any]:  # Any: JSON
    return {
        "name": person.name,
        "role": person.role.value,
        "branches": _named(person.branches),
        "must_change_password": person.must_change,
        "csrf_token": csrf,
    }


def _named(branches: frozenset[str] | None) -> list[str] | None:
    return None if branches is None else sorted(branches)


async def _checked(serving: Serving, name: str, password: str, address: str, action: str) -> Person:
    """The person with this name and password; what is refused is noted, a name only where it is one."""
    try:
        return await serving.passwords.do(lambda: log_in(serving.state, name, password, address))
    except LockedLogin as error:
        await serving.audit.write(Act("", "", "session", address, action, "", "locked"))
        raise Refused(429, error.what, to_do=error.to_do, headers={"Retry-After": f"{error.seconds}"}) from error
    except OneTimeEnded as error:
        await serving.audit.write(Act("", "", "session", address, action, error.name, "ended"))
        raise Refused(401, error.what, to_do=error.to_do, headers={"WWW-Authenticate": "Session"}) from error
    except WrongLogin as error:
        await serving.audit.write(Act("", "", "session", address, action, name if error.known else "", "refused"))
        raise Refused(401, error.what, to_do=error.to_do, headers={"WWW-Authenticate": "Session"}) from error
