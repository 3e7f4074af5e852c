"""Customers: one, a list, their moves, and why a value is what it is. Each read is in the audit before it is answered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Path, Query

from patron.errors import NothingThere
from patron.governance.audit.chain import Act, act_of
from patron.governance.audit.subjects import customer_subject
from patron.governance.consent import known_purpose
from patron.governance.identity import Identity
from patron.governance.roles import Permission
from patron.live.value import LiveCustomer
from patron.periods import day_of
from patron.reports.customer import customer_report
from patron.reports.served import customers as asked
from patron.reports.served.customers import Page
from patron.reports.served.view import View
from patron.surfaces.api import answers, cursors, loop_answers
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.paths import SLASHES
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held, Seen, Who

routes = Routes(prefix="/v1/customers", tags=["customers"])
VISIBLE = r"^[^\x00-\x1f\x7f]*$"
_Told = Annotated[
    str,
    Path(
        min_length=1,
        max_length=200,
        pattern=VISIBLE,
        description="The customer's id, as in the data, or pseudonym; '/' as %2F",
    ),
    SLASHES,
]


async def _known_as(serving: Held, customer_id: _Told) -> str:
    return serving.known_as(customer_id)


Id = Annotated[str, Depends(_known_as)]
"""What the release calls the customer of a path; every route of one customer takes this, and no other way leads there."""
Filter = Annotated[str | None, Query(max_length=200, pattern=VISIBLE)]
Purpose = Annotated[
    str | None, Query(max_length=40, pattern=VISIBLE, description="Only those who have consented to this purpose")
]
MOST = 1000
_LIVE = (
    "is_new", "events", "expected_value", "probability_alive", "model", "moved_from", "statistics", "engagements",
    "waits_because",
)  # fmt: skip


@routes.ask("", Permission.READ_CUSTOMERS, also=[409], response_model=loop_answers.CustomersAnswer)
async def list_customers(
    view: Seen,
    who: Who,
    serving: Held,
    tier: Filter = None,
    rfm_segment: Filter = None,
    lifecycle: Filter = None,
    cluster: Filter = None,
    branch: Filter = None,
    place: Filter = None,
    seasonal_type: Filter = None,
    alert: Filter = None,
    confidence: Filter = None,
    purpose: Purpose = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> dict[str, Any]:  # Any: JSON
    """Customers by id, narrowed by their groups; everybody in your scope without a filter."""
    told = {
        "tier": tier, "rfm_segment": rfm_segment, "lifecycle": lifecycle, "cluster": cluster, "branch": branch,
        "place": place, "seasonal_type": seasonal_type, "alert": alert, "confidence": confidence,
    }  # fmt: skip
    filters = {name: value for name, value in told.items() if value is not None}
    release = view.snapshot.id
    after = cursors.after(serving.secret, release, cursor)
    among = await consented(serving, purpose)
    page = await asyncio.to_thread(asked.customers, view, filters, after=after, limit=limit, among=among)
    act = listed(serving, who, "customers.list", release, page, limit=limit, filters=filters, purpose=purpose)
    await serving.audit.write(act)
    return headed(view) | {
        "customers": page.rows,
        "total": page.customers,
        "cursor": cursors.cursor(serving.secret, release, page.after),
    }


@routes.ask("/{customer_id}", Permission.READ_CUSTOMERS, also=[404], response_model=loop_answers.CustomerAnswer)
async def one_customer(customer_id: Id, view: Seen, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """One customer's value with its interval, groups and behaviour, and as events have moved it since the release."""
    live = await live_of(serving, view, customer_id)
    if live is not None and live.is_new:
        await serving.audit.write(_read(who, serving, "customer.read", customer_id, view.snapshot.id))
        nothing: dict[str, Any] = {"score": None, "segments": None, "behaviour": None, "rules": [], "overrides": []}
        return headed(view) | nothing | {"customer_id": customer_id, "live": told_live(live)}
    found = await _audited(asked.customer, view, customer_id, who, serving, "customer.read")
    return headed(view) | found | {"live": told_live(live) if live else None}


@routes.ask("/{customer_id}/moves", Permission.READ_CUSTOMERS, also=[404], response_model=answers.MovesAnswer)
async def customer_moves(customer_id: Id, view: Seen, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """How a customer moved between groups since the release before, and why."""
    found = await _audited(asked.moves_of, view, customer_id, who, serving, "customer.moves")
    return headed(view) | {"customer_id": customer_id, "moves": found}


@routes.ask("/{customer_id}/reasons", Permission.READ_CUSTOMERS, also=[404], response_model=answers.ReasonsAnswer)
async def customer_reasons(customer_id: Id, view: Seen, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """Why the value is what it is: drivers that add up to it, what would lift the customer, what changed since the release before."""
    await _audited(asked.customer, view, customer_id, who, serving, "customer.reasons")
    report = await asyncio.to_thread(customer_report, view.snapshot.effective_release, customer_id)
    return headed(view) | {"customer_id": customer_id, "reasons": report.to_dict()}


async def consented(serving: Serving, purpose: str | None) -> Any:  # Any: an Arrow array
    """The ids of those who have consented to a purpose; None where a list asks for no consent."""
    if purpose is None:
        return None
    return await asyncio.to_thread(serving.consented.ids, known_purpose(purpose, serving.purposes))


def listed(serving: Serving, who: Identity, action: str, subject: str, page: Page, **told: object) -> Act:
    """The act of having read a page: with its release and filters, where it began and how long it was say who was on it."""
    ids = [customer_subject(serving.secret, row["customer_id"]) for row in (*page.rows[:1], *page.rows[-1:])]
    ends = {"first": ids[0], "last": ids[1]} if ids else {}
    return act_of(who, action, subject, "done", begin=page.begin, rows=len(page.rows), **ends, **told)


def headed(view: View) -> dict[str, Any]:  # Any: JSON
    """What every answer about the release begins with."""
    manifest = view.snapshot.release.manifest
    return {"release": manifest.id, "as_of": manifest.as_of, "currency": manifest.currency}


async def live_of(serving: Serving, view: View, customer_id: str) -> LiveCustomer | None:
    """The customer as events have moved them; None where nothing came, or for one who is out of scope."""
    release, place = view.snapshot.release, view.place_of(customer_id)
    if not serving.live.is_ready(release):
        await asyncio.to_thread(serving.live.make_ready, release)
    if not serving.live.has_moved(release, customer_id):
        return None
    published = None if place is None else view.snapshot.published_at(place)["expected_value"]
    live = await asyncio.to_thread(serving.live.of, release, customer_id, published)
    if live is None or place is not None:
        return live
    return live if live.is_new and (view.is_whole or live.branch in (view.branches or ())) else None


def told_live(live: LiveCustomer) -> dict[str, Any]:  # Any: JSON
    """A live customer, as the API tells it."""
    engaged = None if live.engaged_at is None else datetime.fromtimestamp(live.engaged_at / 1e6, UTC)
    return {
        **{name: getattr(live, name) for name in _LIVE},
        "as_of": day_of(live.as_of_day),
        "engaged_at": engaged,
    }


def _read(who: Identity, serving: Serving, action: str, customer_id: str, release: str) -> Act:
    return act_of(who, action, customer_subject(serving.secret, customer_id), release=release)


async def _audited(
    question: Any, view: View, customer_id: str, who: Who, serving: Held, action: str
) -> Any:  # Any: a question and its answer
    subject = customer_subject(serving.secret, customer_id)
    try:
        found = question(view, customer_id)
    except NothingThere:
        await serving.audit.write(act_of(who, action, subject, "not found"))
        raise
    await serving.audit.write(_read(who, serving, action, customer_id, view.snapshot.id))
    return found
