"""The pictures of a profile: how a column's values are spread, small enough that a page can carry hundreds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from patron.quality.profile.findings import ColumnProfile, Dates, Numbers, Pair, ValueCount
from patron.reports import svg
from patron.reports.wording import share, short_number

WIDTH: Final = 460.0
_HEIGHT: Final = 150.0
_ROW: Final = 22.0
_LONGEST_LABEL: Final = 22
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def column_chart(column: ColumnProfile, name: str) -> Markup:
    """The picture that suits a column: bars of its numbers, its months, or its most frequent values."""
    if column.dates is not None:
        return months_chart(column.dates, name)
    if column.numbers is not None and column.distinct > len(column.top):
        return number_chart(column.numbers, name)
    return value_bars(column.top, column.given, name) if column.top else Markup()


def spark(column: ColumnProfile) -> Markup:
    """The same in the size of a word, for the overview."""
    counts = _counts(column)
    if not counts:
        return Markup()
    return svg.tag(
        "svg", _bars(counts, 0, 1, 110, 20), viewBox="0 0 110 22", width="110", height="22", aria_hidden="true"
    )


def _counts(column: ColumnProfile) -> list[int]:
    if column.dates is not None:
        return [month.rows for month in column.dates.months]
    if column.numbers is not None and column.distinct > len(column.top):
        return [one.rows for one in column.numbers.bins]
    return [value.rows for value in column.top]


def number_chart(numbers: Numbers, name: str) -> Markup:
    """Rows by value between the 1st and the 99th percentile, with the median and the middle half marked."""
    low, high = numbers.bins[0].low, numbers.bins[-1].high
    top, bottom = 20.0, _HEIGHT - 26

    def at(value: float) -> float:
        return (min(max(value, low), high) - low) / ((high - low) or 1.0) * WIDTH

    quarter, median, upper = (numbers.quantiles[key] for key in ("0.25", "0.5", "0.75"))
    parts = [
        _bars([one.rows for one in numbers.bins], 0, top, WIDTH, bottom - top),
        svg.bar(at(quarter), bottom + 2, max(at(upper) - at(quarter), 2.0), 4, "fill-accent", "the middle half", 1),
        svg.line(at(median), top - 4, at(median), bottom + 8, "mark"),
        svg.text(*_beside(at(median), top - 6), f"median {short_number(median)}", "note", _anchor(at(median))),
        svg.text(0, _HEIGHT - 4, short_number(low), "tick"),
        svg.text(WIDTH, _HEIGHT - 4, short_number(high), "tick", "end"),
    ]
    words = f"Half of the values lie from {short_number(quarter)} to {short_number(upper)}, the median is {short_number(median)}."
    return svg.drawing(WIDTH, _HEIGHT, name, "How the numbers are spread", words, *parts)


def months_chart(dates: Dates, name: str) -> Markup:
    """Rows by month, and below by weekday and by hour of the day."""
    parts = [
        _bars([month.rows for month in dates.months], 0, 4, WIDTH, 84),
        svg.text(0, 102, dates.months[0].value, "tick"),
        svg.text(WIDTH, 102, dates.months[-1].value, "tick", "end"),
    ]
    room = WIDTH / 2 - 14 if dates.hours else WIDTH
    parts.append(_bars(dates.weekdays, 0, 112, room, 40))
    parts += [
        svg.text((place + 0.5) * room / 7, 166, day if room > 300 else day[:1], "tick", "middle")
        for place, day in enumerate(_WEEKDAYS)
    ]
    if dates.hours:
        left = WIDTH / 2 + 14
        parts.append(_bars(dates.hours, left, 112, WIDTH - left, 40))
        step = (WIDTH - left) / 24
        parts += [
            svg.text(left + (hour + 0.5) * step, 166, f"{hour}h", "tick", "middle") for hour in (0, 6, 12, 18, 23)
        ]
    busiest = max(dates.months, key=lambda month: month.rows)
    words = f"From {dates.first} to {dates.last}; most rows, {busiest.rows:,}, in {busiest.value}."
    return svg.drawing(WIDTH, 172, name, "When", words, *parts)


def value_bars(values: Sequence[ValueCount], given: int, name: str) -> Markup:
    """The most frequent values, with their shares of the rows in which something is given."""
    most = max(value.rows for value in values)
    label, room = 170.0, WIDTH - 170.0 - 56.0
    parts = []
    for place, value in enumerate(values):
        y, wide = place * _ROW, max(value.rows / most * room, 1.0)
        parts += [
            svg.text(label - 8, y + 14, _shortened(value.value), "label", "end"),
            svg.bar(label, y + 3, wide, 14, "fill-soft", f"{value.value}: {value.rows:,} rows"),
            svg.text(label + wide + 6, y + 14, share(value.rows / given, 1), "figure"),
        ]
    words = "; ".join(f"{_shortened(value.value)}: {value.rows:,}" for value in values[:5])
    return svg.drawing(WIDTH, len(values) * _ROW + 2, name, "Most frequent values", words, *parts)


def heat(pairs: Sequence[Pair], name: str) -> Markup:
    """Every two columns' correlation as a square: the fuller, the stronger; a dashed edge where one falls as the other rises."""
    names = list(dict.fromkeys(column for pair in pairs for column in sorted((pair.one, pair.other))))
    cell = min(46.0, (WIDTH * 2 - 190) / max(len(names), 1))
    left, top = 190.0, 8.0
    strength = {frozenset((pair.one, pair.other)): pair.strength for pair in pairs}
    parts = []
    for row, one in enumerate(names):
        y = top + row * cell
        parts.append(svg.text(left - 10, y + cell / 2 + 4, _shortened(one), "label", "end"))
        for place, other in enumerate(names[:row]):
            parts += _square(left + place * cell, y, cell, strength.get(frozenset((one, other))), f"{one} and {other}")
        parts.append(svg.text(left + row * cell + 6, y + cell / 2 + 4, _shortened(one, 14), "tick"))
    strongest = sorted(pairs, key=lambda pair: -abs(pair.strength))[:3]
    words = "; ".join(f"{pair.one} and {pair.other}: {pair.strength:.2f}" for pair in strongest)
    width = left + len(names) * cell + 110
    return svg.drawing(width, top + len(names) * cell + 4, name, "Correlations", words, *parts)


def _square(x: float, y: float, cell: float, strength: float | None, hint: str) -> list[Markup]:
    if strength is None:
        return []
    parts = [
        svg.tag(
            "rect",
            svg.tag("title", f"{hint}: {strength:.2f}"),
            x=x + 1,
            y=y + 1,
            width=cell - 2,
            height=cell - 2,
            rx=2,
            class_="fill-accent" if strength >= 0 else "falls",
            fill_opacity=round(0.06 + 0.86 * abs(strength), 2),
        )
    ]
    if abs(strength) >= 0.1 and cell >= 30:
        tone = "on-full" if abs(strength) > 0.55 else "figure"
        parts.append(svg.text(x + cell / 2, y + cell / 2 + 4, f"{strength:.1f}".replace("-", "−"), tone, "middle"))
    return parts


def _bars(counts: Sequence[int], x: float, y: float, width: float, height: float) -> Markup:
    """Bars side by side as one shape: a page of a hundred charts stays small."""
    most, step = max([*counts, 1]), width / max(len(counts), 1)
    gap = min(1.0, step * 0.15)
    drawn = "".join(
        f"M{x + place * step:.1f} {y + height:.1f}v{-max(count / most * height, 0.8):.1f}h{step - gap:.1f}V{y + height:.1f}z"
        for place, count in enumerate(counts)
        if count
    )
    return svg.tag("path", d=drawn or f"M{x:.1f} {y:.1f}", class_="fill-soft")


def _beside(x: float, y: float) -> tuple[float, float]:
    return (x + 6, y + 10) if x < WIDTH * 0.7 else (x - 6, y + 10)


def _anchor(x: float) -> str:
    return "start" if x < WIDTH * 0.7 else "end"


def _shortened(words: str, most: int = _LONGEST_LABEL) -> str:
    plain = " ".join(words.split()) or "(spaces)"
    return plain if len(plain) <= most else plain[: most - 1] + "…"
