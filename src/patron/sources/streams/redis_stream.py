"""Redis streams, read as a member of a consumer group; what cannot be believed goes to ``<stream>:refused``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from patron.errors import SourceFailed, UsageError
from patron.sources.streams.stream import Message

FIELD: Final = "event"
"""The field of an entry that holds the event, JSON."""
REFUSED: Final = ":refused"
_MEMBER: Final = "patron"
_MOST_REFUSED: Final = 1_000_000


@dataclass
class RedisStream:
    """A stream and a group; one member at a time, so that a customer's events are kept in the order in which they came."""

    client: Any  # Any: the client's own class
    name: str
    group: str
    _behind: bool = field(default=True, init=False)

    def read(self, most: int, wait_seconds: float) -> Sequence[Message]:
        """What was read before and not acknowledged, then what is new."""
        with _in_our_words(self.name):
            if self._behind:
                found = self.client.xreadgroup(self.group, _MEMBER, {self.name: "0"}, count=most)
                if entries := _entries(found):
                    return entries
                self._behind = False
            block = max(1, round(wait_seconds * 1000))
            return _entries(self.client.xreadgroup(self.group, _MEMBER, {self.name: ">"}, count=most, block=block))

    def set_aside(self, message: Message, because: str) -> None:
        """Add it to the stream of the refused."""
        with _in_our_words(self.name):
            told = {FIELD: message.content, "because": because, "id": message.id}
            self.client.xadd(f"{self.name}{REFUSED}", told, maxlen=_MOST_REFUSED)

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """XACK; the stream itself keeps them as long as its owner wants."""
        if messages:
            with _in_our_words(self.name):
                self.client.xack(self.name, self.group, *(message.id for message in messages))

    def close(self) -> None:
        self.client.close()


def open_redis(name: str, group: str, address: str) -> RedisStream:
    """A stream at an address (``redis://…``, ``rediss://…``, ``unix://…``); its group is made where it is not there yet."""
    try:
        import redis
    except ImportError as error:
        raise UsageError("Reading Redis needs the package redis.", to_do="Run: pip install 'patron[redis]'") from error
    try:
        client = redis.Redis.from_url(address)
    except ValueError:
        raise UsageError(
            f"The address of stream '{name}' cannot be read as one.", allowed="redis://…, rediss://… or unix://…"
        ) from None  # the cause may show the password
    with _in_our_words(name):
        try:
            client.xgroup_create(name, group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
    return RedisStream(client, name, group)


def _entries(found: Any) -> list[Message]:  # Any: the client's own answer
    return [
        Message(_text(entry_id), fields.get(FIELD.encode(), b""))
        for _, entries in (found or [])
        for entry_id, fields in entries
        if fields is not None
    ]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


@contextmanager
def _in_our_words(name: str) -> Iterator[None]:
    import redis

    try:
        yield
    except redis.RedisError as error:
        raise SourceFailed(
            f"Stream '{name}' does not answer: {type(error).__name__}.",
            to_do="See that the broker runs and that the credential is right; nothing is lost, it goes on from where it was.",
        ) from error
