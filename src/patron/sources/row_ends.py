"""Where the rows of delimited text end, which physical line each starts on, and where its quotes go astray.

A quote opens only at the start of a value and closes at the next single quote; a doubled one is a quote
in the value. A line end inside quotes belongs to the value. LF, CR LF and a lone CR each end a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

LF: Final = 10
CR: Final = 13


@dataclass(frozen=True)
class RowEnds:
    """Rows of a block: row i is ``data[ends[i - 1]:ends[i]]``, its line end included.

    ``lines[i]`` counts the line ends before row i starts; ``line_ends`` are those of the whole block.
    ``stray`` are the offsets of closing quotes with text behind them. ``open_quote`` is the offset of a
    quote that the block leaves open, or -1.
    """

    ends: np.ndarray
    lines: np.ndarray
    line_ends: np.ndarray
    stray: np.ndarray
    open_quote: int

    @property
    def starts(self) -> np.ndarray:
        return np.concatenate(([0], self.ends[:-1])).astype(np.int64) if len(self.ends) else self.ends

    @property
    def complete(self) -> int:
        """Bytes that hold whole rows; what follows is the start of the next row."""
        return int(self.ends[-1]) if len(self.ends) else 0


def find_row_ends(data: bytes, quote: int | None, delimiter: int, *, last: bool) -> RowEnds:
    """The rows of a block that starts at the start of a row; ``last`` if no text follows it."""
    codes = np.frombuffer(data, np.uint8)
    line_ends = _line_ends(codes, last=last)
    opens, closes, stray = _quoted_spans(data, codes, quote, delimiter)
    outside = _outside(line_ends, opens, closes)
    left_open = int(opens[-1]) if len(opens) and closes[-1] >= len(codes) else -1
    ends = line_ends[outside]
    if last and left_open < 0 and len(codes) and (not len(ends) or ends[-1] < len(codes)):
        ends = np.append(ends, len(codes))
    lines = np.concatenate(([0], np.flatnonzero(outside) + 1)).astype(np.int64)[: len(ends)]
    return RowEnds(ends, lines, line_ends, stray, left_open)


def _line_ends(codes: np.ndarray, *, last: bool) -> np.ndarray:
    """Offsets just behind each line end; a CR at the very end of a block waits for what follows."""
    feeds = np.flatnonzero(codes == LF)
    returns = np.flatnonzero(codes == CR)
    if not len(returns):
        return feeds + 1
    at_end = returns == len(codes) - 1
    lone = codes[np.minimum(returns + 1, len(codes) - 1)] != LF
    lone = np.where(at_end, last, lone)
    return np.sort(np.concatenate((feeds, returns[lone]))) + 1


def _outside(line_ends: np.ndarray, opens: np.ndarray, closes: np.ndarray) -> np.ndarray:
    if not len(opens):
        return np.ones(len(line_ends), bool)
    span = np.searchsorted(opens, line_ends - 1, side="right") - 1
    return (span < 0) | (line_ends - 1 > closes[np.maximum(span, 0)])


def _quoted_spans(
    data: bytes, codes: np.ndarray, quote: int | None, delimiter: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offsets of opening quotes, of their closing ones (the block's length if none), and of stray closing ones."""
    empty = np.empty(0, np.int64)
    if quote is None or quote not in data:
        return empty, empty, empty
    quotes = np.flatnonzero(codes == quote)
    borders = np.array([delimiter, LF, CR], np.uint8)
    if _alternates(codes, quotes, borders):
        opens, closes = quotes[0::2], quotes[1::2]
        if len(closes) < len(opens):
            closes = np.append(closes, len(codes))
        return opens, closes, empty
    return _walk(data, quotes, frozenset(borders.tolist()))


def _alternates(codes: np.ndarray, quotes: np.ndarray, borders: np.ndarray) -> bool:
    """Whether every other quote opens: then no quote stands where only a walk can tell what it does."""
    opens, closes = quotes[0::2], quotes[1::2]
    opens_at_border = (opens == 0) | np.isin(codes[np.maximum(opens - 1, 0)], borders)
    opens_again = np.zeros(len(opens), bool)
    opens_again[1:] = opens[1:] == closes[: len(opens) - 1] + 1
    after = np.minimum(closes + 1, len(codes) - 1)
    closes_at_border = (closes == len(codes) - 1) | np.isin(codes[after], borders)
    closes_again = np.zeros(len(closes), bool)
    followed = len(opens) - 1
    closes_again[:followed] = opens[1:] == closes[:followed] + 1
    return bool((opens_at_border | opens_again).all() and (closes_at_border | closes_again).all())


def _walk(data: bytes, quotes: np.ndarray, borders: frozenset[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    opens: list[int] = []
    closes: list[int] = []
    stray: list[int] = []
    places = quotes.tolist()
    inside, i = False, 0
    while i < len(places):
        at = places[i]
        if not inside:
            if at == 0 or data[at - 1] in borders:
                opens.append(at)
                inside = True
        elif i + 1 < len(places) and places[i + 1] == at + 1:
            i += 1
        else:
            closes.append(at)
            inside = False
            if at + 1 < len(data) and data[at + 1] not in borders:
                stray.append(at)
        i += 1
    if inside:
        closes.append(len(data))
    return np.array(opens, np.int64), np.array(closes, np.int64), np.array(stray, np.int64)
