"""What the routes share: the release that is served, the state, the audit, and who asks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from patron.governance.accounts.secrets import ServerSecret
from patron.governance.audit.writer import AuditWriter
from patron.governance.state.opened import State
from patron.governance.vault.vault import Vault
from patron.reports.served.current import CurrentRelease
from patron.settings import ServerSettings
from patron.surfaces.api.consented import Consented
from patron.surfaces.api.known_keys import KnownKeys
from patron.surfaces.api.password_desk import PasswordDesk
from patron.surfaces.api.rate import Rates


@dataclass(frozen=True)
class Serving:
    """Everything that a process of the server holds. ``strangers`` are the rates of addresses that have not shown who they are."""

    workspace: Path
    settings: ServerSettings
    secret: ServerSecret
    state: State
    audit: AuditWriter
    current: CurrentRelease
    rates: Rates
    strangers: Rates
    keys: KnownKeys
    passwords: PasswordDesk
    consented: Consented
    purposes: tuple[str, ...] = ()
    vault: Vault | None = None
    development: bool = False

    def close(self) -> None:
        """Let go of the databases."""
        if self.vault is not None:
            self.vault.close()
        self.state.close()

    def known_as(self, told: str) -> str:
        """What releases call a customer of whom the business's own id, or a pseudonym, is told."""
        return told if self.vault is None else self.vault.known_as(told)
