"""One thread for a whole stretch of work: asking which libraries have threads takes longer than grouping a few points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Final

from patron.models.one_thread import on_one_thread

_LIMITED: Final[ContextVar[bool]] = ContextVar("limited", default=False)


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it linear algebra and clustering run on one thread, so that sums come out the same; nested ones cost nothing."""
    if _LIMITED.get():
        yield
        return
    # A library that is loaded within the limit does not know of it: scikit-learn and its OpenMP come first.
    import_module("sklearn.cluster")
    token = _LIMITED.set(True)
    try:
        with on_one_thread():
            yield
    finally:
        _LIMITED.reset(token)
