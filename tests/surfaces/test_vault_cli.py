"""`patron vault`: what wraps the keys, other ones in its place, a customer's own made anew."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from patron.credentials import PREFIX
from patron.errors import NothingThere, VaultLocked
from patron.governance.vault.keyring import FILE_NAME, destroy_keys, open_keyring
from patron.governance.vault.vault import OWN_ID, put_personal
from patron.pipeline.landing.sealing import opened_vault
from patron.pipeline.workspace import Workspace
from served_workspace import SETTINGS
from surfaces.called import facts, told

FIRST, SECOND = "gRk2Zp8vQm4xWc7sTn1hYb6dLf9jKe3uAo5iXqBz", "Hq7wTz2nVb9mRc4xKs8pLd3fGj6yEa1uYo5iWkMx"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose ids are replaced, and two customers in its vault."""
    monkeypatch.setenv(f"{PREFIX}VAULT", FIRST)
    (tmp_path / "patron.toml").write_text(f"{SETTINGS}\n[privacy]\npseudonyms = true\n", "utf-8")
    with opened_vault(Workspace.at(tmp_path)) as vault:
        assert vault is not None
        put_personal(vault, {vault.known_as(one): {OWN_ID: one} for one in ("c1", "c2")})
    return tmp_path


def test_keys_are_wrapped_by_the_next_secret_which_then_stands_alone(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = facts(workspace, "vault", "status")
    assert before["keys"] == {before["in_use"]: 2}
    name = told(workspace, "vault", "name", "c1")
    monkeypatch.setenv(f"{PREFIX}VAULT_NEXT", SECOND)
    assert "2 keys are wrapped anew" in told(workspace, "vault", "rotate")
    monkeypatch.delenv(f"{PREFIX}VAULT_NEXT")
    with pytest.raises(VaultLocked, match="was not given"):
        told(workspace, "vault", "status")
    monkeypatch.setenv(f"{PREFIX}VAULT", SECOND)
    after = facts(workspace, "vault", "status")
    assert after["in_use"] != before["in_use"]
    assert after["keys"] == {after["in_use"]: 2}
    assert told(workspace, "vault", "name", "c1") == name
    assert "1 entries, each as it was written" in told(workspace, "audit", "verify")


def test_a_customers_key_is_made_anew_by_id_or_pseudonym(workspace: Path) -> None:
    assert "key 2" in told(workspace, "vault", "renew", "c1")
    assert "key 3" in told(workspace, "vault", "renew", told(workspace, "vault", "name", "c1").strip())
    with pytest.raises(NothingThere, match="keeps nothing of this customer"):
        told(workspace, "vault", "renew", "nobody")


def test_what_was_destroyed_is_counted(workspace: Path) -> None:
    keyring = open_keyring(f"sqlite:///{workspace / FILE_NAME}")
    destroy_keys(keyring, told(workspace, "vault", "name", "c2").strip(), "receipt 1")
    keyring.close()
    found = facts(workspace, "vault", "status")
    assert (list(found["keys"].values()), found["destroyed"]) == ([1], 1)
    assert "1 customers' keys were destroyed" in told(workspace, "vault", "status")


def test_the_keyring_is_its_owners_alone(workspace: Path) -> None:
    assert stat.S_IMODE((workspace / FILE_NAME).stat().st_mode) == 0o600


def test_a_workspace_without_anything_personal_has_no_vault(tmp_path: Path) -> None:
    (tmp_path / "patron.toml").write_text(SETTINGS, "utf-8")
    with pytest.raises(NothingThere, match="keeps nothing in a vault"):
        told(tmp_path, "vault", "status")
    assert not (tmp_path / FILE_NAME).exists()
