"""Kill the server at random moments while events are told, and count what was acknowledged against what is there.

    python benchmarks/event_kills.py 100

Each round starts ``patron serve`` in a new workspace's folder, tells events over two connections, half of them twice, kills the
process with SIGKILL at a random moment, and goes on with the next. At the end every acknowledged event must be in the log once.
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
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

from patron.governance.accounts.keys import make_key
from patron.governance.accounts.secrets import server_secret
from patron.governance.audit.chain import verified
from patron.governance.state.opened import FILE_NAME, open_state
from patron.sources.told.log import events_after

SETTINGS = """
[server]
requests_per_second = 1000000
[sources.told]
table = "transactions"
connector = "told"
options = { table = "transactions" }
row_id = "event_id"
row_version = "version"
columns = { customer_id = "customer_id", occurred_at = "occurred_at", amount = "amount" }
"""
ITEMS = 20
LONGEST_SECONDS = 1.5


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("kills", type=int, nargs="?", default=100)
    kills = asked.parse_args().kills
    rng = random.Random(kills)  # noqa: S311  moments of kills, not secrets
    os.environ["PATRON_SECRET_SERVER"] = secret = secrets.token_urlsafe(48)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        (folder / "patron.toml").write_text(SETTINGS, "utf-8")
        state = open_state(f"sqlite:///{folder / FILE_NAME}")
        _, key = make_key(state, server_secret(secret), "benchmark", made_by="benchmark", days=1)
        state.close()
        acknowledged: set[str] = set()
        for number in range(kills):
            acknowledged |= one_round(folder, key, number, rng)
        lost, doubled, kept = judged(folder, acknowledged)
    print(f"{kills} kills: {len(acknowledged):,} acknowledged, {kept:,} kept, {lost} lost, {doubled} doubled")
    sys.exit(1 if lost or doubled else 0)


def one_round(folder: Path, key: str, number: int, rng: random.Random) -> set[str]:
    """Serve, tell, kill; gives the ids that were acknowledged."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    acknowledged: set[str] = set()
    command = [sys.executable, "-m", "patron", "serve", "-w", str(folder), "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        wait_for(port)
        ended = threading.Event()
        telling = [
            threading.Thread(target=tell, args=(port, key, f"{number}-{one}", acknowledged, ended)) for one in range(2)
        ]
        for thread in telling:
            thread.start()
        time.sleep(rng.uniform(0.02, LONGEST_SECONDS))
        server.kill()
        ended.set()
        for thread in telling:
            thread.join()
    return acknowledged


def tell(port: int, key: str, name: str, acknowledged: set[str], ended: threading.Event) -> None:
    """Tell batches, every second one twice, until the server is gone."""
    part = 0
    while not ended.is_set():
        ids = [f"{name}-{part}-{one}" for one in range(ITEMS)]
        for _ in range(1 + part % 2):
            results = told(port, key, ids)
            if results is None:
                return
            acknowledged.update(one["event_id"] for one in results if one["fate"] in ("accepted", "duplicate"))
        part += 1


def told(port: int, key: str, ids: list[str]) -> list[dict[str, str]] | None:
    """What became of a batch; None where no whole answer came."""
    spent = {"customer_id": "ann", "occurred_at": "2026-10-01T10:00:00Z", "amount": "5"}
    body = json.dumps({"items": [spent | {"event_id": one} for one in ids]}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/transactions", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            results: list[dict[str, str]] = json.loads(answer.read())["results"]
            return results
    except (OSError, ValueError, http.client.HTTPException):  # whatever a server says that was killed while it spoke
        return None


def judged(folder: Path, acknowledged: set[str]) -> tuple[int, int, int]:
    """How many acknowledged events are lost, how many stand twice, how many are kept in all; the audit's chain must be whole."""
    state = open_state(f"sqlite:///{folder / FILE_NAME}")
    kept = Counter(event.event_id for event in events_after(state, 0))
    faults = verified(state, []).faults
    state.close()
    if faults:
        raise SystemExit(f"the audit is damaged: {faults[0]}")
    return len(acknowledged - kept.keys()), sum(count - 1 for count in kept.values()), sum(kept.values())


def wait_for(port: int) -> None:
    """Wait until the server answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    main()
