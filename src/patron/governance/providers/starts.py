"""The beginning of a login by a provider: a state that only this browser holds, and what is derived from it, each used once."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, insert, select

from patron.governance.accounts.secrets import ServerSecret, new_token
from patron.governance.providers.refusals import AnswerRefused
from patron.governance.state.opened import State, now_in_microseconds
from patron.governance.state.tables import USED_STARTS

LONGEST_SECONDS: Final = 600
_SECOND: Final = 1_000_000
_COOKIE, _NONCE, _VERIFIER = "oidc start", "oidc nonce", "oidc verifier"


@dataclass(frozen=True)
class Start:
    """A login that began: ``state`` comes back with the answer, ``nonce`` in the token, ``verifier`` redeems the code."""

    state: str
    nonce: str
    verifier: str
    ends_at: int


def new_start(secret: ServerSecret) -> tuple[Start, str]:
    """A login that begins now, and the signed text that the browser keeps for it. Only the server can derive the rest of it."""
    state, ends_at = new_token(), now_in_microseconds() + LONGEST_SECONDS * _SECOND
    told = f"{state}.{ends_at}"
    return _derived(secret, state, ends_at), f"{told}.{secret.hash(_COOKIE, told)}"


def start_of(secret: ServerSecret, kept: str, state: str) -> Start:
    """The login that an answer belongs to; AnswerRefused for one that this browser did not begin, or too long ago."""
    told, _, mark = kept.rpartition(".")
    held, _, until = told.partition(".")
    if (
        not mark.isascii()
        or not secret.agrees(_COOKIE, told, mark)
        or not hmac.compare_digest(held.encode(), state.encode())
    ):
        raise AnswerRefused("This answer belongs to no login that began in this browser.")
    if int(until) <= now_in_microseconds():
        raise AnswerRefused(f"The login began more than {LONGEST_SECONDS // 60} minutes ago.")
    return _derived(secret, held, int(until))


def use_once(state: State, secret: ServerSecret, start: Start) -> None:
    """Note that this login was answered; AnswerRefused where it was before."""
    mark = secret.hash(_COOKIE, start.state)
    with state.changing() as connection:
        connection.execute(delete(USED_STARTS).where(USED_STARTS.c.ends_at < now_in_microseconds()))
        if connection.execute(select(USED_STARTS).where(USED_STARTS.c.state_hash == mark)).first():
            raise AnswerRefused("This answer was used before.")
        connection.execute(insert(USED_STARTS).values(state_hash=mark, ends_at=start.ends_at))


def _derived(secret: ServerSecret, state: str, ends_at: int) -> Start:
    return Start(state, secret.hash(_NONCE, state), secret.hash(_VERIFIER, state), ends_at)
