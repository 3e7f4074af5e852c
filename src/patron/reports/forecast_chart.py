"""The chart of revenue by month: what was, what is expected with its bounds, and both views behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from patron.reports import svg
from patron.reports.evidence import ForecastEvidence, MonthAhead
from patron.reports.wording import exact_money, money_range, short_money

MOST_PAST = 24
Place = Callable[[int, float], tuple[float, float]]


def forecast_chart(forecast: ForecastEvidence, currency: str, width: float, name: str) -> Markup:
    """The last months as a line; those ahead as dots with whiskers, the customers' view as a ring, the series' as a diamond."""
    past = forecast.history[-MOST_PAST:] if width > 500 else forecast.history[-10:]
    labels = [month.month for month in past] + [month.month for month in forecast.months]
    values = [float(month.value) for month in past] + [value for month in forecast.months for value in _all(month)]
    ticks = svg.round_ticks(min(0.0, *values), max(0.0, *values), 3)
    left, top, height = 56.0, 40.0, 270.0
    down, across = height - top - 30, width - left - 26
    step = across / max(len(labels) - 1, 1)

    def at(place: int, value: float) -> tuple[float, float]:
        return left + place * step, top + (ticks[-1] - value) / (ticks[-1] - ticks[0]) * down

    parts = [*_legend(left, narrow=width <= 500), *_scale(ticks, at, left, across, currency)]
    points = [at(place, float(month.value)) for place, month in enumerate(past)]
    if len(points) > 1:
        parts.append(svg.path(points, "curve"))
    for month, (x, y) in zip(past, points, strict=True):
        parts.append(svg.dot(x, y, 2.6, "point", f"{month.month}: {exact_money(float(month.value), currency)}"))
    border = at(len(past), 0)[0] - step / 2
    parts.append(svg.line(border, top - 6, border, top + down, "promise"))
    for place, ahead in enumerate(forecast.months, start=len(past)):
        parts += _ahead(ahead, place, at, currency)
    every = max(1, -(-len(labels) * 58 // int(across)))
    for place in range(len(labels) - 1, -1, -every):
        parts.append(svg.text(at(place, 0)[0], height - 8, labels[place], "tick", "middle"))
    return svg.drawing(width, height, name, "Revenue by month, past and expected", _words(forecast, currency), *parts)


def _all(month: MonthAhead) -> list[float]:
    bounds = [bound for bound in (month.low, month.high) if bound is not None]
    return [month.expected, month.bottom_up, month.top_down, *bounds]


def _legend(left: float, *, narrow: bool) -> list[Markup]:
    gap = 84.0 if narrow else 150.0
    words = (
        ("expected", "customers", "series")
        if narrow
        else ("expected, 80% interval", "from customers", "from the series")
    )
    return [
        svg.line(left + 6, 6, left + 6, 22, "whisker"),
        svg.dot(left + 6, 14, 4.5, "point plain"),
        svg.text(left + 16, 18, words[0], "label"),
        svg.dot(left + gap + 20, 14, 4.5, "ring"),
        svg.text(left + gap + 30, 18, words[1], "label"),
        _diamond(left + 2 * gap + 20, 14),
        svg.text(left + 2 * gap + 30, 18, words[2], "label"),
    ]


def _scale(ticks: Sequence[float], at: Place, left: float, across: float, currency: str) -> list[Markup]:
    parts = []
    for tick in ticks:
        y = at(0, tick)[1]
        parts += [
            svg.line(left, y, left + across, y, "scale"),
            svg.text(left - 8, y + 4, short_money(tick, currency), "tick", "end"),
        ]
    return parts


def _ahead(month: MonthAhead, place: int, at: Place, currency: str) -> list[Markup]:
    x, y = at(place, month.expected)
    parts = []
    hint = f"{month.month}: {exact_money(round(month.expected), currency)} expected"
    if month.low is not None and month.high is not None:
        parts.append(svg.line(x, at(place, month.low)[1], x, at(place, month.high)[1], "whisker"))
        hint += f", 80% interval {money_range(month.low, month.high, currency)}"
    parts += [
        svg.dot(
            x - 6,
            at(place, month.bottom_up)[1],
            4,
            "ring",
            f"{month.month} from customers: {short_money(month.bottom_up, currency)}",
        ),
        _diamond(x + 6, at(place, month.top_down)[1]),
        svg.dot(x, y, 4.5, "point plain", hint),
    ]
    return parts


def _diamond(x: float, y: float) -> Markup:
    return svg.path([(x, y - 4.5), (x + 4.5, y), (x, y + 4.5), (x - 4.5, y)], "ring", closed=True)


def _words(forecast: ForecastEvidence, currency: str) -> str:
    return "; ".join(
        f"{month.month}: {short_money(month.expected, currency)} expected, {short_money(month.bottom_up, currency)} from "
        f"customers, {short_money(month.top_down, currency)} from the series"
        for month in forecast.months
    )
