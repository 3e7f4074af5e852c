"""Changes of accounts and keys that wait for a second administrator (``server.four_eyes``)."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel

from patron.governance.accounts.four_eyes import agree, decline, waiting_changes
from patron.governance.roles import Permission
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.routes.accounts import do_change, moment
from patron.surfaces.api.who import Held, Who

routes = Routes(prefix="/v1/changes", tags=["accounts and keys"])
_Id = Annotated[str, Path(max_length=32)]
_P = Permission.MANAGE_ACCOUNTS


class ChangeTold(BaseModel):
    """A change that waits, and who asked for it."""

    id: str
    action: str
    change: dict[str, Any]
    asked_by: str
    asked_at: str


class ChangesAnswer(BaseModel):
    changes: list[ChangeTold]


class ChangeDone(BaseModel):
    """What the change would have answered, had it not waited: an account, a key, and what is told once of them."""

    done: dict[str, Any]


@routes.ask("", _P, response_model=ChangesAnswer)
async def list_changes(serving: Held) -> dict[str, Any]:  # Any: JSON
    """Changes that wait, the oldest first; after seven days they wait no longer."""
    found = await asyncio.to_thread(waiting_changes, serving.state)
    told = [
        {
            "id": one.id,
            "action": one.action,
            "change": one.body,
            "asked_by": one.asked_by,
            "asked_at": moment(one.asked_at),
        }
        for one in found
    ]
    return {"changes": told}


@routes.act("/{change_id}/approval", _P, also=[404], response_model=ChangeDone)
async def approve_change(change_id: _Id, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """Agree to a change that somebody else asked for: it is done at once."""
    change = await asyncio.to_thread(agree, serving.state, who, change_id)
    return {"done": await do_change(serving, who, change.action, change.body)}


@routes.act("/{change_id}", _P, also=[404], method="DELETE", status_code=204)
async def decline_change(change_id: _Id, who: Who, serving: Held) -> None:
    """End a change that waits."""
    await asyncio.to_thread(decline, serving.state, who, change_id)
