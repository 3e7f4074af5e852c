"""Linear algebra on one thread: BLAS splits long sums by thread, and the same data must give the same bits everywhere."""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def on_one_thread() -> AbstractContextManager[object]:
    """Within it every linear algebra of this process, whichever package does it, runs on one thread."""
    limited: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limited
