"""The tables of the state. Their columns change only together with a step in ``migrations``; a test compares the two."""

from patron.governance.state.tables.accounts import API_KEYS, LOGIN_FAILURES, PEOPLE, SESSIONS
from patron.governance.state.tables.audit import AUDIT, AUDIT_HEAD
from patron.governance.state.tables.declared import LONGEST_NAME, METADATA
from patron.governance.state.tables.events import ANSWERED, EVENTS, EVENTS_HEAD
from patron.governance.state.tables.logins import OUTSIDE_IDENTITIES, USED_STARTS, WAITING_CHANGES
from patron.governance.state.tables.loop import OVERRIDES, OVERRIDES_HEAD, REVIEWS
from patron.governance.state.tables.privacy import CONSENT_CHANGES, CONSENTS, VAULT

__all__ = [
    "ANSWERED",
    "API_KEYS",
    "AUDIT",
    "AUDIT_HEAD",
    "CONSENTS",
    "CONSENT_CHANGES",
    "EVENTS",
    "EVENTS_HEAD",
    "LOGIN_FAILURES",
    "LONGEST_NAME",
    "METADATA",
    "OUTSIDE_IDENTITIES",
    "OVERRIDES",
    "OVERRIDES_HEAD",
    "PEOPLE",
    "REVIEWS",
    "SESSIONS",
    "USED_STARTS",
    "VAULT",
    "WAITING_CHANGES",
]
