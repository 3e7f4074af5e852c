"""Where logins are worked on: passwords one at a time, a few waiting. It is slow on purpose, and must not hold up anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from patron.surfaces.api.problems import Refused

MOST_WAITING: Final = 8
Made = TypeVar("Made")


class PasswordDesk:
    """Threads of its own, one for passwords, and a short queue before them."""

    def __init__(self, threads: int = 1) -> None:
        self._thread = ThreadPoolExecutor(threads, thread_name_prefix="patron-logins")
        self._waiting = 0

    async def do(self, work: Callable[[], Made]) -> Made:
        """Do this there; refuses with 429 where too many wait."""
        if self._waiting >= MOST_WAITING:
            raise Refused(429, "Too many are logging in.", to_do="Try again in a moment.", headers={"Retry-After": "1"})
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._thread.shutdown(wait=False)
