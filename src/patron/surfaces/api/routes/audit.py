"""The audit, for those who may read it: its entries, and whether the chain is as it was written."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Any

from fastapi import Query

from patron.governance.audit.chain import Verdict, act_of, entries, verified
from patron.governance.audit.subjects import customer_subject
from patron.governance.roles import Permission
from patron.surfaces.api import answers
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.routes.accounts import moment
from patron.surfaces.api.routes.customers import VISIBLE
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held, Who

routes = Routes(prefix="/v1/audit", tags=["audit"])


@routes.ask("", Permission.READ_AUDIT, response_model=answers.AuditAnswer)
async def list_entries(
    who: Who,
    serving: Held,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    customer: Annotated[
        str | None, Query(min_length=1, max_length=200, pattern=VISIBLE, description="Only those about this customer")
    ] = None,
) -> dict[str, Any]:  # Any: JSON
    """The entries after a place, in the order in which they were written; of one customer, those that name them."""
    subject = None if customer is None else customer_subject(serving.secret, serving.known_as(customer))
    found = await asyncio.to_thread(
        lambda: list(islice(entries(serving.state, after=after, at_once=limit + 1, subject=subject), limit + 1))
    )
    about = {} if subject is None else {"customer": subject}
    await serving.audit.write(act_of(who, "audit.read", f"after {after}", rows=min(len(found), limit), **about))
    told = [asdict(entry) | {"at": moment(entry.at), "details": json.loads(entry.details)} for entry in found[:limit]]
    return {"entries": told, "after": found[limit - 1].place if len(found) > limit else None}


@routes.ask("/verification", Permission.READ_AUDIT, response_model=answers.AuditVerdict)
async def verify(who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """Read the whole chain and check every link, and that the anchors of ``[server.audit]`` are in it."""
    verdict = await asyncio.to_thread(_verified, serving)
    await serving.audit.write(act_of(who, "audit.verify", faults=len(verdict.faults)))
    return asdict(verdict)


def _verified(serving: Serving) -> Verdict:
    heads, wrong = serving.anchors.kept() if serving.anchors else ([], [])
    return verified(serving.state, heads, wrong)
