"""Log in by another provider: to it with a state that this browser keeps, back with a code that is redeemed for who it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from patron.errors import NothingThere
from patron.governance.accounts.outside import let_in
from patron.governance.accounts.people import Noted, Person
from patron.governance.accounts.sessions import begin_session
from patron.governance.audit.chain import Act, act_of
from patron.governance.providers.mapped import mapped
from patron.governance.providers.refusals import AnswerRefused, LoginRefused, ProviderFailed
from patron.governance.providers.starts import LONGEST_SECONDS, new_start, start_of, use_once
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.cookies import cookie_name, is_secure, set_session
from patron.surfaces.api.problems import Refused
from patron.surfaces.api.routes.customers import VISIBLE
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held, address_of, refuse_too_many

if TYPE_CHECKING:  # what it needs is there only where it is used
    from patron.governance.providers.provider import Provider

routes = Routes(prefix="/v1/session/oidc", tags=["your account"])
START_COOKIE: Final = "patron_oidc"
_LONGEST_CODE: Final = 4096


@dataclass(frozen=True)
class _Returned:
    """What a browser comes back with: what it kept of the start, and what the provider gave it."""

    kept: str
    state: str
    code: str
    error: str
    issuer: str


_Told = Annotated[str, Query(max_length=500, pattern=VISIBLE)]


@routes.ask("", None, also=[404], status_code=303, response_class=RedirectResponse)
async def begin_outside(request: Request, serving: Held) -> Response:
    """Go to the provider to log in."""
    provider = _provider(serving)
    refuse_too_many(serving.strangers.wait(address_of(request)))
    start, kept = new_start(serving.secret)
    answer = RedirectResponse(await serving.outside.do(lambda: provider.address(start)), status_code=303)
    secure = is_secure(request, serving)
    # Lax, for the provider's answer is a request that another site sends; the session itself is Strict.
    answer.set_cookie(
        cookie_name(START_COOKIE, secure=secure),
        kept,
        max_age=LONGEST_SECONDS,
        secure=secure,
        httponly=True,
        samesite="lax",
        path="/",
    )
    return answer


@routes.ask("/callback", None, also=[401, 403, 404], response_class=HTMLResponse)
async def end_outside(
    request: Request,
    serving: Held,
    state: _Told = "",
    code: Annotated[str, Query(max_length=_LONGEST_CODE, pattern=VISIBLE)] = "",
    error: _Told = "",
    iss: _Told = "",
) -> Response:
    """Where the provider sends a browser back to: gives it the session, and a page that leads on."""
    provider, address = _provider(serving), address_of(request)
    refuse_too_many(serving.strangers.wait(address))
    secure = is_secure(request, serving)
    kept = request.cookies.get(cookie_name(START_COOKIE, secure=secure), "")
    returned = _Returned(kept, state, code, error, iss)
    person, token = await _or_refused(serving, provider, returned, address)
    await serving.audit.write(act_of(person.identity("session", address), "session.begin", by="provider"))
    answer = HTMLResponse(_leading_on(provider.settings.landing))
    set_session(answer, request, serving, token)
    answer.delete_cookie(
        cookie_name(START_COOKIE, secure=secure), path="/", secure=secure, httponly=True, samesite="lax"
    )
    return answer


def _provider(serving: Serving) -> Provider:
    if serving.provider is None:
        raise NothingThere("This server knows no provider to log in by.", to_do="Log in at /v1/session.")
    return serving.provider


async def _or_refused(serving: Serving, provider: Provider, returned: _Returned, address: str) -> tuple[Person, str]:
    """Whoever logged in, and their session's token; what is refused is noted first."""
    try:
        return await serving.outside.do(lambda: _let_in(serving, provider, returned, address))
    except AnswerRefused as refused:
        await _note(serving, address, refused.what)
        raise Refused(
            401, refused.what, allowed=refused.allowed, to_do=refused.to_do, headers={"WWW-Authenticate": "Session"}
        ) from refused
    except LoginRefused as refused:
        await _note(serving, address, refused.what, refused.account)
        raise Refused(403, refused.what, allowed=refused.allowed, to_do=refused.to_do) from refused
    except ProviderFailed as failed:
        await _note(serving, address, failed.what)
        raise


def _let_in(serving: Serving, provider: Provider, returned: _Returned, address: str) -> tuple[Person, str]:
    start = start_of(serving.secret, returned.kept, returned.state)
    use_once(serving.state, serving.secret, start)
    if returned.issuer not in ("", provider.settings.issuer):  # RFC 9207
        raise AnswerRefused("The answer is of another provider.")
    if returned.error or not returned.code:
        raise AnswerRefused("The provider did not log you in.")
    person = let_in(
        serving.state,
        mapped(provider.settings, provider.redeemed(returned.code, start)),
        makes_accounts=provider.settings.make_accounts,
        added=_noted("account.add", address),
        changed=_noted("account.change", address),
    )
    token, _ = begin_session(serving.state, serving.secret, person, address)
    return person, token


def _noted(action: str, address: str) -> Noted:
    def note(person: Person) -> Act:
        branches = None if person.branches is None else sorted(person.branches)
        told: dict[str, Any] = {"by": "provider", "role": person.role.value, "branches": branches}
        return act_of(person.identity("session", address), action, person.name, **told)

    return note


async def _note(serving: Serving, address: str, why: str, account: str = "") -> None:
    act = Act("", "", "session", address, "session.begin", account, "refused", {"by": "provider", "why": why})
    await serving.audit.write(act)


def _leading_on(path: str) -> str:
    """A page of our own that goes on by itself: a redirect would still count as sent by the provider's site, and a browser
    would keep the session's Strict cookie from it."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={path}">'
        f'<title>Patron</title></head><body><p>You are logged in. <a href="{path}">Go on</a></p></body></html>'
    )
