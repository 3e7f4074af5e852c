"""From what a provider says of somebody to their name, role and branches here; what is not declared lets nobody in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from patron.errors import UsageError
from patron.governance.accounts.people import Left, branches_for, role_named, usable_name
from patron.governance.providers.refusals import LoginRefused
from patron.governance.roles import ALLOWED, OF_ALL_BRANCHES, Role
from patron.login_terms import OidcSettings

ALL_BRANCHES: Final = "*"
_EMAIL: Final = "email"


@dataclass(frozen=True)
class Mapped:
    """Who somebody is here. ``branches`` are left as they are where the provider is not asked about them."""

    issuer: str
    subject: str
    name: str
    role: Role
    branches: frozenset[str] | Left | None


def mapped(settings: OidcSettings, claims: Mapping[str, Any]) -> Mapped:  # Any: JSON
    """Who this is here; LoginRefused, in words, where the settings do not say."""
    name, role = _name(settings, claims), _role(settings, claims)
    return Mapped(settings.issuer, claims["sub"], name, role, _branches(settings, claims, role))


def checked(settings: OidcSettings) -> OidcSettings:
    """The settings, once every role that they name is one."""
    for role in settings.roles.values():
        role_named(role)
    return settings


def _name(settings: OidcSettings, claims: Mapping[str, Any]) -> str:  # Any: JSON
    told = claims.get(settings.name_claim)
    if not isinstance(told, str):
        raise LoginRefused(
            f"The provider does not say your {settings.name_claim}.",
            to_do="An administrator of Patron sees to server.oidc.name_claim.",
        )
    if settings.name_claim == _EMAIL and claims.get("email_verified") is not True:
        raise LoginRefused(
            "The provider has not verified your e-mail address.", to_do="Verify it there, then log in again."
        )
    try:
        return usable_name(told)
    except UsageError as error:
        raise LoginRefused(error.what, to_do="An administrator of Patron sees to server.oidc.name_claim.") from error


def _role(settings: OidcSettings, claims: Mapping[str, Any]) -> Role:  # Any: JSON
    groups = _words(claims.get(settings.roles_claim))
    for group, role in settings.roles.items():
        if group in groups:
            return role_named(role)
    raise LoginRefused(
        "None of your groups at the provider has a role in Patron.",
        to_do="Ask for one of the groups that have, or have an administrator of Patron see to [server.oidc] roles.",
    )


def _branches(
    settings: OidcSettings, claims: Mapping[str, Any], role: Role
) -> frozenset[str] | Left | None:  # Any: JSON
    if ALLOWED[role] & OF_ALL_BRANCHES:
        return None
    if not settings.branches_claim:
        return Left.AS_IT_IS
    words = _words(claims.get(settings.branches_claim))
    known = {settings.branches.get(word, "" if settings.branches else word) for word in words} - {""}
    given = None if ALL_BRANCHES in known else sorted(known)
    try:
        kept = branches_for(role, given)
    except UsageError as error:
        raise LoginRefused(error.what, to_do="Ask for your branches at the provider.") from error
    if kept == []:
        raise LoginRefused("The provider names no branch of yours.", to_do="Ask for your branches at the provider.")
    return None if kept is None else frozenset(kept)


def _words(told: object) -> set[str]:
    """A claim's words: one text, or a list of them."""
    listed = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    return {word for word in listed if isinstance(word, str)}
