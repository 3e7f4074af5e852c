"""What people set by hand over what was published: set, list, approve, refuse, withdraw."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import AwareDatetime, BaseModel
from pydantic import Field as Of

from patron.errors import NeedsAnother, NothingThere, UnknownName, UsageError
from patron.governance.audit.chain import Act, act_of
from patron.governance.audit.subjects import customer_subject
from patron.governance.identity import Identity
from patron.governance.overrides import asking
from patron.governance.overrides.changing import judge_override, set_override, withdraw_override
from patron.governance.overrides.override import Field, NewOverride, Override, Status
from patron.governance.roles import Permission
from patron.governance.state.opened import now_in_microseconds
from patron.reports.served.customers import place_in
from patron.reports.served.view import View
from patron.segments.tiers import TIERS
from patron.settings import OverrideSettings
from patron.surfaces.api import cursors, loop_answers
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.problems import Refused
from patron.surfaces.api.routes.accounts import moment
from patron.surfaces.api.routes.customers import MOST, VISIBLE, Id
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held, Seen, Who

routes = Routes(prefix="/v1", tags=["overrides"])
MOST_DAYS: Final = 366
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LIST: Final = "overrides"
_P = Permission
Because = Annotated[str, Of(min_length=1, max_length=1000, pattern=VISIBLE)]
OverrideId = Annotated[str, Path(min_length=1, max_length=32, pattern=VISIBLE)]


class Wanted(BaseModel):
    """What shall be set by hand: a tier or an expected value, why, and until when (a year ahead at most)."""

    tier: Annotated[str | None, Of(max_length=20)] = None
    expected_value: Annotated[
        Decimal | None, Of(ge=0, lt=10**12, decimal_places=4, allow_inf_nan=False, description="Money")
    ] = None
    because: Because
    until: AwareDatetime
    replaces: Annotated[str | None, Of(max_length=32, description="The override in force that it replaces")] = None


class Why(BaseModel):
    """The reason of a decision."""

    because: Because


@routes.act(
    "/customers/{customer_id}/overrides",
    _P.WRITE_OVERRIDES,
    also=[404, 409],
    response_model=loop_answers.OverrideTold,
    status_code=201,
)
async def add_override(
    customer_id: Id, wanted: Wanted, view: Seen, who: Who, serving: Held
) -> dict[str, Any]:  # Any: JSON
    """Set a customer's tier or expected value by hand; where four eyes are asked for it waits for a second person."""
    await _in_scope(view, customer_id, who, serving, "override.set")
    new = _parsed(wanted, view, customer_id)
    needs_second = _needs_second(serving.overrides, new, view)
    noted = _noted(serving, who, "override.set")
    made = await asyncio.to_thread(
        lambda: set_override(serving.state, new, who, noted, needs_second=needs_second, replaces=wanted.replaces)
    )
    return await _followed(serving, made)


@routes.ask(
    "/customers/{customer_id}/overrides",
    _P.READ_CUSTOMERS,
    also=[404],
    response_model=loop_answers.CustomerOverridesAnswer,
)
async def customer_overrides(customer_id: Id, view: Seen, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """All that was ever set by hand for a customer, the newest first."""
    await _in_scope(view, customer_id, who, serving, "customer.overrides")
    found = await asyncio.to_thread(asking.overrides_of, serving.state, customer_id)
    subject = customer_subject(serving.secret, customer_id)
    await serving.audit.write(act_of(who, "customer.overrides", subject, release=view.snapshot.id, rows=len(found)))
    return {"customer_id": customer_id, "overrides": [told(one) for one in found]}


@routes.ask("/overrides", _P.READ_CUSTOMERS, also=[409], response_model=loop_answers.OverridesAnswer)
async def list_overrides(
    view: Seen,
    who: Who,
    serving: Held,
    status: Status | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> dict[str, Any]:  # Any: JSON
    """What people set by hand for customers in your scope, the newest first."""
    after = cursors.after(serving.secret, _LIST, cursor)
    before = None if after is None else int(after)
    found = await asyncio.to_thread(
        lambda: list(
            islice(
                (one for one in asking.overrides(serving.state, status=status, before=before) if sees(view, one)),
                limit + 1,
            )
        )
    )
    page = found[:limit]
    subjects = [customer_subject(serving.secret, one.customer_id) for one in (*page[:1], *page[-1:])]
    await serving.audit.write(
        act_of(who, "overrides.list", status or "all", "done", rows=len(page), limit=limit, ends=subjects)
    )
    last = f"{page[-1].number}" if len(found) > limit else None
    return {"overrides": [told(one) for one in page], "cursor": cursors.cursor(serving.secret, _LIST, last)}


@routes.act(
    "/overrides/{override_id}/approval",
    _P.APPROVE_OVERRIDES,
    also=[404, 409],
    response_model=loop_answers.OverrideTold,
)
async def approve(override_id: OverrideId, why: Why, view: Seen, who: Who, serving: Held) -> dict[str, Any]:
    """Approve what somebody else set: from now on it is in force."""
    return await _judged(override_id, view, who, serving, approves=True, because=why.because)


@routes.act(
    "/overrides/{override_id}/refusal",
    _P.APPROVE_OVERRIDES,
    also=[404, 409],
    response_model=loop_answers.OverrideTold,
)
async def refuse(override_id: OverrideId, why: Why, view: Seen, who: Who, serving: Held) -> dict[str, Any]:
    """Refuse what somebody else set: it will not be in force."""
    return await _judged(override_id, view, who, serving, approves=False, because=why.because)


@routes.act(
    "/overrides/{override_id}/withdrawal",
    _P.WRITE_OVERRIDES,
    also=[404, 409],
    response_model=loop_answers.OverrideTold,
)
async def withdraw(override_id: OverrideId, why: Why, view: Seen, who: Who, serving: Held) -> dict[str, Any]:
    """End an override: what was published holds again."""
    await _seen_override(override_id, view, serving)
    noted = _noted(serving, who, "override.withdraw")
    ended = await asyncio.to_thread(
        lambda: withdraw_override(serving.state, override_id, who, noted, because=why.because)
    )
    return await _followed(serving, ended)


def told(override: Override) -> dict[str, Any]:  # Any: JSON
    """An override, as the API tells it."""
    row = asdict(override)
    for name in ("made_at", "until", "judged_at", "ended_at"):
        row[name] = None if row[name] is None else moment(row[name])
    return row | {"status": override.status_at(now_in_microseconds())}


def sees(view: View, override: Override) -> bool:
    """Whether an override is of a customer in scope; who is held to no branches sees also those of customers who are gone."""
    return view.is_whole or view.place_of(override.customer_id) is not None


async def _judged(
    override_id: str, view: View, who: Identity, serving: Serving, *, approves: bool, because: str
) -> dict[str, Any]:  # Any: JSON
    held = await _seen_override(override_id, view, serving)
    action = "override.approve" if approves else "override.refuse"
    noted = _noted(serving, who, action)
    try:
        judged = await asyncio.to_thread(
            lambda: judge_override(serving.state, override_id, who, noted, approves=approves, because=because)
        )
    except NeedsAnother:
        subject = customer_subject(serving.secret, held.customer_id)
        await serving.audit.write(act_of(who, action, subject, "refused", override=override_id))
        raise
    return await _followed(serving, judged)


async def _seen_override(override_id: str, view: View, serving: Serving) -> Override:
    held = await asyncio.to_thread(asking.override_with, serving.state, override_id)
    if not sees(view, held):
        raise asking.no_override(override_id)
    return held


async def _in_scope(view: View, customer_id: str, who: Identity, serving: Serving, action: str) -> None:
    try:
        place_in(view, customer_id)
    except NothingThere:
        await serving.audit.write(act_of(who, action, customer_subject(serving.secret, customer_id), "not found"))
        raise


async def _followed(serving: Serving, changed: Override) -> dict[str, Any]:  # Any: JSON
    """Answer a change once this process answers with it; others do so within a second."""
    await asyncio.to_thread(serving.current.look)
    return told(changed)


def _parsed(wanted: Wanted, view: View, customer_id: str) -> NewOverride:
    if (wanted.tier is None) == (wanted.expected_value is None):
        raise Refused(422, "An override sets one thing.", allowed="tier or expected_value.", to_do="Send one of them.")
    if wanted.tier is not None and wanted.tier not in TIERS:
        raise UnknownName("tier", wanted.tier, TIERS)
    field: Field = "expected_value" if wanted.tier is None else "tier"
    manifest = view.snapshot.release.manifest
    published = view.snapshot.published_at(place_in(view, customer_id))
    return NewOverride(
        customer_id=customer_id,
        field=field,
        value=_exact(wanted.tier or wanted.expected_value or Decimal(0)),
        published=_exact(published[field]),
        historic=_exact(published["historic_value"]),
        because=wanted.because.strip() or _no_reason(),
        release=manifest.id,
        as_of=manifest.as_of,
        horizon_days=manifest.horizon_days,
        until=_end(wanted.until),
    )


def _exact(value: Decimal | float | str) -> str:
    """A value as exact text, money in ten-thousandths, and no zero below zero."""
    return value if isinstance(value, str) else f"{Decimal(str(value)).quantize(Decimal('0.0001')) + 0:f}"


def _no_reason() -> str:
    raise Refused(422, "body.because says nothing.", to_do="Say why.")


def _end(until: datetime) -> int:
    """The moment in microseconds; refuses one that has passed, and one more than a year ahead."""
    now = datetime.now(UTC)
    if not now < until <= now + timedelta(days=MOST_DAYS):
        raise UsageError(
            f"An override cannot end at {until.isoformat()}.",
            allowed=f"A moment to come, {MOST_DAYS} days ahead at most.",
        )
    return (until - _EPOCH) // timedelta(microseconds=1)


def _needs_second(settings: OverrideSettings, new: NewOverride, view: View) -> bool:
    """Whether four eyes are asked for: always, or where what is published or what is set is above an amount."""
    if settings.four_eyes:
        return True
    published = view.snapshot.published_at(place_in(view, new.customer_id))["expected_value"]
    amounts = [Decimal(str(published)), *([Decimal(new.value)] if new.field == "expected_value" else [])]
    return settings.four_eyes_above > 0 and max(amounts) > Decimal(str(settings.four_eyes_above))


def _noted(serving: Serving, who: Identity, action: str) -> Callable[[Override], Act]:
    def note(one: Override) -> Act:
        """Without the reason, which may tell of the customer: that stands with the override."""
        details = {"override": one.id, "field": one.field, "value": one.value, "until": moment(one.until)}
        return act_of(
            who, action, customer_subject(serving.secret, one.customer_id), "done", **details, replaces=one.replaces
        )

    return note
