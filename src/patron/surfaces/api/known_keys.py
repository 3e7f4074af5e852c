"""Keys that were shown lately: asked of the state at most once a second each, so that one that is revoked works a second longer at most."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from typing import Final

from patron.governance.accounts.keys import ApiKey, key_of
from patron.governance.accounts.secrets import ServerSecret
from patron.governance.state.opened import State

HELD_SECONDS: Final = 1.0
_MOST: Final = 10_000


class KnownKeys:
    """The state's keys, by what programs send. What was sent is held as a hash only."""

    def __init__(self, state: State, secret: ServerSecret) -> None:
        self._state, self._secret = state, secret
        self._held: OrderedDict[bytes, tuple[float, ApiKey]] = OrderedDict()

    async def key_of(self, sent: str) -> ApiKey | None:
        """The working key that was sent, if it is one."""
        mark, now = hashlib.sha256(sent.encode()).digest(), time.monotonic()
        until, key = self._held.get(mark, (0.0, None))
        if key is not None and now < until:
            return key
        key = await asyncio.to_thread(key_of, self._state, self._secret, sent)
        self._held.pop(mark, None)
        if key is not None:  # a wrong one is not held: whoever tries many fills no memory
            self._held[mark] = (now + HELD_SECONDS, key)
            if len(self._held) > _MOST:
                self._held.popitem(last=False)
        return key

    def forget(self, key_id: str) -> None:
        """Ask of this key again at once; other processes do so within a second."""
        for mark in [mark for mark, (_, key) in self._held.items() if key.id == key_id]:
            del self._held[mark]
