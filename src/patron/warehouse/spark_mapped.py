"""A function of batches, as Spark's executors run it.

Patron itself must be installed there; a function from elsewhere is shipped whole.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pyarrow as pa

from patron.errors import PatronError
from patron.warehouse.spark_errors import marked
from patron.warehouse.spark_types import Columns, conformed
from patron.warehouse.warehouse import BatchFunction

Mapped = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def on_executors(function: BatchFunction, made: Columns) -> Mapped:
    """The function for ``mapInArrow``: batch by batch, in the declared columns; a refusal keeps its words."""

    def mapped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from conformed(pa.Table.from_batches([_told(function, batch)]), made).to_batches()

    return mapped


@contextmanager
def shipped_whole(function: BatchFunction) -> Iterator[None]:
    """Whatever is sent to executors inside goes without the module that the function comes from, which they may lack."""
    from pyspark import cloudpickle

    by_value: Any = cloudpickle  # it carries no types
    made_of = function.func if isinstance(function, partial) else function
    home = sys.modules.get(made_of.__module__)
    if home is None or home.__name__.partition(".")[0] == "patron":
        yield
        return
    by_value.register_pickle_by_value(home)
    try:
        yield
    finally:
        by_value.unregister_pickle_by_value(home)


def _told(function: BatchFunction, batch: pa.RecordBatch) -> pa.RecordBatch:
    try:
        return function(batch)
    except PatronError as error:
        # Spark carries the text of an error to the driver, and nothing else of it.
        raise RuntimeError(marked(error)) from error
