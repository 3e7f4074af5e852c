"""The tables of the state. Their columns change only together with a step in ``migrations``; a test compares the two."""

from patron.governance.state.tables.accounts import API_KEYS, LOGIN_FAILURES, PEOPLE, SESSIONS
from patron.governance.state.tables.audit import AUDIT, AUDIT_HEAD
from patron.governance.state.tables.declared import LONGEST_NAME, METADATA
from patron.governance.state.tables.privacy import CONSENT_CHANGES, CONSENTS, VAULT

__all__ = [
    "API_KEYS",
    "AUDIT",
    "AUDIT_HEAD",
    "CONSENTS",
    "CONSENT_CHANGES",
    "LOGIN_FAILURES",
    "LONGEST_NAME",
    "METADATA",
    "PEOPLE",
    "SESSIONS",
    "VAULT",
]
