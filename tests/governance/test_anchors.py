"""Anchors: every way of tampering with the state alone is found, the whole chain hashed anew among them."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from patron.audit_terms import AuditSettings
from patron.credentials import Credentials, Secret
from patron.errors import SourceFailed, StorageFailed
from patron.governance.audit import chain as chain_module
from patron.governance.audit.anchors import Anchors, anchors_of
from patron.governance.audit.chain import BEGINNING, Act, Head, head_of, verified, write
from patron.governance.state.opened import State

ENTRIES, EVERY = 120, 20
COLUMNS = ("at", "who", "role", "via", "address", "action", "subject", "outcome", "details", "previous", "hash")


def to_file(path: Path) -> Anchors:
    return Anchors(path, "", None, 10)


def act(number: int) -> Act:
    return Act("marie", "analyst", "key", "10.0.0.1", "customer.read", f"c{number}", details={"release": "r1"})


def edit(connection: Connection, rng: random.Random) -> None:
    name, place = rng.choice(COLUMNS), rng.randint(1, ENTRIES)
    changed = f"{name} + 1" if name == "at" else f"substr({name} || 'x', 2)"
    connection.execute(text(f"UPDATE audit SET {name} = {changed} WHERE place = :place"), {"place": place})


def remove(connection: Connection, rng: random.Random) -> None:
    connection.execute(text("DELETE FROM audit WHERE place = :place"), {"place": rng.randint(1, ENTRIES)})


def remove_and_close_up(connection: Connection, rng: random.Random) -> None:
    place = rng.randint(1, ENTRIES - 1)
    connection.execute(text("DELETE FROM audit WHERE place = :place"), {"place": place})
    connection.execute(text("UPDATE audit SET place = -place WHERE place > :place"), {"place": place})
    connection.execute(text("UPDATE audit SET place = -place - 1 WHERE place < 0"))
    connection.execute(text("UPDATE audit_head SET place = place - 1"))


def swap(connection: Connection, rng: random.Random) -> None:
    first, second = rng.sample(range(1, ENTRIES + 1), 2)
    for old, new in ((first, -1), (second, first), (-1, second)):
        connection.execute(text("UPDATE audit SET place = :new WHERE place = :old"), {"new": new, "old": old})


def turn_round(connection: Connection, rng: random.Random) -> None:
    connection.execute(text(f"UPDATE audit SET place = -({ENTRIES} + 1 - place)"))
    connection.execute(text("UPDATE audit SET place = -place"))


def cut(connection: Connection, rng: random.Random) -> None:
    connection.execute(text("DELETE FROM audit WHERE place > :place"), {"place": rng.randint(0, ENTRIES - 1)})


def cut_with_head(connection: Connection, rng: random.Random) -> None:
    place = rng.randint(0, ENTRIES - 1)
    connection.execute(text("DELETE FROM audit WHERE place > :place"), {"place": place})
    held = connection.execute(text("SELECT hash FROM audit WHERE place = :place"), {"place": place}).scalar()
    connection.execute(
        text("UPDATE audit_head SET place = :place, hash = :hash"), {"place": place, "hash": held or BEGINNING}
    )


def set_head_back(connection: Connection, rng: random.Random) -> None:
    place = rng.randint(1, ENTRIES - 1)
    held = connection.execute(text("SELECT hash FROM audit WHERE place = :place"), {"place": place}).scalar()
    connection.execute(text("UPDATE audit_head SET place = :place, hash = :hash"), {"place": place, "hash": held})


def hash_all_anew(connection: Connection, rng: random.Random) -> None:
    """What somebody does who knows how links are hashed: change one, and every hash after it, and the head."""
    place, previous = rng.randint(1, ENTRIES), BEGINNING
    for held in connection.execute(text("SELECT * FROM audit ORDER BY place")).mappings().all():
        row = dict(held) | {"previous": previous}
        if row["place"] == place:
            row["subject"] = "nobody"
        previous = chain_module._hash(row)
        if row["place"] >= place:
            changed = {"subject": row["subject"], "previous": row["previous"], "hash": previous, "place": row["place"]}
            connection.execute(
                text("UPDATE audit SET subject = :subject, previous = :previous, hash = :hash WHERE place = :place"),
                changed,
            )
    connection.execute(text("UPDATE audit_head SET hash = :hash"), {"hash": previous})


TAMPERINGS = (edit, remove, remove_and_close_up, swap, turn_round, cut, cut_with_head, set_head_back, hash_all_anew)
ONLY_ANCHORS_TELL = (cut_with_head, set_head_back, hash_all_anew)


def tampered(state: State, anchors: Anchors, times: int) -> tuple[int, int]:
    """How many of so many tamperings are found, with anchors and without."""
    with state.changing() as connection:
        for table in ("audit", "audit_head"):
            connection.execute(text(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}"))
    rng = random.Random(7)  # noqa: S311
    heads, wrong = anchors.kept()
    found = found_without = 0
    for number in range(times):
        tamper = TAMPERINGS[number % len(TAMPERINGS)]
        with state.changing() as connection:
            tamper(connection, rng)
        found += bool(verified(state, heads, wrong).faults)
        found_without += bool(verified(state).faults) if tamper in ONLY_ANCHORS_TELL else 0
        with state.changing() as connection:
            for table in ("audit", "audit_head"):
                connection.execute(text(f"DELETE FROM {table}"))
                connection.execute(text(f"INSERT INTO {table} SELECT * FROM kept_{table}"))
    return found, found_without


def anchored(state: State, path: Path) -> Anchors:
    """A chain, and its anchors in a file: one at every so many entries, the last at the end."""
    anchors = to_file(path)
    for begin in range(0, ENTRIES, EVERY):
        write(state, [act(begin + number) for number in range(EVERY)])
        anchors.write(head_of(state))
    heads, wrong = anchors.kept()
    assert ([head.place for head in heads], wrong) == (list(range(EVERY, ENTRIES + 1, EVERY)), [])
    assert verified(state, heads, wrong).faults == ()
    return anchors


def test_every_kind_of_tampering_is_found_and_some_by_anchors_alone(state: State, tmp_path: Path) -> None:
    anchors = anchored(state, tmp_path / "anchors")
    assert tampered(state, anchors, 5 * len(TAMPERINGS)) == (5 * len(TAMPERINGS), 0)
    assert verified(state, *anchors.kept()).faults == ()  # and nothing is found where nothing is


@pytest.mark.slow
def test_of_a_thousand_tamperings_a_thousand_are_found(state: State, tmp_path: Path) -> None:
    if state.is_sqlite:
        event.listen(state.engine, "checkout", lambda held, *_: held.execute("PRAGMA synchronous=OFF"))
    assert tampered(state, anchored(state, tmp_path / "anchors"), 1000)[0] == 1000


def test_a_forged_anchor_that_is_added_does_not_stand_for_the_real_one(state: State, tmp_path: Path) -> None:
    anchors = anchored(state, tmp_path / "anchors")
    with state.changing() as connection:
        hash_all_anew(connection, random.Random(1))  # noqa: S311
    anchors.write(head_of(state))
    assert any("not the one that was anchored" in fault for fault in verified(state, *anchors.kept()).faults)


def test_a_file_that_is_gone_or_edited_is_told(state: State, tmp_path: Path) -> None:
    anchors = anchored(state, tmp_path / "anchors")
    (tmp_path / "anchors").write_text("2026-01-01T00:00:00Z ²:" + "0" * 64 + "\nnothing\n", "utf-8")
    told = ["Line 1 of the file of anchors is no anchor.", "Line 2 of the file of anchors is no anchor."]
    assert list(verified(state, *anchors.kept()).faults) == told
    (tmp_path / "anchors").unlink()
    (told_missing,) = verified(state, *anchors.kept()).faults
    assert "is missing" in told_missing
    with pytest.raises(StorageFailed, match="could not be added"):
        to_file(tmp_path / "no folder" / "anchors").write(Head(1, "0" * 64))


def test_a_head_is_added_once_and_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "anchors"
    for place in (1, 1, 1, 2, 2):
        to_file(path).write(Head(place, f"{place}" * 64))
    assert [head.place for head in to_file(path).kept()[0]] == [1, 2]


def test_a_head_is_sent_where_it_shall_be_and_a_place_that_does_not_answer_is_told(tmp_path: Path) -> None:
    sent: list[tuple[str | None, dict[str, object]]] = []

    class Takes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            sent.append((self.headers["authorization"], json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Takes)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    settings = AuditSettings(address=f"http://127.0.0.1:{server.server_port}/heads")
    anchors = anchors_of(tmp_path, settings, Credentials({"anchors": Secret("tok")}))
    assert anchors
    anchors.write(Head(3, "a" * 64))
    thread.join()
    server.server_close()
    assert sent == [("Bearer tok", {"place": 3, "hash": "a" * 64, "anchor": f"3:{'a' * 64}"})]
    with pytest.raises(SourceFailed, match="could not be sent"):
        anchors.write(Head(4, "b" * 64))
    assert anchors_of(tmp_path, AuditSettings(), Credentials()) is None


def test_two_states_of_one_chain_anchor_alike(open_again: Callable[[], State], tmp_path: Path) -> None:
    first, second = open_again(), open_again()
    for number, state in enumerate((first, second, first)):
        write(state, [act(number)])
        to_file(tmp_path / "anchors").write(head_of(state))
    assert verified(second, *to_file(tmp_path / "anchors").kept()).faults == ()
