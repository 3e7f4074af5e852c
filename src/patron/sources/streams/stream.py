"""What a stream is to Patron: messages that come at least once, and are given up only when they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Message:
    """One message: the broker's own id, and its content, JSON."""

    id: str
    content: bytes


class Stream(Protocol):
    """An open stream. Whoever reads it gets first what was read before and not acknowledged; messages may come more than once."""

    def read(self, most: int, wait_seconds: float) -> Sequence[Message]:
        """Up to so many messages, after waiting at most so long for the first; SourceFailed where the broker does not answer."""

    def set_aside(self, message: Message, because: str) -> None:
        """Keep a message that cannot be believed where people find it, with the reason."""

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Say that these need not come again."""

    def close(self) -> None: ...


class Opens(Protocol):
    """Opens a stream. The entry point of group ``patron.streams`` names a function that is one."""

    def __call__(self, name: str, group: str, address: str) -> Stream: ...
