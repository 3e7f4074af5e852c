"""Linear algebra on one thread: BLAS splits long sums by thread, and the same data must give the same bits everywhere.

Models fit with small matrices; there threads only wait for each other, for milliseconds a step where another program computes.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits


def on_one_thread() -> AbstractContextManager[object]:
    """Within it every linear algebra of this process, whichever package does it, runs on one thread, and so does OpenMP."""
    limited: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limited


def blas_on_one_thread() -> AbstractContextManager[object]:
    """Within it BLAS, as far as it is loaded, runs on one thread; trees and other work keep theirs."""
    limited: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limited
