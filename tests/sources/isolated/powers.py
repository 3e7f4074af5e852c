"""Run as a program: gives up its powers, then tries to use each; prints those that still work."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from patron.sources.isolated.limits import Limits, give_up_powers


def attempts(folder: Path) -> dict[str, Callable[[], object]]:
    victim = folder / "victim.txt"
    return {
        "write a file": lambda: (folder / "new.txt").write_text("x"),
        "append to a file": lambda: victim.open("a"),
        "remove a file": victim.unlink,
        "rename a file": lambda: victim.rename(folder / "other.txt"),
        "make a folder": (folder / "new").mkdir,
        "link": lambda: (folder / "link").symlink_to(victim),
        "connect": lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=2),
        "look up a host": lambda: socket.getaddrinfo("localhost", 80),
        "start a program": lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
        "start a shell": lambda: os.system("true"),  # noqa: S605 - what is tried here must fail
        "fork": os.fork,
        "take memory": lambda: bytearray(3 << 30),
    }


def main() -> None:
    tries = attempts(Path(sys.argv[1]))
    give_up_powers(Limits(memory_gb=2.0))
    for name, attempt in tries.items():
        try:
            attempt()
        except (PermissionError, MemoryError):
            continue
        print(name)


if __name__ == "__main__":
    main()
