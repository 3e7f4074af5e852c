"""The bridge as a waterfall: from what customers were worth, part by part, to what they are worth now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from markupsafe import Markup

from patron.reports import svg
from patron.reports.bridge_words import moves_of, part_money, part_names, rounded_ends, rounded_parts, step_of
from patron.reports.wording import money, short_day, short_money
from patron.scores.bridge import SCALE, Sums

NARROW: Final = 500.0
_UNIT: Final = 10**SCALE
_BAR: Final = 19.0
_TOP: Final = 8.0


@dataclass(frozen=True)
class _Row:
    """One line of the waterfall: an end, where ``start`` and ``stop`` are equal, or a part that leads from one to the other."""

    label: str
    figure: str
    start: int
    stop: int

    @property
    def is_end(self) -> bool:
        return self.start == self.stop


def bridge_chart(
    sums: Sums, currency: str, since: date, today: date, width: float, name: str, *, undivided: str = ""
) -> Markup:
    """Both ends as dots and every part as a bar from where the one before it stopped; parts of nothing are left out.

    ``sums`` may be of the portfolio, a segment, a branch or one customer. The scale does not begin at zero, since parts
    are small beside the whole: so ends are dots, not bars.
    """
    rows = _rows(sums, currency, since, today, part_names(undivided))
    narrow = width <= NARROW
    left, right, height = (6.0, 6.0, 46.0) if narrow else (min(190.0, width * 0.26), 92.0, 30.0)
    stops = [stop / _UNIT for row in rows for stop in (row.start, row.stop)]
    ticks = svg.round_ticks(min(stops), max(stops), 3)
    room = width - left - right

    def at(amount: float) -> float:
        return left + (amount - ticks[0]) / (ticks[-1] - ticks[0]) * room

    floor = _TOP + len(rows) * height
    parts = _scale(ticks, at, floor, currency)
    for place, row in enumerate(rows):
        y = _TOP + place * height + (height - _BAR if narrow else (height - _BAR) / 2)
        parts += _line(row, y, at, height if place + 1 < len(rows) else 0.0)
        parts += _words_above(left, width, y - 7, row) if narrow else _words_beside(left, width, y + 14, row)
    words = "; ".join(f"{row.label}: {row.figure}" for row in rows)
    return svg.drawing(width, floor + 24, name, "What changed the value", words, *parts)


def _rows(sums: Sums, currency: str, since: date, today: date, names: dict[str, str]) -> list[_Row]:
    step = step_of(sums)
    told = rounded_parts(sums, step)  # as the sentence tells them
    before, now = (money(end / _UNIT, currency, step / _UNIT) for end in rounded_ends(sums, step))
    rows = [_Row(short_day(since) if since < today else "as told before", before, sums.before, sums.before)]
    for part, amount in moves_of(sums).items():
        if amount:
            start = rows[-1].stop
            rows.append(_Row(names[part], part_money(amount, told[part], currency, step), start, start + amount))
    return [*rows, _Row(short_day(today), now, sums.now, sums.now)]


def _scale(ticks: list[float], at: Callable[[float], float], floor: float, currency: str) -> list[Markup]:
    parts = []
    for tick in ticks:
        anchor = "start" if tick == ticks[0] else "end" if tick == ticks[-1] else "middle"
        parts += [
            svg.line(at(tick), _TOP, at(tick), floor, "scale"),
            svg.text(at(tick), floor + 17, short_money(tick, currency), "tick", anchor),
        ]
    return parts


def _line(row: _Row, y: float, at: Callable[[float], float], to_next: float) -> list[Markup]:
    """A dot or a bar, and the line that leads on to the next row from where this one stops."""
    begin, stop = at(row.start / _UNIT), at(row.stop / _UNIT)
    hint = f"{row.label}: {row.figure}"
    middle = y + _BAR / 2
    led = [svg.line(stop, middle, stop, middle + to_next, "mark")] if to_next else []
    if row.is_end:
        return [*led, svg.dot(stop, middle, 6, "point plain", hint)]
    class_ = "fill-accent" if row.stop > row.start else "fill-soft"
    return [*led, svg.bar(min(begin, stop), y, max(abs(stop - begin), 1.0), _BAR, class_, hint)]


def _words_above(left: float, width: float, y: float, row: _Row) -> list[Markup]:
    return [svg.text(left, y, row.label, "label"), svg.text(width - left, y, row.figure, "figure", "end")]


def _words_beside(left: float, width: float, y: float, row: _Row) -> list[Markup]:
    return [svg.text(left - 14, y, row.label, "label", "end"), svg.text(width, y, row.figure, "figure", "end")]
