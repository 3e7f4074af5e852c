"""What the routes share: the release that is served, the state, the audit, and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from patron.governance.accounts.secrets import ServerSecret
from patron.governance.audit.writer import AuditWriter
from patron.governance.state.opened import State
from patron.reports.served.current import CurrentRelease
from patron.settings import OverrideSettings, ReviewSettings, ServerSettings
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
    development: bool = False
    overrides: OverrideSettings = field(default_factory=OverrideSettings)
    reviews: ReviewSettings = field(default_factory=ReviewSettings)
