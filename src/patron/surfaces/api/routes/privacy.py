"""What is personal: a customer's own columns out of the vault, and what they consented to."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from pydantic import BaseModel, Field, StrictBool

from patron.errors import DamagedVault, NothingThere
from patron.governance.audit.chain import act_of
from patron.governance.audit.subjects import customer_subject
from patron.governance.consent import consents_of, known_purpose, set_consent
from patron.governance.identity import Identity
from patron.governance.roles import Permission
from patron.governance.vault.vault import personal_of
from patron.reports.served.view import View
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.routes.accounts import moment
from patron.surfaces.api.routes.customers import VISIBLE, Id
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held, Seen, Who

routes = Routes(prefix="/v1/customers", tags=["privacy"])
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
    """Refuse one who is not in the release or out of scope, and note it."""
    if view.place_of(customer_id) is None:
        await serving.audit.write(act_of(who, action, customer_subject(serving.secret, customer_id), "not found"))
        raise NothingThere(f"There is no customer '{customer_id}'.")


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
