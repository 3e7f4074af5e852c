"""Where wrapping keys come from: credentials, a file of the owner's alone, a service that keeps its key to itself."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from governance.vault.conftest import OpenVault
from governance.vault.test_vault import some_people
from patron.credentials import Credentials, Secret
from patron.errors import NothingThere, UnknownName, UsageError
from patron.governance.vault import providers
from patron.governance.vault.providers import given_keys
from patron.governance.vault.sealing import new_key, opened, sealed
from patron.governance.vault.vault import personal_of, put_personal
from patron.governance.vault.wrapping import GivenKeys
from patron.settings import PrivacySettings

GOOD = "gRk2Zp8vQm4xWc7sTn1hYb6dLf9jKe3uAo5iXqBz"


def credentials(**told: str) -> Credentials:
    return Credentials({name: Secret(text) for name, text in told.items()})


def test_a_credential_gives_a_key_and_another_one_another() -> None:
    one = given_keys(Path(), PrivacySettings(), credentials(vault=GOOD))
    two = given_keys(Path(), PrivacySettings(), credentials(vault=GOOD[::-1], vault_next=GOOD))
    assert one.following is None
    assert two.following is not None
    assert one.current.id == two.following.id != two.current.id
    assert GOOD not in repr(one)


@pytest.mark.parametrize(
    ("told", "words"), [({}, "No credential named 'vault'"), ({"vault": "short"}, "5 bytes"), ({"vault": "ab" * 30}, "repeats")]
)  # fmt: skip
def test_no_key_or_a_weak_one_is_refused(told: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        given_keys(Path(), PrivacySettings(), credentials(**told))


def test_a_key_file_must_be_its_owners_alone(tmp_path: Path) -> None:
    privacy = PrivacySettings(keys="file", key_file="vault.key")
    with pytest.raises(NothingThere, match="no key file"):
        given_keys(tmp_path, privacy, credentials())
    path = tmp_path / "vault.key"
    path.write_text(GOOD + "\n", "utf-8")
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        given_keys(tmp_path, privacy, credentials())
    path.chmod(0o600)
    found = given_keys(tmp_path, privacy, credentials())
    assert found.current.id == given_keys(Path(), PrivacySettings(), credentials(vault=GOOD)).current.id
    following = tmp_path / "vault.key.next"
    following.write_text(GOOD[::-1], "utf-8")
    following.chmod(0o600)
    assert given_keys(tmp_path, privacy, credentials()).following is not None


@dataclass(frozen=True)
class FakeService:
    """Wraps and unwraps, and never gives its key out."""

    id = "projects/shop/keys/1"

    def wrap(self, key: bytes, bound: bytes) -> bytes:
        return b"fake" + sealed(_KEPT, key, bound)

    def unwrap(self, wrapped: bytes, bound: bytes) -> bytes:
        return opened(_KEPT, wrapped.removeprefix(b"fake"), bound)


_KEPT = new_key()


def fake_keys(_folder: Path, _privacy: PrivacySettings, _credentials: Credentials) -> GivenKeys:
    return GivenKeys(FakeService())


def test_an_installed_service_wraps_the_keys(monkeypatch: pytest.MonkeyPatch, vault_with: OpenVault) -> None:
    entry = EntryPoint("fake", f"{__name__}:fake_keys", providers.GROUP)
    monkeypatch.setattr(providers, "entry_points", lambda group: [entry] if group == providers.GROUP else [])
    monkeypatch.setattr(EntryPoint, "load", lambda self: fake_keys)
    vault = vault_with(given_keys(Path(), PrivacySettings(keys="fake"), credentials()))
    people = some_people(vault, 3)
    put_personal(vault, people)
    assert {customer: personal_of(vault, customer) for customer in people} == people
    with pytest.raises(UnknownName, match="credential, fake, file"):
        given_keys(Path(), PrivacySettings(keys="other"), credentials())
