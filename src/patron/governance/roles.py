"""What can be allowed, and to whom: permissions by name, roles as sets of them. Nothing is allowed that is not named here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Permission(StrEnum):
    """One thing that a person or a program may do; each route of the server names the one that it needs."""

    READ_CUSTOMERS = "customers.read"
    READ_PERSONAL = "personal.read"
    EXPORT_CUSTOMERS = "customers.export"
    READ_CONSENT = "consent.read"
    MANAGE_CONSENT = "consent.manage"
    READ_GROUPS = "groups.read"
    READ_PORTFOLIO = "portfolio.read"
    READ_RELEASES = "releases.read"
    READ_MODELS = "models.read"
    SCORE_DATA = "score.data"
    READ_METRICS = "metrics.read"
    TELL_EVENTS = "events.tell"
    READ_RUNS = "runs.read"
    START_RUNS = "runs.start"
    READ_AUDIT = "audit.read"
    MANAGE_ACCOUNTS = "accounts.manage"
    OWN_ACCOUNT = "account.own"
    WRITE_OVERRIDES = "overrides.write"
    APPROVE_OVERRIDES = "overrides.approve"
    READ_REVIEWS = "reviews.read"
    DECIDE_REVIEWS = "reviews.decide"


class Role(StrEnum):
    """What somebody is to the business."""

    ADMIN = "admin"
    EXECUTIVE = "executive"
    MARKETING = "marketing"
    BRANCH_MANAGER = "branch manager"
    ANALYST = "analyst"
    ENGINEER = "engineer"
    COMPLIANCE = "compliance"
    SERVICE = "service"


_P = Permission
_ABOUT_RESULTS: Final = frozenset({_P.READ_GROUPS, _P.READ_PORTFOLIO, _P.READ_RELEASES, _P.OWN_ACCOUNT})
_OF_VALUES: Final = frozenset(
    {
        _P.READ_CUSTOMERS,
        _P.SCORE_DATA,
        _P.WRITE_OVERRIDES,
        _P.APPROVE_OVERRIDES,
        _P.READ_REVIEWS,
        _P.DECIDE_REVIEWS,
    }
)
"""What single customers are worth, and what people say of it."""
_OF_PERSONS: Final = frozenset({_P.READ_PERSONAL, _P.READ_CONSENT, _P.MANAGE_CONSENT, _P.EXPORT_CUSTOMERS})
"""Who single customers are, and what they agreed to."""
_OF_CUSTOMERS: Final = _OF_VALUES | _OF_PERSONS
_ABOUT_RUNS: Final = frozenset({_P.READ_METRICS, _P.TELL_EVENTS, _P.READ_RUNS, _P.START_RUNS})

ALLOWED: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        # Accounts and operation; whoever gives others access does not read customers.
        Role.ADMIN: frozenset(_P) - _OF_CUSTOMERS,
        Role.EXECUTIVE: _ABOUT_RESULTS | {_P.READ_MODELS},
        Role.MARKETING: _ABOUT_RESULTS | _OF_CUSTOMERS - {_P.APPROVE_OVERRIDES, _P.MANAGE_CONSENT, _P.EXPORT_CUSTOMERS},
        Role.BRANCH_MANAGER: _ABOUT_RESULTS | _OF_CUSTOMERS - {_P.EXPORT_CUSTOMERS},
        Role.ANALYST: _ABOUT_RESULTS | _OF_VALUES | {_P.READ_MODELS, _P.READ_RUNS},
        Role.ENGINEER: _ABOUT_RUNS | {_P.READ_RELEASES, _P.READ_MODELS, _P.OWN_ACCOUNT},
        Role.COMPLIANCE: _ABOUT_RESULTS
        | (_OF_PERSONS | {_P.READ_CUSTOMERS, _P.APPROVE_OVERRIDES, _P.READ_REVIEWS})
        | {_P.READ_MODELS, _P.READ_AUDIT, _P.READ_RUNS},
        # A shop's page where customers say yes or no is a program; nobody's address leaves by a program's role.
        Role.SERVICE: (_ABOUT_RESULTS - {_P.OWN_ACCOUNT})
        | {_P.READ_CUSTOMERS, _P.TELL_EVENTS, _P.SCORE_DATA, _P.READ_CONSENT, _P.MANAGE_CONSENT},
    }
)
"""What each role may do. A role's holder may be allowed less (an API key names its own permissions), never more."""

NEEDS_BRANCHES: Final = frozenset({Role.BRANCH_MANAGER})
"""Roles that see the customers of their own branches only, and so must be given some."""

OF_ALL_BRANCHES: Final = frozenset({_P.MANAGE_ACCOUNTS, _P.READ_AUDIT})
"""Whoever may do these cannot be held to some branches: accounts and the audit are of the whole business."""

OF_PEOPLE_ONLY: Final = frozenset({_P.MANAGE_ACCOUNTS, _P.OWN_ACCOUNT})
"""No key may do these: who gives access must have logged in."""
