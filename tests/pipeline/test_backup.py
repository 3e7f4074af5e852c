"""Backups: consistent while others write, checked to the byte, put back whole or not at all."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from patron.errors import DamagedBackup, DamagedRelease, NothingThere, StorageFailed, UsageError
from patron.governance.accounts.people import add_person
from patron.governance.accounts.secrets import passing_secret
from patron.governance.accounts.sessions import begin_session, session_of
from patron.governance.audit.chain import Act, entries, verified, write
from patron.governance.state.opened import open_state
from patron.pipeline.backup import restoring
from patron.pipeline.backup.contents import MANIFEST, BackupManifest, check_backup, hashes
from patron.pipeline.backup.making import Backup, make_backup
from patron.pipeline.backup.restoring import restore_backup
from patron.pipeline.workspace import Workspace
from patron.releases.shelf import Shelf
from served_workspace import publish, served_workspace

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def act(subject: str) -> Act:
    return Act("marie", "analyst", "key", "", "customer.read", subject)


def noted(_: BackupManifest) -> Act:
    return Act("root", "", "command line", "", "backup.restore")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace with two releases, a state, a warehouse, and secrets that no backup may hold."""
    folder = served_workspace(tmp_path / "shop", customers=10)
    publish(folder, customers=10, minute=1)
    state = open_state(f"sqlite:///{folder / 'state.sqlite'}")
    write(state, [act(f"c{number}") for number in range(20)])
    state.close()
    (folder / "warehouse.duckdb").write_bytes(b"a warehouse")
    (folder / "secrets.toml").write_text('server = "do not copy"', "utf-8")
    (folder / "secrets.toml").chmod(0o600)
    (folder / "keyring.sqlite").write_bytes(b"do not copy")
    (folder / "orders.jsonl").write_text("do not copy", "utf-8")
    return folder


def backed_up(folder: Path, name: str = "copy") -> Backup:
    return make_backup(Workspace.at(folder), folder.parent / name, NOW)


def test_a_workspace_comes_back_as_it_was_without_its_secrets_and_sessions(shop: Path, tmp_path: Path) -> None:
    state, secret = open_state(f"sqlite:///{shop / 'state.sqlite'}"), passing_secret()
    person, _ = add_person(state, "eve", "analyst")
    token, _ = begin_session(state, secret, person, "")
    made = backed_up(shop)
    state.close()
    assert len(made.manifest.left_out) == 1
    held = {path.name for path in made.folder.iterdir()}
    assert held == {"patron.toml", "state.sqlite", "releases", "warehouse.duckdb", MANIFEST}
    assert not any(b"do not copy" in path.read_bytes() for path in made.folder.rglob("*") if path.is_file())
    restore_backup(made.folder, tmp_path / "again", noted)
    was, now = hashes(shop), hashes(tmp_path / "again")
    same = {name for name, digest in was.items() if now.get(name) == digest}
    assert was.keys() - same == {"state.sqlite", "secrets.toml", "keyring.sqlite", "orders.jsonl", "run.lock"}
    assert Shelf(tmp_path / "again" / "releases").current_name() == Shelf(shop / "releases").current_name()
    again = open_state(f"sqlite:///{tmp_path / 'again' / 'state.sqlite'}")
    assert [entry.action for entry in entries(again)] == ["customer.read"] * 20 + ["backup.restore"]
    assert verified(again).faults == ()
    assert session_of(again, secret, token) is None
    again.close()
    assert (tmp_path / "again" / "state.sqlite").stat().st_mode & 0o077 == 0
    assert {path.name for path in tmp_path.iterdir()} == {"shop", "copy", "again"}


def test_a_backup_under_load_has_a_chain_that_is_whole(shop: Path) -> None:
    state, stop, errors = open_state(f"sqlite:///{shop / 'state.sqlite'}"), threading.Event(), []

    def keep_writing() -> None:
        number = 0
        while not stop.is_set():
            try:
                write(state, [act(f"{number}-{one}") for one in range(5)])
            except Exception as error:  # noqa: BLE001  told below
                errors.append(error)
            number += 1

    threads = [threading.Thread(target=keep_writing) for _ in range(2)]
    for thread in threads:
        thread.start()
    lengths = []
    try:
        for number in range(5):
            made = backed_up(shop, f"copy{number}")
            copy = open_state(f"sqlite:///{made.folder / 'state.sqlite'}")
            verdict = verified(copy)
            copy.close()
            assert verdict.faults == ()
            lengths.append(verdict.entries)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert lengths == sorted(set(lengths))  # others wrote all the while
    assert verified(state).faults == ()
    state.close()


def test_a_single_byte_that_changed_anywhere_is_named_and_nothing_is_restored(shop: Path, tmp_path: Path) -> None:
    made = backed_up(shop)
    for name in made.manifest.files:
        path = made.folder / name
        content = path.read_bytes()
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        with pytest.raises(DamagedBackup) as refused:
            restore_backup(made.folder, tmp_path / "again", noted)
        assert f"{name} was changed" in str(refused.value)
        path.write_bytes(content)
    (made.folder / "extra").write_text("x", "utf-8")
    with pytest.raises(DamagedBackup, match="extra was added"):
        restore_backup(made.folder, tmp_path / "again", noted)
    (made.folder / "extra").unlink()
    (made.folder / "state.sqlite").unlink()
    with pytest.raises(DamagedBackup, match="state.sqlite is missing"):
        restore_backup(made.folder, tmp_path / "again", noted)
    assert {path.name for path in tmp_path.iterdir()} == {"shop", "copy"}


def test_a_manifest_that_leads_elsewhere_is_refused(shop: Path, tmp_path: Path) -> None:
    made = backed_up(shop)
    whole = json.loads((made.folder / MANIFEST).read_text("utf-8"))
    for name in ("../evil", "/etc/evil", "releases/../../evil", "secrets.toml", "keyring.sqlite", "releases\\evil"):
        told = whole | {"files": {**whole["files"], name: "0" * 64}}
        (made.folder / MANIFEST).write_text(json.dumps(told), "utf-8")
        with pytest.raises(DamagedBackup, match="no part of a backup"):
            restore_backup(made.folder, tmp_path / "again", noted)


def test_a_folder_that_is_no_backup_or_of_another_form_is_refused(shop: Path, tmp_path: Path) -> None:
    for content in ("", "[]", "{}", '{"form": 1}'):
        (tmp_path / MANIFEST).write_text(content, "utf-8")
        with pytest.raises(DamagedBackup, match="no readable"):
            check_backup(tmp_path)
    made = backed_up(shop)
    text = (made.folder / MANIFEST).read_text("utf-8").replace('"form": 1', '"form": 2')
    (made.folder / MANIFEST).write_text(text, "utf-8")
    with pytest.raises(DamagedBackup, match="form 2"):
        check_backup(made.folder)


def test_nothing_is_overwritten(shop: Path, tmp_path: Path) -> None:
    made = backed_up(shop)
    with pytest.raises(UsageError, match="there already"):
        backed_up(shop)
    with pytest.raises(NothingThere, match="no folder"):
        make_backup(Workspace.at(shop), tmp_path / "nowhere" / "copy", NOW)
    before = hashes(shop)
    with pytest.raises(UsageError, match="not empty"):
        restore_backup(made.folder, shop, noted)
    assert hashes(shop) == before
    (tmp_path / "empty").mkdir()
    restore_backup(made.folder, tmp_path / "empty", noted)
    assert (tmp_path / "empty" / "patron.toml").exists()


def test_while_a_run_is_at_work_the_warehouse_is_left_out_and_said_so(shop: Path) -> None:
    with FileLock(shop / "run.lock"):
        made = backed_up(shop)
    assert "warehouse.duckdb" not in made.manifest.files
    assert any("Another run is at work" in one for one in made.manifest.left_out)


def test_a_state_elsewhere_is_left_out_and_said_so(shop: Path) -> None:
    with (shop / "patron.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[server]\nstate = "postgres"\n')
    made = backed_up(shop)
    assert "state.sqlite" not in made.manifest.files
    assert any("pg_dump" in one for one in made.manifest.left_out)


def test_a_damaged_release_is_left_out_unless_it_is_the_one_that_is_served(shop: Path) -> None:
    newest, oldest = Shelf(shop / "releases").names()
    (shop / "releases" / oldest / "scores.parquet").write_bytes(b"x")
    made = backed_up(shop)
    assert any(oldest in one and "was changed" in one for one in made.manifest.left_out)
    assert Shelf(made.folder / "releases").names() == [newest]
    (shop / "releases" / newest / "scores.parquet").write_bytes(b"x")
    with pytest.raises(DamagedRelease):
        backed_up(shop, "second")
    assert not (shop.parent / "second").exists()


def test_a_disk_that_is_full_leaves_nothing_half_done(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    made = backed_up(shop)
    monkeypatch.setattr(restoring, "flush", full)
    with pytest.raises(StorageFailed, match="No space left"):
        restore_backup(made.folder, tmp_path / "again", noted)
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(StorageFailed, match="No space left"):
        backed_up(shop, "second")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "shop"]
