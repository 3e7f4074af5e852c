"""The parent's side: one child reads all files of this process, and is replaced when a file has killed it."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from itertools import count
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Final, NamedTuple

from patron.errors import UnreadableFile
from patron.settings import Source
from patron.sources.isolated.frames import BATCH, ERROR, HEAD, MOST_BYTES, batch_of, error_of
from patron.sources.isolated.limits import Limits
from patron.sources.rows import RawBatch, RawFile
from patron.sources.sniff import Writing

LIMITS: Final = Limits()
# Libraries that read leave address space behind, and that is what is bounded: after so many a new child takes over.
_MOST_READINGS: Final = 200
# No credential and no setting of ours goes along; Windows starts nothing without the last three.
_KEPT_VARIABLES: Final = ("LANG", "LC_ALL", "TZ", "PYTHONWARNINGS", "SYSTEMROOT", "TEMP", "TMP")


class _Frame(NamedTuple):
    kind: bytes
    reading: int
    body: memoryview


class _Child:
    """A running reader and what it says. Requests are answered in their order, each under its reading's number."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._process = subprocess.Popen(  # noqa: S603 - this Python, our own module, numbers
            [sys.executable, "-P", "-m", "patron.sources.isolated.child", json.dumps(asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        if self._process.stdin is None or self._process.stdout is None:  # never, of a Popen with pipes
            raise OSError("The reading process has no pipes.")
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._frames: Queue[_Frame | None] = Queue(maxsize=2)
        self._early: dict[int, deque[_Frame]] = {}
        self._begun = 0
        self._at_work: set[int] = set()
        self._relieved = False
        self._unwanted: set[int] = set()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        with self._answers as stream:
            while (head := stream.read(HEAD.size)) and len(head) == HEAD.size:
                kind, reading, length = HEAD.unpack(head)
                body = stream.read(length) if length <= MOST_BYTES else b""
                if len(body) < length:
                    break
                self._frames.put(_Frame(kind, reading, memoryview(body)))
        self._frames.put(None)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def spent(self) -> bool:
        """Whether it has read enough for one life."""
        return self._begun >= _MOST_READINGS

    def begin(self, reading: int) -> None:
        """Take on a reading, which ``close`` ends."""
        self._begun += 1
        self._at_work.add(reading)

    def relieve(self) -> None:
        """Let it end once nothing is read any more; the readings that it has begun go on."""
        self._relieved = True
        if not self._at_work:
            self.end()

    def ask(self, do: str, path: Path, reading: int, **more: Any) -> None:  # Any: JSON
        """Send a request; that the child has died is told where the answer is waited for."""
        request = {"do": do, "path": str(path), "folder": str(Path.cwd()), "reading": reading, **more}
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()
        except OSError:
            return

    def answer(self, path: Path, reading: int) -> _Frame:
        """The next frame of a reading; UnreadableFile if the child took too long over it or died of it."""
        frame = self._early[reading].popleft() if self._early.get(reading) else self._heard(path, reading)
        if frame.kind == ERROR:
            raise error_of(frame.body)
        return frame

    def close(self, path: Path, reading: int) -> None:
        """Whatever else this reading says is not wanted."""
        self._early.pop(reading, None)
        self._unwanted.add(reading)
        self._at_work.discard(reading)
        if self._relieved and not self._at_work:
            self.end()
        elif not self._requests.closed:
            self.ask("close", path, reading)

    def _heard(self, path: Path, reading: int) -> _Frame:
        while True:
            try:
                frame = self._frames.get(timeout=self.limits.seconds)
            except Empty:
                self.end()
                raise _too_slow(path, self.limits) from None
            if frame is None:
                self.end()
                self._frames.put(None)  # another reading may be waiting, too
                raise _killed(path, self._process.returncode)
            if frame.reading == reading:
                return frame
            if frame.reading not in self._unwanted:
                self._early.setdefault(frame.reading, deque()).append(frame)

    def end(self) -> None:
        """Stop it, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):  # it was gone before it had heard everything
            self._requests.close()
        while self._listener.is_alive():  # it may be holding out a frame that nobody takes any more
            with suppress(Empty):
                self._frames.get(timeout=0.02)


def _too_slow(path: Path, limits: Limits) -> UnreadableFile:
    return UnreadableFile(
        str(path),
        f"its next rows took longer than {limits.seconds:g} seconds to read.",
        to_do="Split it or export it anew, or raise reading.seconds in patron.toml.",
    )


def _killed(path: Path, code: int | None) -> UnreadableFile:
    return UnreadableFile(
        str(path), f"its content ended the process that read it (exit {code}).", to_do="Copy or export it again."
    )


class _Reader:
    """Keeps one child alive and gives each reading a number."""

    def __init__(self) -> None:
        self._child: _Child | None = None
        self._owner = 0
        self._numbers = count()

    def child(self, limits: Limits) -> _Child:
        """A living child of these limits that belongs to this process (a fork has none)."""
        old = self._child
        if old is not None and old.spent and self._owner == os.getpid():
            old.relieve()
            old = self._child = None
        if old is None or self._owner != os.getpid() or not old.alive or old.limits != limits:
            self.end()
            old = self._child = _Child(limits)
            self._owner = os.getpid()
        return old

    def number(self) -> int:
        return next(self._numbers)

    def end(self) -> None:
        if self._child is not None and self._owner == os.getpid():
            self._child.end()
        self._child = None


_READER: Final = _Reader()
atexit.register(_READER.end)


def read_raw(path: Path, source: Source, limits: Limits = LIMITS) -> RawFile:
    """A file's columns and its rows as text, every row accounted for, read in a child process within these limits.

    Raises UnreadableFile if it is not what it claims to be or breaks the limits, and BrokenContract if a mapped
    column is missing; bad rows are not errors but come with their line and reason.
    """
    child, reading, columns = _opened(path, source, limits)
    child.close(path, reading)
    return RawFile(path, columns, lambda: _batches(path, source, limits))


def sniffed(path: Path, *, delimited: bool = True, limits: Limits = LIMITS) -> Writing:
    """How a text file is written, found out in the child; see ``sniff``."""
    child, reading = _READER.child(limits), _READER.number()
    child.begin(reading)
    try:
        child.ask("sniff", path, reading, delimited=delimited)
        return Writing(**json.loads(bytes(child.answer(path, reading).body)))
    finally:
        child.close(path, reading)


def sheets(path: Path, *, limits: Limits = LIMITS) -> tuple[str, ...]:
    """The sheets of a workbook, found out in the child."""
    child, reading = _READER.child(limits), _READER.number()
    child.begin(reading)
    try:
        child.ask("sheets", path, reading)
        return tuple(json.loads(bytes(child.answer(path, reading).body).decode("utf-8", "surrogatepass")))
    finally:
        child.close(path, reading)


def _opened(path: Path, source: Source, limits: Limits) -> tuple[_Child, int, tuple[str, ...]]:
    child, reading = _READER.child(limits), _READER.number()
    child.begin(reading)
    child.ask("open", path, reading, source=source.model_dump(mode="json"))
    try:
        columns = json.loads(bytes(child.answer(path, reading).body).decode("utf-8", "surrogatepass"))
    except BaseException:
        child.close(path, reading)
        raise
    return child, reading, tuple(columns)


def _batches(path: Path, source: Source, limits: Limits) -> Iterator[RawBatch]:
    """The rows; the next batch is read while this one is worked on."""
    child, reading, _ = _opened(path, source, limits)
    try:
        child.ask("next", path, reading)
        while (frame := child.answer(path, reading)).kind == BATCH:
            child.ask("next", path, reading)
            yield batch_of(frame.body)
    finally:
        child.close(path, reading)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    paths = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
    # Fewer arenas and the system's own allocator: both reserve address space, which is what is bounded.
    return kept | {"PYTHONPATH": paths, "MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
