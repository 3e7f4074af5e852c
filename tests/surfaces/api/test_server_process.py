"""`patron serve` as a process: what it refuses to do, what it says at its first start, how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from patron.errors import UsageError
from patron.governance.accounts.keys import make_key
from patron.governance.accounts.secrets import server_secret
from patron.governance.state.opened import open_state
from patron.surfaces.server import Address, prepared
from served_workspace import publish, served_workspace

SECRET = "correct-horse-battery-staple-0123456789-ABCDEF"  # noqa: S105  of servers that tests start


def environment(secret: str | None = None) -> dict[str, str]:
    held = {name: value for name, value in os.environ.items() if not name.startswith("PATRON_SECRET")}
    return held | ({"PATRON_SECRET_SERVER": secret} if secret else {})


@contextmanager
def serving(
    folder: Path, *arguments: str, secret: str | None = None
) -> Iterator[tuple[str, subprocess.Popen[str], Path]]:
    """A running server: its address, its process, the file of what it says."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    told = folder / "told.txt"
    command = [sys.executable, "-m", "patron", "serve", "--port", str(port), *arguments]
    with told.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(secret), stderr=output, stdout=output, text=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        assert answered(f"{address}/ready", process), told.read_text()
        yield address, process, told
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def answered(url: str, process: subprocess.Popen[str]) -> bool:
    for _ in range(300):
        try:
            httpx2.get(url, timeout=2).raise_for_status()
        except (httpx2.HTTPError, OSError):
            if process.poll() is not None:
                return False
            time.sleep(0.1)
        else:
            return True
    return False


def asked(url: str, body: dict[str, object] | None = None) -> int:
    """The status of an answer."""
    told = httpx2.get(url, timeout=10) if body is None else httpx2.post(url, json=body, timeout=10)
    assert told.headers["content-type"].endswith("json")
    return int(told.status_code)


@pytest.mark.parametrize(
    ("secret", "address", "development", "why"),
    [
        (None, Address(), False, "The server has no secret."),
        ("hunter2-now", Address(), False, "11 bytes"),
        (SECRET, Address(host="0.0.0.0"), False, "plain text"),  # noqa: S104
        (SECRET, Address(host="0.0.0.0"), True, "this computer only"),  # noqa: S104
        (SECRET, Address(certificate=Path("server.pem")), False, "belong together"),
    ],
)
def test_ways_of_serving_that_are_not_safe_are_refused_in_words(
    secret: str | None, address: Address, development: bool, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = served_workspace(tmp_path / "shop")
    monkeypatch.delenv("PATRON_SECRET_SERVER", raising=False)
    if secret:
        monkeypatch.setenv("PATRON_SECRET_SERVER", secret)
    with pytest.raises(UsageError, match=why):
        prepared(folder, address, development=development)
    assert not (folder / "state.sqlite").exists()


def test_the_first_start_tells_a_password_once_and_a_server_ends_cleanly(tmp_path: Path) -> None:
    folder = served_workspace(tmp_path / "shop")
    with serving(folder, secret=SECRET) as (address, process, told):
        (password,) = re.findall(r"(?m)^    (\S{20,})$", told.read_text())
        assert asked(f"{address}/v1/session", {"name": "admin", "password": password}) == 201
        assert asked(f"{address}/v1/portfolio") == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGTERM)
    with serving(folder, secret=SECRET) as (address, _, told):
        assert "one-time password" not in told.read_text()
        assert asked(f"{address}/v1/session", {"name": "admin", "password": password}) == 201


@pytest.mark.slow
def test_two_processes_serve_one_release_each_time_and_write_one_chain(tmp_path: Path) -> None:
    folder = served_workspace(tmp_path / "shop")
    with serving(folder, "--workers", "2", secret=SECRET) as (address, process, output):
        (password,) = re.findall(r"(?m)^    (\S{20,})$", output.read_text())
        assert asked(f"{address}/v1/session", {"name": "admin", "password": password}) == 201
        state = open_state(f"sqlite:///{folder / 'state.sqlite'}")
        _, sent = make_key(state, server_secret(SECRET), "till", made_by="test", days=1)
        state.close()
        name = publish(folder, scale=2.0, minute=1)
        time.sleep(1.5)
        with ThreadPoolExecutor(4) as pool:
            headers = {"Authorization": f"Bearer {sent}"}
            told = list(
                pool.map(lambda _: httpx2.get(f"{address}/v1/customers/c00001", headers=headers).json(), range(40))
            )
        assert {(one["release"], one["score"]["expected_value"]) for one in told} == {(name, 22.0)}
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    verify = [sys.executable, "-m", "patron", "audit", "verify", "--json"]
    done = subprocess.run(verify, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["entries"]) == (0, 42)
