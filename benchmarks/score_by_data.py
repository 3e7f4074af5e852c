"""How long the server takes to value one customer by the data sent, with a key and the audit on.

    python benchmarks/score_by_data.py WORKSPACE --requests 2000 --transactions 50

The workspace must hold a release. The customers are made up: each request sends another one, with every column that the
release's own data had. Client and server share this computer's processors; one request is on its way at a time.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from patron.credentials import read_credentials
from patron.governance.accounts.keys import make_key
from patron.governance.accounts.secrets import server_secret
from patron.governance.state.of_workspace import state_of_workspace
from patron.pipeline.workspace import Workspace
from patron.releases.contents import Release, load_release

DAYS = 700


def customer(number: int, transactions: int, present: Mapping[str, Sequence[str]], as_of: date) -> dict[str, object]:
    """A made-up customer who bought so many things over two years, in the columns of this release."""
    draw = random.Random(number)  # noqa: S311
    columns = {"amount", *present["transactions"]} - {"customer_id", "quantity", "unit_price"}
    rows = [_row(draw, columns, as_of, place) for place in range(transactions)]
    found: dict[str, object] = {"transactions": rows}
    if "contacts" in present:
        found["contacts"] = [{"contacted_at": _day(draw, as_of), "responded_at": None} for _ in range(5)]
    if "engagements" in present:
        found["engagements"] = [{"occurred_at": _day(draw, as_of), "kind": "visit"} for _ in range(20)]
    if "acquired_on" in present.get("customers", ()):
        found["attributes"] = {"acquired_on": f"{as_of - timedelta(DAYS)}"}
    return found


def _day(draw: random.Random, as_of: date) -> str:
    return f"{as_of - timedelta(draw.randrange(DAYS))}"


def _row(draw: random.Random, columns: set[str], as_of: date, place: int) -> dict[str, object]:
    made: dict[str, object] = {
        "occurred_at": _day(draw, as_of),
        "amount": f"{draw.uniform(1, 200):.2f}",
        "order_id": f"o{place // 3}",
        "product_id": f"p{draw.randrange(500)}",
        "category": f"k{draw.randrange(8)}",
        "branch_id": f"b{draw.randrange(3)}",
        "channel": draw.choice(["web", "shop"]),
        "discount": "0.50",
        "margin": "3.00",
        "country": "France",
        "known_at": None,
        "currency": None,
    }
    wanted = columns | {"category"} if "product_id" in columns else columns
    return {name: cell for name, cell in made.items() if name in wanted}


def asked(port: int, key: str, bodies: Sequence[bytes]) -> list[float]:
    """How long each request took, in milliseconds; raises if one was refused."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    found = []
    for body in bodies:
        began = time.perf_counter()
        connection.request("POST", "/v1/score", body, headers)
        answer = connection.getresponse()
        told = answer.read()
        found.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"answered {answer.status}: {told[:500]!r}")
    connection.close()
    return found


def bodies_for(release: Release, requests: int, transactions: int) -> list[bytes]:
    """The requests, one customer in each."""
    present, as_of = release.data_contract()["present"], date.fromisoformat(release.manifest.as_of)
    return [
        json.dumps({"customers": [customer(number, transactions, present, as_of)]}).encode()
        for number in range(requests)
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("workspace", type=Path)
    options.add_argument("--requests", type=int, default=2_000)
    options.add_argument("--transactions", type=int, default=50)
    told = options.parse_args()
    os.environ["PATRON_SECRET_SERVER"] = secret = secrets.token_urlsafe(48)
    os.environ["PATRON_SERVER_REQUESTS_PER_SECOND"] = "1000000"
    workspace = Workspace.at(told.workspace)
    bodies = bodies_for(load_release(workspace.folder), told.requests, told.transactions)
    state = state_of_workspace(workspace.folder, workspace.settings.server.state, read_credentials(workspace.folder))
    _, key = make_key(state, server_secret(secret), "benchmark", made_by="benchmark", days=1)
    state.close()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "patron", "serve", "-w", told.workspace, "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(port)
            (first,) = asked(port, key, bodies[:1])
            before = processor_ms(server.pid)
            p50, p95, p99, most = np.percentile(asked(port, key, bodies), [50, 95, 99, 100])
            worked = (processor_ms(server.pid) - before) / len(bodies)
        finally:
            server.terminate()
    print(f"{len(bodies):,} requests of {told.transactions} transactions; the first of a release took {first:,.0f} ms")
    print(f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, longest {most:.1f} ms")
    print(f"the server worked {worked:.1f} ms for each; the rest is waiting, for other programs too")


def processor_ms(process: int) -> float:
    """How long a process has worked, in milliseconds of processor time (Linux)."""
    told = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def wait_for(port: int) -> None:
    """Wait until the server says that it is ready."""
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the server did not become ready")


if __name__ == "__main__":
    main()
