"""What parent and child say to each other: a kind, which reading, a length, and as many bytes. Data only: JSON and Arrow."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO, Final

import pyarrow as pa

import patron.errors
from patron.errors import PatronError, UnreadableFile
from patron.sources.rows import RawBatch, RejectedRow

ANSWER: Final = b"A"
BATCH: Final = b"B"
DONE: Final = b"D"
ERROR: Final = b"E"
HEAD: Final = struct.Struct(">cqQ")
LENGTH: Final = struct.Struct(">Q")
MOST_BYTES: Final = 2 << 30
_ALIGNED: Final = 64  # Arrow computes on what it is handed in place, and warns of buffers that lie askew


def write_frame(stream: BinaryIO, kind: bytes, reading: int, *parts: bytes | memoryview | pa.Buffer) -> None:
    """Send one frame, whole."""
    stream.write(HEAD.pack(kind, reading, sum(len(part) for part in parts)))
    for part in parts:
        stream.write(part)
    stream.flush()


def batch_parts(batch: RawBatch) -> tuple[bytes, bytes, pa.Buffer]:
    """A batch as bytes: how long its rejected rows are, these, and its rows."""
    rejected = json.dumps([[row.line, row.reason, row.detail, row.raw] for row in batch.rejected]).encode(
        "utf-8", "backslashreplace"
    )
    rejected += b" " * (-(LENGTH.size + len(rejected)) % _ALIGNED)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.rows.schema) as writer:
        writer.write_batch(batch.rows)
    return LENGTH.pack(len(rejected)), rejected, sink.getvalue()


def batch_of(body: memoryview) -> RawBatch:
    """A batch from its bytes."""
    (length,) = LENGTH.unpack_from(body)
    begin = LENGTH.size + length
    rejected = [RejectedRow(*row) for row in json.loads(bytes(body[LENGTH.size : begin]))]
    with pa.ipc.open_stream(pa.py_buffer(body[begin:])) as reader:
        return RawBatch(reader.read_next_batch(), rejected)


def error_body(error: PatronError) -> bytes:
    """A refusal's class, words and facts."""
    facts = {name: list(fact) if isinstance(fact, tuple) else fact for name, fact in vars(error).items()}
    return json.dumps({"kind": type(error).__name__, "text": str(error), "facts": facts}, default=str).encode(
        "utf-8", "backslashreplace"
    )


def error_of(body: memoryview) -> PatronError:
    """The same refusal, on the other side; one of no class of ours is an UnreadableFile."""
    told: dict[str, Any] = json.loads(bytes(body))  # Any: an error's facts are texts, numbers and lists of them
    kind = getattr(patron.errors, told["kind"], None)
    if not (isinstance(kind, type) and issubclass(kind, PatronError)):
        kind = UnreadableFile
    error = kind.__new__(kind)
    Exception.__init__(error, told["text"])
    vars(error).update({name: tuple(fact) if isinstance(fact, list) else fact for name, fact in told["facts"].items()})
    return error
