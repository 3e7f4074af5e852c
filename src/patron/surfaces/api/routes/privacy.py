"""What is personal: a customer's own columns out of the vault, and what they consented to."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, StrictBool

from patron.errors import DamagedVault, NothingThere
from patron.governance.audit.chain import act_of, entries
from patron.governance.audit.subjects import customer_subject
from patron.governance.consent import consents_of, known_purpose, set_consent
from patron.governance.identity import Identity
from patron.governance.overrides.asking import overrides_of
from patron.governance.roles import Permission
from patron.governance.vault.vault import keeps, personal_of
from patron.reports.served import customers as asked
from patron.reports.served.view import View
from patron.sources.told.log import events_of
from patron.surfaces.api import answers, loop_answers
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.routes.accounts import moment
from patron.surfaces.api.routes.customers import VISIBLE, Id, headed
from patron.surfaces.api.routes.overrides import told as override_told
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held, Seen, Who

routes = Routes(prefix="/v1/customers", tags=["privacy"])
MOST_ENTRIES: Final = 100_000
_Purpose = Annotated[str, Field(min_length=1, max_length=40, pattern=VISIBLE)]


class PersonalAnswer(BaseModel):
    """A customer's personal columns, by the names that patron.toml gives them."""

    customer_id: str
    personal: dict[str, str]


class ConsentAnswer(BaseModel):
    """Whether a customer has consented to a purpose. One who was never asked has not."""

    purpose: str
    given: bool
    at: str | None = Field(description="When they last said so; null if they never did")
    source: str | None = Field(description="Where they said it")


class ConsentsAnswer(BaseModel):
    """Whether a customer has consented, to each purpose that patron.toml declares."""

    customer_id: str
    consents: list[ConsentAnswer]


class EventHeld(BaseModel):
    """An event as it was told."""

    told_as: str
    event_id: str
    version: int
    deleted: bool
    occurred_at: str | None
    told: dict[str, str]


class ExportAnswer(ConsentsAnswer):
    """All that the server holds of a customer."""

    personal: dict[str, str]
    release: dict[str, Any] | None = Field(description="What the release tells of them; null of one who bought nothing")
    events: list[EventHeld] = Field(description="What was told of them over the API or a stream, every version")
    overrides: list[loop_answers.OverrideTold] = Field(description="What people set by hand for them")
    audit: list[answers.AuditEntry] = Field(description="Who did what about them, the first hundred thousand entries")


class Said(BaseModel):
    """What a customer said: yes or no to each purpose named; others stay as they are."""

    purposes: Annotated[dict[_Purpose, StrictBool], Field(min_length=1, max_length=100)]
    source: Annotated[str, Field(min_length=1, max_length=100, pattern=VISIBLE, description="Where they said it")]


@routes.ask("/{customer_id}/personal", Permission.READ_PERSONAL, also=[404], response_model=PersonalAnswer)
async def personal(customer_id: Id, view: Seen, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """What the vault holds of a customer, decrypted; the audit says which fields were read, never what they hold."""
    await _found(customer_id, view, who, serving, "customer.personal")
    subject = customer_subject(serving.secret, customer_id)
    try:
        told = await asyncio.to_thread(_personal, serving, customer_id)
    except DamagedVault:
        await serving.audit.write(act_of(who, "customer.personal", subject, "damaged"))
        raise
    await serving.audit.write(act_of(who, "customer.personal", subject, fields=sorted(told)))
    return {"customer_id": customer_id, "personal": told}


@routes.ask("/{customer_id}/export", Permission.EXPORT_CUSTOMERS, also=[404], response_model=ExportAnswer)
async def export(customer_id: Id, view: Seen, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """All that the server holds of a customer, to be given to them: values, personal columns, consents, events, who looked."""
    await _found(customer_id, view, who, serving, "customer.export")
    subject = customer_subject(serving.secret, customer_id)
    try:
        held = await asyncio.to_thread(_personal, serving, customer_id)
    except DamagedVault:
        await serving.audit.write(act_of(who, "customer.export", subject, "damaged"))
        raise
    await serving.audit.write(act_of(who, "customer.export", subject, fields=sorted(held)))
    told = await asyncio.to_thread(_told, serving, customer_id)
    audit = await asyncio.to_thread(_audited, serving, subject)
    events = await asyncio.to_thread(_events, serving, customer_id)
    set_by_hand = await asyncio.to_thread(overrides_of, serving.state, customer_id)
    return told | {
        "personal": held,
        "release": _released(view, customer_id),
        "events": events,
        "overrides": [override_told(one) for one in set_by_hand],
        "audit": audit,
    }


@routes.ask("/{customer_id}/consent", Permission.READ_CONSENT, also=[404], response_model=ConsentsAnswer)
async def consents(customer_id: Id, view: Seen, who: Who, serving: Held) -> dict[str, Any]:  # Any: JSON
    """What a customer has consented to, of the purposes that patron.toml declares."""
    await _found(customer_id, view, who, serving, "consent.read")
    await serving.audit.write(act_of(who, "consent.read", customer_subject(serving.secret, customer_id)))
    return await asyncio.to_thread(_told, serving, customer_id)


@routes.act(
    "/{customer_id}/consent", Permission.MANAGE_CONSENT, method="PUT", also=[404], response_model=ConsentsAnswer
)
async def change_consent(
    customer_id: Id, said: Said, view: Seen, who: Who, serving: Held
) -> dict[str, Any]:  # Any: JSON
    """Note what a customer said about some purposes; lists heed it from the next request on."""
    await _found(customer_id, view, who, serving, "consent.set")
    purposes = {known_purpose(purpose, serving.purposes): given for purpose, given in said.purposes.items()}
    subject = customer_subject(serving.secret, customer_id)
    act = act_of(who, "consent.set", subject, source=said.source, purposes=purposes)
    await asyncio.to_thread(set_consent, serving.state, customer_id, purposes, said.source, act)
    return await asyncio.to_thread(_told, serving, customer_id)


async def _found(customer_id: str, view: View, who: Identity, serving: Serving, action: str) -> None:
    """Refuse one of whom nothing is known, or who is out of scope, and note it.

    Who sees all branches also sees those who have bought nothing yet, and stand in the vault alone.
    """
    if view.place_of(customer_id) is None and not await asyncio.to_thread(_is_kept, serving, view, customer_id):
        await serving.audit.write(act_of(who, action, customer_subject(serving.secret, customer_id), "not found"))
        raise NothingThere(f"There is no customer '{customer_id}'.")


def _is_kept(serving: Serving, view: View, customer_id: str) -> bool:
    vault = serving.vault
    return view.is_whole and vault is not None and keeps(vault, vault.name_of(customer_id))


def _audited(serving: Serving, subject: str) -> list[dict[str, Any]]:  # Any: JSON
    found = islice(entries(serving.state, subject=subject), MOST_ENTRIES)
    return [asdict(entry) | {"at": moment(entry.at), "details": json.loads(entry.details)} for entry in found]


def _events(serving: Serving, customer_id: str) -> list[dict[str, Any]]:  # Any: JSON
    return [
        {
            "told_as": event.told_as,
            "event_id": event.event_id,
            "version": event.version,
            "deleted": event.deleted,
            "occurred_at": None if event.occurred_at is None else moment(event.occurred_at),
            "told": dict(event.body),
        }
        for event in events_of(serving.state, customer_id)
    ]


def _released(view: View, customer_id: str) -> dict[str, Any] | None:  # Any: JSON
    if view.place_of(customer_id) is None:
        return None
    return headed(view) | asked.customer(view, customer_id) | {"moves": asked.moves_of(view, customer_id)}


def _personal(serving: Serving, customer_id: str) -> dict[str, str]:
    return {} if serving.vault is None else personal_of(serving.vault, serving.vault.name_of(customer_id))


def _told(serving: Serving, customer_id: str) -> dict[str, Any]:  # Any: JSON
    said = {consent.purpose: consent for consent in consents_of(serving.state, customer_id)}
    told = []
    for purpose in serving.purposes:
        consent = said.get(purpose)
        at, source = (moment(consent.at), consent.source) if consent else (None, None)
        told.append({"purpose": purpose, "given": bool(consent and consent.given), "at": at, "source": source})
    return {"customer_id": customer_id, "consents": told}
