"""Cookies: bound to this one server where the connection is encrypted; on this computer in development by their plain names."""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response

from patron.governance.accounts.sessions import LONGEST_HOURS
from patron.surfaces.api.serving import Serving

COOKIE: Final = "patron_session"
_BOUND: Final = "__Host-"
"""With this before its name a browser takes a cookie only over https, for one host and all its paths (RFC 6265bis)."""


def cookie_name(plain: str, *, secure: bool) -> str:
    """What a cookie is called."""
    return f"{_BOUND}{plain}" if secure else plain


def is_secure(request: Request, serving: Serving) -> bool:
    """Whether cookies of this request are for encrypted connections only: always, but in development without one."""
    return request.url.scheme == "https" or not serving.development


def session_cookie(request: Request, serving: Serving) -> str | None:
    """The session's token, where a request carries one."""
    return request.cookies.get(cookie_name(COOKIE, secure=is_secure(request, serving)))


def set_session(response: Response, request: Request, serving: Serving, token: str) -> None:
    """Give a browser the session."""
    secure = is_secure(request, serving)
    response.set_cookie(
        cookie_name(COOKIE, secure=secure),
        token,
        max_age=LONGEST_HOURS * 3600,
        secure=secure,
        httponly=True,
        samesite="strict",
        path="/",
    )


def drop_session(response: Response, request: Request, serving: Serving) -> None:
    """Take the session from a browser."""
    secure = is_secure(request, serving)
    name = cookie_name(COOKIE, secure=secure)
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="strict")
