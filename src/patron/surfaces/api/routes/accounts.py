"""Accounts of people and keys of programs, for those who manage them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from patron.governance.accounts import keys as held_keys
from patron.governance.accounts import people
from patron.governance.accounts.four_eyes import ask, is_weighty
from patron.governance.accounts.outside import add_outside_person
from patron.governance.audit.chain import Act, act_of
from patron.governance.identity import Identity
from patron.governance.roles import ALLOWED, OF_PEOPLE_ONLY, Permission, Role
from patron.governance.state.opened import now_in_microseconds
from patron.surfaces.api import answers
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.problems import Refused
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held, Who

routes = Routes(prefix="/v1", tags=["accounts and keys"])
_Name = Annotated[str, Field(min_length=1, max_length=100)]
_Branches = Annotated[
    list[_Name] | None, Field(max_length=1000, description="The only branches whose customers they see")
]
_P = Permission.MANAGE_ACCOUNTS


class NewAccount(BaseModel):
    """Somebody who shall log in."""

    name: _Name
    role: Role
    branches: _Branches = None
    by_provider: Annotated[
        bool, Field(description="They log in by the provider of [server.oidc], and have no password")
    ] = False


class ChangedAccount(BaseModel):
    """What shall change of an account; what is left out stays. Branches that are null are all of them."""

    role: Role | None = None
    branches: _Branches = None
    disabled: bool | None = None


class NewKey(BaseModel):
    """A program that shall ask."""

    name: _Name
    days: Annotated[int, Field(ge=1, le=held_keys.MOST_DAYS)] = 90
    role: Role = Role.SERVICE
    permissions: Annotated[
        list[Permission] | None, Field(description="Fewer than the role's; all of them if left out")
    ] = None
    branches: _Branches = None


class ReplacedKey(BaseModel):
    """How long the new key works, and how long the old one still does beside it."""

    days: Annotated[int, Field(ge=1, le=held_keys.MOST_DAYS)] = 90
    overlap_days: Annotated[int, Field(ge=0, le=30)] = 1


class NamedChange(ChangedAccount):
    """The same, with the account's name."""

    name: str


class NamedReplacement(ReplacedKey):
    """The same, with the key's id."""

    key_id: str


class ChangeWaits(BaseModel):
    """A change that is done once another administrator agrees; ``waits`` is its id."""

    waits: str
    to_do: str


_WAITS: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": ChangeWaits, "description": "Another administrator must agree (server.four_eyes)"}
}  # Any: OpenAPI


@routes.ask("/accounts", _P, response_model=answers.AccountsAnswer)
async def list_accounts(serving: Held) -> dict[str, Any]:  # Any: JSON
    """All accounts, by name."""
    return {"accounts": [_account(person) for person in await asyncio.to_thread(people.people, serving.state)]}


@routes.act("/accounts", _P, response_model=answers.NewAccountAnswer, status_code=201, responses=_WAITS)
async def add_account(new: NewAccount, who: Who, serving: Held) -> Any:  # Any: JSON, or an answer that tells of waiting
    """Make an account; its one-time password is told this once. One of the provider has none."""
    waits = serving.settings.four_eyes and is_weighty(new.role)
    return await _done_or_waiting(serving, who, "account.add", new.name, new, waits=waits)


@routes.act("/accounts/{name}", _P, also=[404], method="PATCH", response_model=answers.AccountTold, responses=_WAITS)
async def change_account(
    name: Annotated[str, Path(max_length=100)], change: ChangedAccount, who: Who, serving: Held
) -> Any:  # Any: as above
    """Give an account another role or other branches, close it or open it; it is logged out everywhere."""
    told = change.model_fields_set
    if not told:
        raise Refused(422, "Nothing of the account was to be changed.", allowed="role, branches, disabled.")
    chosen = {field: getattr(change, field) for field in told}
    if chosen.get("role", Role.ADMIN) is None or chosen.get("disabled", False) is None:
        raise Refused(422, "A role and 'disabled' cannot be null.", to_do="Leave out what shall stay as it is.")
    only_closes = chosen == {"disabled": True}
    waits = not only_closes and await _is_weighty_account(serving, name, change.role)
    named = NamedChange(name=name, **chosen)
    return await _done_or_waiting(serving, who, "account.change", name, named, waits=waits)


@routes.act("/accounts/{name}/password", _P, also=[404], response_model=answers.NewAccountAnswer, responses=_WAITS)
async def reset_account(name: Annotated[str, Path(max_length=100)], who: Who, serving: Held) -> Any:  # Any: as above
    """A new one-time password for an account, told this once."""
    waits = await _is_weighty_account(serving, name, None)
    return await _done_or_waiting(serving, who, "account.reset", name, NamedChange(name=name), waits=waits)


@routes.ask("/keys", _P, response_model=answers.KeysAnswer)
async def list_keys(serving: Held) -> dict[str, Any]:  # Any: JSON
    """All keys, the newest first."""
    return {"keys": [_key(key) for key in await asyncio.to_thread(held_keys.keys, serving.state)]}


@routes.act("/keys", _P, response_model=answers.NewKeyAnswer, status_code=201, responses=_WAITS)
async def add_key(new: NewKey, who: Who, serving: Held) -> Any:  # Any: as above
    """Make a key; what the program must send is told this once."""
    given = ALLOWED[new.role] - OF_PEOPLE_ONLY if new.permissions is None else frozenset(new.permissions)
    waits = serving.settings.four_eyes and is_weighty(new.role, given)
    return await _done_or_waiting(serving, who, "key.add", new.name, new, waits=waits)


@routes.act(
    "/keys/{key_id}/replacement",
    _P,
    also=[404],
    response_model=answers.NewKeyAnswer,
    status_code=201,
    responses=_WAITS,
)
async def replace_key(
    key_id: Annotated[str, Path(max_length=32)], new: ReplacedKey, who: Who, serving: Held
) -> Any:  # Any: as above
    """A new key like this one; the old one works a little longer beside it."""
    known = await asyncio.to_thread(held_keys.keys, serving.state) if serving.settings.four_eyes else ()
    waits = any(one.id == key_id and is_weighty(one.role, one.permissions) for one in known)
    named = NamedReplacement(key_id=key_id, days=new.days, overlap_days=new.overlap_days)
    return await _done_or_waiting(serving, who, "key.replace", key_id, named, waits=waits)


@routes.act("/keys/{key_id}", _P, also=[404], method="DELETE", response_model=answers.KeyTold)
async def revoke_key(
    key_id: Annotated[str, Path(max_length=32)], who: Who, serving: Held
) -> dict[str, Any]:  # Any: JSON
    """End a key, within a second."""
    noted = _key_noted(who, "key.revoke")
    ended = await asyncio.to_thread(held_keys.revoke_key, serving.state, key_id, noted)
    serving.keys.forget(key_id)
    return _key(ended)


async def do_change(
    serving: Serving, who: Identity, action: str, body: Mapping[str, Any]
) -> dict[str, Any]:  # Any: JSON
    """Do a change of this name, as its route would without waiting."""
    kind, do = _CHANGES[action]
    return await do(serving, who, kind.model_validate(body))


async def _done_or_waiting(
    serving: Serving, who: Identity, action: str, subject: str, body: BaseModel, *, waits: bool
) -> Any:  # Any: JSON, or an answer that tells of waiting
    if not waits:
        return await do_change(serving, who, action, body.model_dump(exclude_unset=True))
    told = body.model_dump(mode="json", exclude_unset=True)
    change = await asyncio.to_thread(ask, serving.state, who, action, subject, told)
    return JSONResponse({"waits": change.id, "to_do": "Another administrator must agree: /v1/changes."}, 202)


async def _is_weighty_account(serving: Serving, name: str, role: Role | None) -> bool:
    """Whether an account has, or would have, a role that needs two administrators."""
    if not serving.settings.four_eyes:
        return False
    known = await asyncio.to_thread(people.people, serving.state)
    return any(one.name == name and is_weighty(role or one.role) for one in known)


async def _add_account(serving: Serving, who: Identity, new: NewAccount) -> dict[str, Any]:  # Any: JSON
    noted = _noted(who, "account.add")
    if new.by_provider:
        made = await asyncio.to_thread(add_outside_person, serving.state, new.name, new.role, new.branches, noted)
        return {"account": _account(made), "one_time_password": None}
    person, password = await serving.passwords.do(
        lambda: people.add_person(serving.state, new.name, new.role, new.branches, noted)
    )
    return {"account": _account(person), "one_time_password": password}


async def _change_account(serving: Serving, who: Identity, change: NamedChange) -> dict[str, Any]:  # Any: JSON
    chosen = {field: getattr(change, field) for field in change.model_fields_set - {"name"}}
    noted = _noted(who, "account.change")
    return _account(
        await asyncio.to_thread(lambda: people.change_person(serving.state, change.name, **chosen, noted=noted))
    )


async def _reset_account(serving: Serving, who: Identity, change: NamedChange) -> dict[str, Any]:  # Any: JSON
    person, password = await serving.passwords.do(
        lambda: people.reset_password(serving.state, change.name, _noted(who, "account.reset"))
    )
    return {"account": _account(person), "one_time_password": password}


async def _add_key(serving: Serving, who: Identity, new: NewKey) -> dict[str, Any]:  # Any: JSON
    key, sent = await asyncio.to_thread(
        lambda: held_keys.make_key(
            serving.state,
            serving.secret,
            new.name,
            made_by=who.name,
            days=new.days,
            role=new.role,
            permissions=new.permissions,
            branches=new.branches,
            noted=_key_noted(who, "key.add"),
        )
    )
    return {"key": _key(key), "secret": sent}


async def _replace_key(serving: Serving, who: Identity, new: NamedReplacement) -> dict[str, Any]:  # Any: JSON
    key, sent = await asyncio.to_thread(
        lambda: held_keys.replace_key(
            serving.state,
            serving.secret,
            new.key_id,
            made_by=who.name,
            days=new.days,
            overlap_days=new.overlap_days,
            noted=_key_noted(who, "key.replace", replaces=new.key_id),
        )
    )
    return {"key": _key(key), "secret": sent}


_CHANGES: Final[Mapping[str, tuple[type[BaseModel], Callable[..., Awaitable[dict[str, Any]]]]]] = {
    "account.add": (NewAccount, _add_account),
    "account.change": (NamedChange, _change_account),
    "account.reset": (NamedChange, _reset_account),
    "key.add": (NewKey, _add_key),
    "key.replace": (NamedReplacement, _replace_key),
}


def moment(microseconds: int) -> str:
    """A moment of the state, as the API tells it."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _noted(who: Identity, action: str) -> people.Noted:
    def note(person: people.Person) -> Act:
        told = _account(person)
        return act_of(who, action, person.name, **{field: told[field] for field in ("role", "branches", "disabled")})

    return note


def _key_noted(who: Identity, action: str, **more: object) -> held_keys.Noted:
    def note(key: held_keys.ApiKey) -> Act:
        told = _key(key)
        told = {field: told[field] for field in ("name", "role", "permissions", "branches", "ends_at")}
        return act_of(who, action, key.id, "done", **told, **more)

    return note


def _account(person: people.Person) -> dict[str, Any]:  # Any: JSON
    return {
        "name": person.name,
        "role": person.role.value,
        "branches": None if person.branches is None else sorted(person.branches),
        "must_change_password": person.must_change,
        "disabled": person.disabled_at is not None,
    }


def _key(key: held_keys.ApiKey) -> dict[str, Any]:  # Any: JSON
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role.value,
        "permissions": sorted(permission.value for permission in key.permissions),
        "branches": None if key.branches is None else sorted(key.branches),
        "made_by": key.made_by,
        "ends_at": moment(key.ends_at),
        "works": key.works_at(now_in_microseconds()),
    }
