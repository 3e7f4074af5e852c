"""Kill `patron run` at random moments, run again, and compare: nothing lost, nothing doubled.

    python benchmarks/kills.py 50

Each trial kills one run (SIGKILL) at a random moment, then lets a second one finish, and compares the digest of the
scores, the totals and the number of releases with those of an undisturbed run.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from patron.sources.samples.worlds import simulate

COMPARED = (
    "score_digest",
    "customers",
    "invoices",
    "items",
    "net_revenue",
    "rows_in",
    "accepted",
    "duplicate",
    "quarantined",
)


def main(trials: int, customers: int = 1500) -> None:
    home = Path(tempfile.mkdtemp(prefix="patron-kills-"))
    try:
        seed = home / "seed"
        world = simulate("shop", seed, customers=customers, seed=5)
        (seed / "patron.toml").write_text(world.settings(), "utf-8")
        began = time.perf_counter()
        expected = finish(fresh(home, seed, "whole"))
        length = time.perf_counter() - began
        print(f"an undisturbed run takes {length:.1f} s; digest {expected['score_digest'][:12]}")
        kills(home, seed, trials, length, expected)
    finally:
        shutil.rmtree(home)


def kills(home: Path, seed: Path, trials: int, length: float, expected: dict[str, Any]) -> None:
    chance = random.Random(1)  # noqa: S311 - moments of killing
    steps: dict[str, int] = {}
    for number in range(trials):
        folder = fresh(home, seed, f"trial{number}")
        moment = chance.uniform(0.3, length)
        kill_after(folder, moment)
        resumed = finish(folder)
        wrong = {key: (resumed[key], expected[key]) for key in COMPARED if resumed[key] != expected[key]}
        releases = len([p for p in (folder / "releases").iterdir() if p.is_dir()])
        if wrong or releases != 1:
            raise SystemExit(f"trial {number}, killed after {moment:.2f} s: {wrong or ''} {releases} releases")
        first = next((s["name"] for s in resumed["steps"] if not s["resumed"]), "after the last step")
        steps[first] = steps.get(first, 0) + 1
        shutil.rmtree(folder)
    print(f"{trials} kills, {trials} equal results, one release each; killed in: {steps}")


def fresh(home: Path, seed: Path, name: str) -> Path:
    return Path(shutil.copytree(seed, home / name))


def finish(folder: Path) -> dict[str, Any]:
    done = subprocess.run(command(folder), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"patron run ended with {done.returncode}: {done.stdout}{done.stderr}")
    return dict(json.loads(done.stdout))


def kill_after(folder: Path, seconds: float) -> None:
    process = subprocess.Popen(command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "patron", "run", "-w", str(folder), "--json"]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
