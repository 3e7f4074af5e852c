"""What people have set by hand, brought from the state to those who answer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from patron.credentials import read_credentials
from patron.governance.overrides.asking import in_force
from patron.governance.overrides.override import Override
from patron.governance.state.of_workspace import state_of_workspace
from patron.governance.state.opened import FILE_NAME, State
from patron.reports.served.current import AsksWhatIsSet
from patron.reports.set_by_hand import NOTHING_SET, SetByHand, SetValue
from patron.settings import Settings


def what_is_set(state: State) -> AsksWhatIsSet:
    """Asks the state for what is in force, unless it is still as it was."""

    def ask(version: int) -> SetByHand | None:
        found = in_force(state, unless=version)
        return None if found is None else SetByHand(found.version, _values(found.overrides))

    return ask


def set_in_workspace(folder: Path, settings: Settings) -> SetByHand:
    """What is in force in a workspace; nothing where no server ever made a state."""
    if settings.server.state == "sqlite" and not (folder / FILE_NAME).exists():
        return NOTHING_SET
    state = state_of_workspace(folder, settings.server.state, read_credentials(folder))
    try:
        return what_is_set(state)(-1) or NOTHING_SET
    finally:
        state.close()


def _values(overrides: Iterable[Override]) -> tuple[SetValue, ...]:
    return tuple(
        SetValue(one.id, one.customer_id, one.field, one.value, one.until, one.made_by, one.because)
        for one in overrides
    )
