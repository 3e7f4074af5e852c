"""What the routes share: the release that is served, the state, the audit, and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from patron.governance.accounts.secrets import ServerSecret
from patron.governance.audit.anchors import Anchors
from patron.governance.audit.writer import AuditWriter
from patron.governance.state.opened import State
from patron.governance.vault.vault import Vault
from patron.live.now import LiveValues
from patron.pipeline.started.record import RunRecord
from patron.pipeline.started.start import start_run
from patron.reports.served.by_data import DataScorings
from patron.reports.served.current import CurrentRelease
from patron.settings import OverrideSettings, ReviewSettings, ServerSettings, Value
from patron.surfaces.api.consented import Consented
from patron.surfaces.api.known_keys import KnownKeys
from patron.surfaces.api.password_desk import PasswordDesk
from patron.surfaces.api.rate import Rates

if TYPE_CHECKING:  # what it needs is there only where it is used
    from opentelemetry.sdk.trace import TracerProvider

    from patron.governance.providers.provider import Provider


class StartsRun(Protocol):
    """What starts a run of a workspace."""

    def __call__(self, folder: Path, asked_by: str, *, again: bool = False) -> RunRecord: ...


@dataclass(frozen=True)
class Serving:
    """Everything that a process of the server holds. ``strangers`` are the rates of addresses that have not shown who they are,
    ``outside`` where logins by the provider are worked on."""

    workspace: Path
    settings: ServerSettings
    contract: Value
    earliest: date
    secret: ServerSecret
    state: State
    audit: AuditWriter
    current: CurrentRelease
    rates: Rates
    strangers: Rates
    keys: KnownKeys
    passwords: PasswordDesk
    live: LiveValues
    scorings: DataScorings
    consented: Consented
    purposes: tuple[str, ...] = ()
    vault: Vault | None = None
    start_run: StartsRun = start_run
    development: bool = False
    anchors: Anchors | None = None
    provider: Provider | None = None
    traces: TracerProvider | None = None
    outside: PasswordDesk = field(default_factory=lambda: PasswordDesk(threads=4))
    overrides: OverrideSettings = field(default_factory=OverrideSettings)
    reviews: ReviewSettings = field(default_factory=ReviewSettings)

    def close(self) -> None:
        """Let go of the databases."""
        if self.vault is not None:
            self.vault.close()
        self.state.close()

    def known_as(self, told: str) -> str:
        """What releases call a customer of whom the business's own id, or a pseudonym, is told."""
        return told if self.vault is None else self.vault.known_as(told)
