"""`patron accounts` and `patron audit`: what whoever holds the workspace may do without the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from patron.governance.accounts.logins import WrongLogin, log_in
from patron.governance.accounts.people import add_person, first_admin
from patron.governance.audit.anchors import Anchors
from patron.governance.audit.chain import entries, head_of
from patron.governance.state.opened import State, open_state
from patron.surfaces.cli.main import app
from served_workspace import served_workspace


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return served_workspace(tmp_path / "shop")


@pytest.fixture
def state(shop: Path) -> Iterator[State]:
    held = open_state(f"sqlite:///{shop / 'state.sqlite'}")
    yield held
    held.close()


def called(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.stdout, str(done.exception or "")


def test_accounts_are_listed(shop: Path, state: State) -> None:
    first_admin(state)
    add_person(state, "marie", "branch manager", ["south", "north"])
    _, told, _ = called("accounts", "list", "-w", str(shop))
    assert "branch manager" in told
    assert "north, south" in told
    _, told, _ = called("accounts", "list", "-w", str(shop), "--json")
    assert [(one["name"], one["branches"]) for one in json.loads(told)] == [
        ("admin", None),
        ("marie", ["north", "south"]),
    ]


def test_a_lost_password_is_given_anew_and_noted(shop: Path, state: State) -> None:
    _, before = add_person(state, "marie", "analyst")
    code, told, _ = called("accounts", "reset", "marie", "-w", str(shop))
    assert code == 0
    assert log_in(state, "marie", told.strip().splitlines()[-1]).must_change
    with pytest.raises(WrongLogin):
        log_in(state, "marie", before)
    (noted,) = entries(state)
    assert (noted.action, noted.subject, noted.via) == ("account.reset", "marie", "command line")
    assert called("accounts", "reset", "ghost", "-w", str(shop))[0] != 0


def test_whoever_holds_the_workspace_can_make_an_administrator_and_it_is_noted(shop: Path, state: State) -> None:
    code, told, _ = called("accounts", "add", "rescue", "--role", "admin", "-w", str(shop))
    assert code == 0
    person = log_in(state, "rescue", told.strip().splitlines()[-1])
    assert (person.role.value, person.must_change) == ("admin", True)
    (noted,) = entries(state)
    assert (noted.action, noted.subject, noted.via) == ("account.add", "rescue", "command line")
    assert called("accounts", "add", "x", "--role", "boss", "-w", str(shop))[0] != 0
    assert called("accounts", "add", "m", "--role", "branch manager", "--branch", "north", "-w", str(shop))[0] == 0


def test_a_changed_audit_is_found_and_an_anchor_holds_its_end(shop: Path, state: State) -> None:
    for _ in range(3):
        called("accounts", "reset", "ghost", "-w", str(shop))
    add_person(state, "marie", "analyst")
    for _ in range(3):
        called("accounts", "reset", "marie", "-w", str(shop))
    code, told, _ = called("audit", "verify", "-w", str(shop))
    assert code == 0
    assert "3 entries, each as it was written" in told
    head = head_of(state)
    anchor = f"{head.place}:{head.hash}"
    assert anchor in told
    assert called("audit", "verify", "-w", str(shop), "--anchor", anchor)[0] == 0
    assert "is no anchor" in called("audit", "verify", "-w", str(shop), "--anchor", "3")[2]
    with state.changing() as connection:  # a tail that is cut by somebody who knows of the head
        connection.execute(text("DELETE FROM audit WHERE place = 3"))
        connection.execute(text("UPDATE audit_head SET place = 2, hash = (SELECT hash FROM audit WHERE place = 2)"))
    assert called("audit", "verify", "-w", str(shop))[0] == 0
    assert "Entry 3 was anchored and is missing." in called("audit", "verify", "-w", str(shop), "--anchor", anchor)[2]
    with state.changing() as connection:
        connection.execute(text("UPDATE audit SET who = 'somebody' WHERE place = 1"))
    assert "Entry 1 was changed" in called("audit", "verify", "-w", str(shop))[2]


def test_the_anchors_that_the_settings_name_are_read_without_being_asked_for(shop: Path, state: State) -> None:
    with (shop / "patron.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[server.audit]\nfile = "anchors"\n')
    add_person(state, "marie", "analyst")
    for _ in range(3):
        called("accounts", "reset", "marie", "-w", str(shop))
    Anchors(shop / "anchors", "", None, 10).write(head_of(state))
    code, told, _ = called("audit", "verify", "-w", str(shop))
    assert (code, "The anchors (1) hold." in told) == (0, True)
    with state.changing() as connection:
        connection.execute(text("DELETE FROM audit WHERE place = 3"))
        connection.execute(text("UPDATE audit_head SET place = 2, hash = (SELECT hash FROM audit WHERE place = 2)"))
    code, _, refused = called("audit", "verify", "-w", str(shop))
    assert (code != 0, "Entry 3 was anchored and is missing." in refused) == (True, True)
