"""What Spark and Java say when something fails, in our words where it has a meaning for the user."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from patron import errors
from patron.errors import DataError, PatronError, StorageFailed, UsageError

_TOO_LARGE: Final = ("OVERFLOW", "NUMERIC_VALUE_OUT_OF_RANGE", "CANNOT_CHANGE_DECIMAL_PRECISION")
_NO_ROOM: Final = (
    "No space left on device",
    "OutOfMemoryError",
    "OUT_OF_MEMORY",
    "Read-only file system",
    "Disk quota exceeded",
    "ExecutorLostFailure",
)
_MARK: Final = "patron refuses: "


@contextmanager
def in_our_words() -> Iterator[None]:
    """Turns what Spark raises inside into a PatronError, where it has a meaning for the user."""
    from py4j.protocol import Py4JError, Py4JNetworkError
    from pyspark.errors import PySparkException

    try:
        yield
    except Py4JNetworkError as error:
        raise StorageFailed(
            "Spark's own process has ended in the middle of the work.",
            to_do="It may have been killed for want of memory (warehouse.memory_gb); run again, finished steps are kept.",
        ) from error
    except OSError as error:
        raise StorageFailed(
            f"The computer refuses to read or write, or has no room: {error}",
            to_do="Free disk space, then run again; finished steps are kept.",
        ) from error
    except (PySparkException, Py4JError) as error:
        meant = meant_by(str(error))
        if meant is None:
            raise
        raise meant from error


def meant_by(text: str) -> PatronError | None:
    """The error that a message of Spark's stands for; None where it means nothing to the user."""
    if _MARK in text:
        return refusal_in(text)
    first = text.strip().splitlines()[0] if text.strip() else ""
    if any(word in text for word in _TOO_LARGE):
        return DataError(
            f"Amounts add up to more than a decimal(18,4) can hold: {first}",
            allowed="A customer's sums must stay below 100 trillion.",
            to_do="Look for amounts that cannot be right, or write them in a larger unit.",
        )
    told = next((word for word in _NO_ROOM if word in text), None)
    if told is not None:
        return StorageFailed(
            f"Spark has no room to read or write ({told}): {first}",
            to_do="Free disk space or memory (warehouse.memory_gb), then run again; finished steps are kept.",
        )
    if "No module named 'patron" in text:
        return UsageError(
            "Spark's executors cannot import patron.",
            allowed="Customers are scored where they are stored: each executor needs the same version of patron.",
            to_do="Install patron into the executors' Python.",
        )
    return None


def marked(error: PatronError) -> str:
    """A refusal as a text that survives the way from an executor to the driver."""
    told = {"kind": type(error).__name__, "what": error.what, "allowed": error.allowed, "to_do": error.to_do}
    return _MARK + json.dumps(told)


def refusal_in(text: str) -> PatronError:
    """The refusal that ``marked`` wrote into a text."""
    told, _ = json.JSONDecoder().raw_decode(text, text.index(_MARK) + len(_MARK))
    kind = getattr(errors, told["kind"], PatronError)
    # Some of the classes are made of other facts, and word them: the words are there already.
    refusal: PatronError = kind.__new__(kind)
    PatronError.__init__(refusal, told["what"], allowed=told["allowed"], to_do=told["to_do"])
    return refusal
