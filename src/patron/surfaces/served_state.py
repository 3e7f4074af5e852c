"""Where the state of a workspace is: a file in it, or the database whose address is a credential."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from patron.credentials import Credentials
from patron.governance.state.opened import FILE_NAME, State, open_state
from patron.settings import Settings

CREDENTIAL: Final = "state"


def state_of_workspace(folder: Path, settings: Settings, credentials: Credentials) -> State:
    """The state, opened."""
    if settings.server.state == "sqlite":
        return open_state(f"sqlite:///{(folder / FILE_NAME).resolve()}")
    return open_state(credentials.secret(CREDENTIAL).reveal())
