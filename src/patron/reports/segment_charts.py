"""Pictures of stages, of what is measured beside a plain rule, of alerts and of engagement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from patron.reports import svg
from patron.reports.behaviour_story import alert_sentence
from patron.reports.segment_answers import AlertRow, Calm, Foresight
from patron.reports.segment_story import in_order, moving_views, view_name
from patron.reports.segment_tables import Engagement, GroupRow
from patron.reports.wording import count, number, share, short_number

_WIDE: Final = 400.0
_BAR: Final = 19.0


def group_bars(rows: Sequence[GroupRow], title: str, width: float, name: str) -> Markup:
    """Groups by their share of customers, beside the share of expected value that each holds."""
    label, row, top = min(165.0, width * 0.36), 27.0, 28.0
    room = (width - label) / 2 - 8
    most = max([share_of for one in rows for share_of in (one.customer_share, one.value_share or 0.0)], default=1.0)
    scale, second = (room - 62) / (most or 1.0), label + room + 16
    parts = [svg.text(label, 14, "Customers", "head"), svg.text(second, 14, "Expected value", "head")]
    for place, one in enumerate(rows):
        y, held = top + place * row, max(one.value_share or 0.0, 0.0)
        hint = f"{one.name}: {count(one.customers, 'customer')}"
        parts += [
            svg.text(label - 10, y + 14, one.name, "label", "end"),
            svg.bar(label, y, max(one.customer_share * scale, 1.0), _BAR, "fill-soft", hint),
            svg.text(label + one.customer_share * scale + 6, y + 14, share(one.customer_share), "figure"),
            svg.bar(second, y, max(held * scale, 1.0), _BAR, "fill-accent"),
            svg.text(second + held * scale + 6, y + 14, share(one.value_share), "figure"),
        ]
    words = "; ".join(f"{one.name}: {count(one.customers, 'customer')}" for one in rows)
    return svg.drawing(width, top + len(rows) * row, name, title, words, *parts)


@dataclass(frozen=True)
class _Pair:
    """Two figures of one thing: what a plain way gives as a ring, what is done as a dot."""

    label: str
    plain: float
    done: float
    figure: str


def calm_chart(calm: Calm, width: float, name: str) -> Markup:
    """Per view, moves undone within two weeks: raw as a ring, as published as a dot."""
    pairs = [
        _Pair(_capital(view_name(view)), view_told.raw.flaps, view_told.calm.flaps, f"{view_told.raw.flaps:,} → {view_told.calm.flaps:,}")
        for view, view_told in moving_views(calm).items()
    ]  # fmt: skip
    return _pairs(pairs, ("raw", "as published"), "Moves undone within two weeks", width, name)


def foresight_chart(foresight: dict[str, Foresight], width: float, name: str) -> Markup:
    """Per view, the share told rightly: saying that nothing changes as a ring, the model as a dot."""
    pairs = []
    for view, told in in_order(foresight).items():
        for what, plain, done in (
            ("customers", told.persistence, told.accuracy),
            ("money", told.money_persistence, told.money_accuracy),
        ):
            if plain is not None and done is not None:
                label = f"Next {view_name(view)}, by {what}"
                pairs.append(_Pair(label, plain, done, f"{share(plain)} → {share(done)}"))
    return _pairs(pairs, ("nothing changes", "model"), "Groups told rightly", width, name, shares=True)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _pairs(
    pairs: Sequence[_Pair], keys: tuple[str, str], title: str, width: float, name: str, *, shares: bool = False
) -> Markup:
    high = 1.0 if shares else max([figure for one in pairs for figure in (one.plain, one.done)], default=1.0)
    ticks = svg.round_ticks(0.0, high or 1.0, 4)
    left, right, top, row = 8.0, width - 8.0, 30.0, 46.0

    def x_of(value: float) -> float:
        return left + value / ticks[-1] * (right - left)

    parts = [
        svg.dot(left, 10, 5, "ring"),
        svg.text(left + 11, 14, keys[0], "label"),
        svg.dot(left + 30 + svg.text_width(keys[0], 12.5), 10, 5.4, "point plain"),
        svg.text(left + 41 + svg.text_width(keys[0], 12.5), 14, keys[1], "label"),
    ]
    floor = top + len(pairs) * row
    for tick in ticks:
        anchor = "start" if tick == ticks[0] else "end" if tick == ticks[-1] else "middle"
        words = share(tick) if shares else short_number(tick)
        parts += [
            svg.line(x_of(tick), top, x_of(tick), floor, "scale"),
            svg.text(x_of(tick), floor + 16, words, "tick", anchor),
        ]
    for place, one in enumerate(pairs):
        y = top + place * row
        parts += [
            svg.text(0, y + 17, one.label, "name halo"),
            svg.text(width, y + 17, one.figure, "figure halo", "end"),
            svg.line(x_of(one.plain), y + 33, x_of(one.done), y + 33, "whisker plain"),
            svg.dot(x_of(one.plain), y + 33, 5, "ring", f"{keys[0]}: {one.figure}"),
            svg.dot(x_of(one.done), y + 33, 5.4, "point plain", f"{keys[1]}: {one.figure}"),
        ]
    words = "; ".join(f"{one.label}: {keys[0]} to {keys[1]} {one.figure}" for one in pairs)
    return svg.drawing(width, floor + 22, name, title, words, *parts)


def alert_chart(rows: Sequence[AlertRow], width: float, name: str) -> Markup:
    """Per level of alert, the share that fell off on the past day, with the base rate as a line."""
    base = rows[0].base_rate if rows else 0.0
    most = max([base, *(row.precision for row in rows)], default=1.0) or 1.0
    left, top, row_height = 8.0, 26.0, 52.0
    room = width - left - 60

    def x_of(part: float) -> float:
        return left + part / most * room

    floor = top + len(rows) * row_height
    anchor = "start" if x_of(base) < width * 0.6 else "end"
    parts = [svg.text(x_of(base), 14, f"{share(base)} of all fell off", "note", anchor)]
    for place, row in enumerate(rows):
        y = top + place * row_height
        hint = f"{row.level}: {share(row.precision)} of {count(row.customers, 'customer')}"
        parts += [
            svg.text(left, y + 14, row.level.capitalize(), "name"),
            svg.text(width, y + 14, alert_sentence(row), "label", "end"),
            svg.bar(left, y + 21, max(x_of(row.precision) - left, 1.0), _BAR, "fill-accent" if place == 0 else "fill-soft", hint),
            svg.line(x_of(base), y + 18, x_of(base), y + 43, "promise"),
            svg.text(x_of(row.precision) + 7, y + 35, share(row.precision), "figure halo"),
        ]  # fmt: skip
    words = "; ".join(f"{row.level}: {share(row.precision)} fell off, of all {share(row.base_rate)}" for row in rows)
    return svg.drawing(width, floor - 4, name, "Alerts: how many were right", words, *parts)


def engagement_chart(engagement: Engagement, width: float, name: str) -> Markup:
    """Customers by engagement from 0 to 100 as a line over an area, the median marked."""
    left, top, height = 8.0, 26.0, 150.0 if width > _WIDE else 130.0
    floor, across = height - 24, width - 2 * left
    most, step = max(engagement.bins) or 1, across / len(engagement.bins)
    points = [
        (left + (place + 0.5) * step, floor - held / most * (floor - top)) for place, held in enumerate(engagement.bins)
    ]
    middle = left + engagement.median / 100 * across
    around = [(left, points[0][1]), *points, (left + across, points[-1][1])]
    anchor = "start" if engagement.median < 60 else "end"
    parts = [
        svg.path([(left, floor), *around, (left + across, floor)], "area", closed=True),
        svg.path(around, "curve"),
        svg.line(middle, top - 6, middle, floor, "mark"),
        svg.text(
            middle + (6 if anchor == "start" else -6), top - 8, f"median {engagement.median:.0f}", "callout", anchor
        ),
        svg.line(left, floor, left + across, floor, "axis-zero"),
    ]
    for tick in (0, 25, 50, 75, 100):
        where = "start" if tick == 0 else "end" if tick == 100 else "middle"
        parts.append(svg.text(left + tick / 100 * across, floor + 17, number(tick), "tick", where))
    width_of_bin = 100 // len(engagement.bins)
    words = "; ".join(
        f"{place * width_of_bin} to {(place + 1) * width_of_bin}: {held:,}"
        for place, held in enumerate(engagement.bins)
    )
    return svg.drawing(width, height, name, "Customers by engagement", words, *parts)
