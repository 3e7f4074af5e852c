"""How often one may ask: a bucket for each who asks, that fills at a steady rate (token bucket)."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final

_MOST_ASKERS: Final = 10_000


class Rates:
    """Requests per second, for each who asks, with bursts of as many as two seconds bring."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._most = max(1.0, 2 * per_second)
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, asker: str) -> float:
        """Seconds until this asker may ask; 0 for now, which counts as asking."""
        now = time.monotonic()
        tokens, seen = self._held.pop(asker, (self._most, now))
        tokens = min(self._most, tokens + (now - seen) * self._per_second)
        allowed = tokens >= 1
        self._held[asker] = (tokens - 1 if allowed else tokens, now)
        if len(self._held) > _MOST_ASKERS:
            self._held.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / self._per_second
