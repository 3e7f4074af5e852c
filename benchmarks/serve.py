"""How fast the server answers lookups of customers, with keys and the audit on: latency at a steady rate, then as many as it can.

    python benchmarks/serve.py WORKSPACE --workers 2 --rate 300 --seconds 20

The workspace must hold a release. Client and server share this computer's processors. At the steady rate each request has its
own moment, whether or not the one before was answered, and its latency counts from that moment.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from patron.credentials import read_credentials
from patron.governance.accounts.keys import make_key
from patron.governance.accounts.secrets import server_secret
from patron.governance.state.of_workspace import state_of_workspace
from patron.pipeline.workspace import Workspace
from patron.releases.contents import load_release

CONNECTIONS = 32


class Connection:
    """One kept-alive connection that asks for one thing at a time."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key
        self._free = asyncio.Lock()

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def ask(self, path: str) -> int:
        """The status of an answer that was read whole."""
        async with self._free:
            self._writer.write(
                f"GET {path} HTTP/1.1\r\nHost: patron\r\nAuthorization: Bearer {self._key}\r\n\r\n".encode()
            )
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
            )
            await self._reader.readexactly(length)
            return int(head.split(b" ", 2)[1])


async def at_a_rate(
    connections: Sequence[Connection], paths: Sequence[str], rate: float, seconds: float
) -> list[float]:
    """The latency of each request, in seconds; raises if one failed."""
    found: list[float] = []

    async def one(number: int, due: float) -> None:
        status = await connections[number % len(connections)].ask(paths[number % len(paths)])
        if status != 200:
            raise RuntimeError(f"answered {status}")
        found.append(time.perf_counter() - due)

    began = time.perf_counter()
    tasks = []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(number, due)))
    await asyncio.gather(*tasks)
    return found


async def flat_out(connections: Sequence[Connection], paths: Sequence[str], seconds: float) -> float:
    """Requests a second, each connection asking again as soon as it was answered."""
    asked = 0
    until = time.perf_counter() + seconds

    async def keep_asking(connection: Connection, begin: int) -> None:
        nonlocal asked
        number = begin
        while time.perf_counter() < until:
            if await connection.ask(paths[number % len(paths)]) != 200:
                raise RuntimeError("a request failed")
            number += 1
            asked += 1

    await asyncio.gather(*(keep_asking(one, place * 997) for place, one in enumerate(connections)))
    return asked / seconds


async def measure(port: int, key: str, paths: Sequence[str], rate: float, seconds: float) -> None:
    connections = [Connection(port, key) for _ in range(CONNECTIONS)]
    for one in connections:
        await one.open()
    await at_a_rate(connections, paths, rate, 3.0)
    latencies = np.array(await at_a_rate(connections, paths, rate, seconds)) * 1000
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    print(f"{rate:.0f} requests/s for {seconds:.0f} s: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms")
    print(f"flat out, {CONNECTIONS} connections: {await flat_out(connections, paths, seconds):,.0f} requests/s")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("workspace", type=Path)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--rate", type=float, default=300)
    asked.add_argument("--seconds", type=float, default=20)
    told = asked.parse_args()
    os.environ["PATRON_SECRET_SERVER"] = secret = secrets.token_urlsafe(48)
    os.environ["PATRON_SERVER_REQUESTS_PER_SECOND"] = "1000000"
    workspace = Workspace.at(told.workspace)
    ids = load_release(workspace.folder).scores()["customer_id"].to_pylist()
    paths = [f"/v1/customers/{one}" for one in random.Random(1).choices(ids, k=20_000)]  # noqa: S311
    state = state_of_workspace(workspace.folder, workspace.settings.server.state, read_credentials(workspace.folder))
    _, key = make_key(state, server_secret(secret), "benchmark", made_by="benchmark", days=1)
    state.close()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "patron", "serve", "-w", told.workspace, "--port", str(port)]
    print(f"{len(ids):,} customers, {told.workers} processes, {os.cpu_count()} processors")
    with subprocess.Popen([*command, "--workers", str(told.workers)], stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(port)
            asyncio.run(measure(port, key, paths, told.rate, told.seconds))
        finally:
            server.terminate()


def wait_for(port: int) -> None:
    """Wait until every process of the server has had the time to read the release."""
    for _ in range(600):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as asked:
                asked.sendall(b"GET /ready HTTP/1.1\r\nHost: patron\r\nConnection: close\r\n\r\n")
                if asked.recv(100).split(b" ")[1] == b"200":
                    time.sleep(5)
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise RuntimeError("the server did not become ready")


if __name__ == "__main__":
    main()
