"""Acts of many requests, written together: one commit for all that arrived while the last one was on its way to disk."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from patron.governance.audit.chain import Act, write
from patron.governance.state.opened import State

_MOST_AT_ONCE: Final = 1000


@dataclass
class _Waiting:
    act: Act
    done: asyncio.Future[None]


class AuditWriter:
    """Writes acts in the order they came. Whoever waits for ``write`` knows that the act is on disk, or gets the error."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="patron-audit")  # never behind other work

    async def write(self, act: Act) -> None:
        """Write one act; returns when it is on disk."""
        waiting = _Waiting(act, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await waiting.done

    async def finish(self) -> None:
        """Wait until everything that was handed over is written."""
        while self._writing is not None and not self._writing.done():
            await asyncio.wait([self._writing])
        self._thread.shutdown(wait=False)

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            try:
                acts = [waiting.act for waiting in batch]
                await asyncio.get_running_loop().run_in_executor(self._thread, write, self._state, acts)
            except Exception as error:  # noqa: BLE001  whatever it is, those who wait must hear of it
                for waiting in batch:
                    if not waiting.done.done():
                        waiting.done.set_exception(error)
            else:
                for waiting in batch:
                    if (
                        not waiting.done.done()
                    ):  # a request that was cut off waits no more; its act is written all the same
                        waiting.done.set_result(None)
