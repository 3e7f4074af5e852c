"""What a workspace keeps beside its warehouse, where the state is a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect

from patron.credentials import PREFIX
from patron.governance.state.of_workspace import state_of_workspace
from patron.governance.vault.keyring import KEYS, SCHEMA
from patron.governance.vault.vault import OWN_ID, destroy_customer, personal_of, put_personal
from patron.pipeline.kept_state import vault_of_workspace
from patron.pipeline.workspace import Workspace
from served_workspace import SETTINGS
from states import new_database


@pytest.mark.engines
def test_on_postgresql_the_keyring_is_a_schema_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}STATE", new_database())
    monkeypatch.setenv(f"{PREFIX}VAULT", "gRk2Zp8vQm4xWc7sTn1hYb6dLf9jKe3uAo5iXqBz")
    told = f'{SETTINGS}\n[server]\nstate = "postgres"\n[privacy]\npseudonyms = true\n'
    (tmp_path / "patron.toml").write_text(told, "utf-8")
    held = Workspace.at(tmp_path)
    state = state_of_workspace(tmp_path, held.settings.server.state, held.credentials)
    vault = vault_of_workspace(tmp_path, held.settings, held.credentials, state)
    assert vault is not None
    name = vault.known_as("c1")
    put_personal(vault, {name: {OWN_ID: "c1"}})
    assert personal_of(vault, name) == {OWN_ID: "c1"}
    destroy_customer(vault, name, "receipt 1")
    assert personal_of(vault, name) == {}
    names = inspect(state.engine)
    assert names.has_table(KEYS.name, schema=SCHEMA)
    assert not names.has_table(KEYS.name)
    assert not list(tmp_path.glob("*.sqlite*"))
    vault.close()
    state.close()
