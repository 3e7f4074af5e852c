"""Where the state of a workspace is: a file in it, or the database whose address is a credential."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from patron.credentials import Credentials
from patron.governance.state.opened import FILE_NAME, State, open_state

CREDENTIAL: Final = "state"
Home = Literal["sqlite", "postgres"]
"""As ``server.state`` in patron.toml says it."""


def state_of_workspace(folder: Path, home: Home, credentials: Credentials) -> State:
    """The state, opened."""
    if home == "sqlite":
        return open_state(f"sqlite:///{(folder / FILE_NAME).resolve()}")
    return open_state(credentials.secret(CREDENTIAL).reveal())
