"""How many events a second the server keeps, whether a million with repeats end in the exact state, and how soon a value moves.

    python benchmarks/events.py WORKSPACE --events 1000000 --repeats 0.3

The workspace must hold a release that events can move; its state is set aside for the time of the measurement. Events are told
over four connections in batches of 1,000, in no order; the given share of them is told twice. Client and server share this
computer's processors. Authentication and audit are on.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from patron.governance.accounts.keys import make_key
from patron.governance.accounts.secrets import server_secret
from patron.governance.state.opened import FILE_NAME, open_state
from patron.live.basis import basis_of
from patron.live.statistics import Moved, statistics, with_moves
from patron.releases.contents import Release, load_release
from patron.sources.told.log import newest_place

BATCH, CONNECTIONS, LOOKUPS = 1000, 4, 300
Item = dict[str, Any]  # Any: JSON


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("workspace", type=Path)
    asked.add_argument("--events", type=int, default=1_000_000)
    asked.add_argument("--repeats", type=float, default=0.3)
    asked.add_argument("--workers", type=int, default=1)
    told = asked.parse_args()
    os.environ["PATRON_SECRET_SERVER"] = secret = secrets.token_urlsafe(48)
    os.environ["PATRON_SERVER_REQUESTS_PER_SECOND"] = "1000000"
    with tempfile.TemporaryDirectory() as home:
        folder = copied(told.workspace, Path(home))
        release = load_release(folder)
        state = open_state(f"sqlite:///{folder / FILE_NAME}")
        _, key = make_key(state, server_secret(secret), "benchmark", made_by="benchmark", days=1)
        items = made(release, told.events, told.repeats)
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        command = [sys.executable, "-m", "patron", "serve", "-w", str(folder), "--port", str(port)]
        with subprocess.Popen([*command, "--workers", str(told.workers)], stderr=subprocess.DEVNULL) as server:
            try:
                wait_for(port)
                seconds = tell_all(port, key, items)
                kept = newest_place(state)
                print(
                    f"{len(items):,} events told in {seconds:.0f} s: {len(items) / seconds:,.0f} a second, {kept:,} kept"
                )
                hold_against(release, items, port, key)
                moving(port, key, release)
            finally:
                server.terminate()
        state.close()


def copied(workspace: Path, home: Path) -> Path:
    """The workspace's settings and releases, without its state."""
    shutil.copy(workspace / "patron.toml", home / "patron.toml")
    shutil.copytree(workspace / "releases", home / "releases", symlinks=True)
    for told in (home / "releases").glob("*/told.json"):
        told.unlink()
    return home


def made(release: Release, count: int, repeats: float) -> list[Item]:
    """Purchases and refunds of customers old and new, in no order, some of them twice."""
    rng = random.Random(7)  # noqa: S311  not secrets
    ids = release.scores()["customer_id"].to_pylist()
    begin = datetime.combine(datetime.fromisoformat(release.manifest.as_of), datetime.min.time(), UTC)
    distinct = round(count * (1 - repeats))
    items = []
    for number in range(distinct):
        when = begin + timedelta(days=rng.randrange(-60, 20), seconds=rng.randrange(86_400))
        who = rng.choice(ids) if rng.random() < 0.9 else f"new-{rng.randrange(distinct // 20 + 1)}"
        amount = f"{rng.choice((1, 1, 1, 1, -1)) * rng.randrange(1, 20_000) / 100:.2f}"
        items.append({"event_id": f"e{number}", "customer_id": who, "occurred_at": when.isoformat(), "amount": amount})
    items += rng.sample(items, count - distinct)
    rng.shuffle(items)
    return items


def tell_all(port: int, key: str, items: list[Item]) -> float:
    """Tell everything over a few connections; seconds."""
    batches = [items[begin : begin + BATCH] for begin in range(0, len(items), BATCH)]

    def tell(mine: list[list[Item]]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for batch in mine:
            answer = ask(connection, key, "POST", "/v1/transactions", {"items": batch})
            if answer["refused"] or answer["conflict"]:
                raise SystemExit(f"refused: {answer}")

    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(tell, [batches[place::CONNECTIONS] for place in range(CONNECTIONS)]))
    return time.perf_counter() - began


def hold_against(release: Release, items: list[Item], port: int, key: str) -> None:
    """Compare the statistics of customers with those counted here from the distinct events."""
    basis = basis_of(release)
    moves: dict[str, list[Moved]] = defaultdict(list)
    newest = basis.as_of_day
    for item in {item["event_id"]: item for item in items}.values():
        day = (datetime.fromisoformat(item["occurred_at"]).date() - datetime(1970, 1, 1, tzinfo=UTC).date()).days
        cents = round(float(item["amount"]) * 100) * 100
        moves[item["customer_id"]].append(Moved(day, item["event_id"], cents, is_purchase=cents > 0))
        newest = max(newest, day)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    sample = random.Random(1).sample(sorted(moves), min(2000, len(moves)))  # noqa: S311
    wrong, latencies = 0, []
    for customer in sample:
        expected = statistics(with_moves(basis.known(customer), moves[customer]), newest)
        began = time.perf_counter()
        told = ask(connection, key, "GET", f"/v1/customers/{customer}")["live"]["statistics"]
        latencies.append((time.perf_counter() - began) * 1000)
        wrong += any(told[name] != getattr(expected, name) for name in told)
    p50, p99 = np.percentile(latencies, [50, 99])
    print(
        f"{len(sample):,} customers of {len(moves):,} compared: {wrong} differ; lookups p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    )


def moving(port: int, key: str, release: Release) -> None:
    """How long from sending an event to reading a moved value."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    ids = release.scores()["customer_id"].to_pylist()[:LOOKUPS]
    found = []
    for number, customer in enumerate(ids):
        spent = {"event_id": f"moved-{number}", "customer_id": customer, "amount": "5"}
        began = time.perf_counter()
        ask(
            connection,
            key,
            "POST",
            "/v1/transactions",
            {"items": [spent | {"occurred_at": f"{release.manifest.as_of}T10:00:00Z"}]},
        )
        ask(connection, key, "GET", f"/v1/customers/{customer}")
        found.append((time.perf_counter() - began) * 1000)
    p50, p99 = np.percentile(found, [50, 99])
    print(f"from an event to its value, both requests: p50 {p50:.0f} ms, p99 {p99:.0f} ms")


def ask(
    connection: http.client.HTTPConnection, key: str, method: str, path: str, body: object = None
) -> Any:  # Any: JSON
    """An answer; SystemExit for a refusal."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {content[:300]!r}")
    return json.loads(content)


def wait_for(port: int) -> None:
    """Wait until the server is ready."""
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                time.sleep(2)
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit("the server did not become ready")


if __name__ == "__main__":
    main()
