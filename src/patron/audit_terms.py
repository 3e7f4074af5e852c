"""Where copies of the audit's head are kept, out of reach of whoever can write to the state."""

from __future__ import annotations

from pydantic import Field, field_validator

from patron.login_terms import is_encrypted
from patron.section import Section


class AuditSettings(Section):
    """Anchors: the audit's head, written elsewhere every few minutes and when a server begins and ends."""

    file: str = Field(
        "",
        max_length=1000,
        description="a file that the head is added to, best one that can only be added to, on another disk; relative to patron.toml; empty: none",
    )
    address: str = Field(
        "",
        max_length=500,
        description="an https address that the head is sent to (POST, JSON), with the credential 'anchors' as a bearer's where there is one; empty: none",
    )
    minutes: int = Field(10, ge=1, le=1440, description="minutes between two anchors")

    @property
    def is_on(self) -> bool:
        return bool(self.file or self.address)

    @field_validator("address")
    @classmethod
    def _encrypted(cls, address: str) -> str:
        if address and not is_encrypted(address):
            raise ValueError(f"'{address}' must be an https address without a user, '?' or '#'")
        return address
