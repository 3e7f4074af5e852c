"""A real MariaDB server for the tests, where the system has its program: in a folder of its own, on a port of this machine."""

from __future__ import annotations

import atexit
import shutil
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

import pytest

PASSWORD = "patrons-own-secret"  # noqa: S105
_STARTS_WITHIN = 60.0


@cache
def mariadb_dsn() -> str:
    """The address of a server that is started once and stops with this process; skips where there is no program for it."""
    program = shutil.which("mariadbd") or shutil.which("mysqld")
    if program is None:
        pytest.skip("no MariaDB or MySQL server: no program mariadbd or mysqld on the PATH")
    shared = Path(program).resolve().parents[1] / "share" / "mysql"
    folder = Path(tempfile.mkdtemp(prefix="patron-mariadb-"))
    fixed = [program, "--no-defaults", "--user=root", f"--datadir={folder / 'data'}", f"--lc-messages-dir={shared}"]
    (folder / "data").mkdir()
    tables = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")
    script = "\n".join(
        ["create database mysql;", "use mysql;", *((shared / name).read_text("utf-8") for name in tables)]
    )
    subprocess.run([*fixed, "--bootstrap"], input=script, text=True, check=True, capture_output=True)
    port = _free_port()
    mine = (folder / "mine.sql").absolute()
    people = [f"{user} identified by '{PASSWORD}'" for user in ("patron@'%'", "patron@localhost")]
    rights = [f"grant all on shop.* to {person};" for person in people]
    mine.write_text("\n".join(["create database shop;", *rights, ""]), "utf-8")
    running = [
        f"--log-error={folder / 'log'}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder / 's'}",
        f"--init-file={mine}",
    ]
    server = subprocess.Popen([*fixed, *running], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(_stop, server, folder)
    _wait_for(port, folder / "log")
    return f"mysql://patron:{PASSWORD}@127.0.0.1:{port}/shop"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(port: int, log: Path) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"The MariaDB server does not start: {log.read_text('utf-8')[-2000:]}")


def _stop(server: subprocess.Popen[bytes], folder: Path) -> None:
    server.terminate()
    server.wait(timeout=60)
    shutil.rmtree(folder, ignore_errors=True)
