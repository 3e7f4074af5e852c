"""What a database must offer: how it writes names and values, and its rows page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from patron.errors import SourceFailed
from patron.sources.connectors.watermark import Watermark, WatermarkValue

Columns = tuple[str, ...]
Failed = Callable[[object], SourceFailed]


@dataclass(frozen=True)
class Dialect:
    """How a database quotes a name and marks the place of a value."""

    quote: Literal['"', "`"]
    place: Literal["?", "%s"]

    def quoted(self, name: str) -> str:
        """A name that can be nothing but a name."""
        return self.quote + name.replace(self.quote, self.quote * 2) + self.quote

    def literal(self, text: str) -> str:
        """Statement text in which nothing is taken for the place of a value."""
        return text.replace("%", "%%") if self.place == "%s" else text

    def grows_back(self, newest: Watermark, last: Watermark) -> bool:
        """Whether a watermark is no later than one known before: a fetch that looks back may end before it."""
        if newest.kind == last.kind == "text":
            return False
        return newest.kind == last.kind and newest.value() >= last.value()  # type: ignore[operator]  # two of one kind


class Session(Protocol):
    """An open, read-only connection."""

    @property
    def dialect(self) -> Dialect:
        """How it writes."""

    def pages(
        self, statement: str, values: tuple[WatermarkValue, ...], rows: int
    ) -> Iterator[tuple[Columns, list[Any]]]:
        """The answer, so many rows at a time, with its columns; rows are whatever the driver makes of them."""
