"""The model card's charts: each model with its error, each slice with its bias, chances against what came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from markupsafe import Markup

from patron.reports import svg
from patron.reports.card_story import by_words, gap_range, measured
from patron.reports.evidence import ValueDriver
from patron.reports.model_card import CalibrationPart, DriverRow, GroupRow, Measured, ModelResult, SliceRow
from patron.reports.wording import count, printable, share, short_day, short_money, signed_share

REACH: Final = 1.96
"""Standard errors on each side of a figure: its 95 % interval."""
MOST, LEAST = 1.0, -0.6
"""Gaps beyond these are drawn at the edge of the chart, with an arrow."""
_ROW, _HEAD, _MODEL = 22.0, 30.0, 46.0
Scale = Callable[[float], float]


def model_chart(results: Sequence[ModelResult], metric: str, currency: str, width: float, name: str) -> Markup:
    """The declared metric of each model: all folds with the 95 % interval, and each fold as a ring."""
    ends = [end for row in results for end in _ends(row.overall.get(metric))]
    ends += [fold.figures[metric].value or 0.0 for row in results for fold in row.folds if metric in fold.figures]
    ticks = svg.round_ticks(min(ends, default=0.0), max(ends, default=1.0), 3)
    left, right, top = 12.0, width - 14.0, 30.0
    bottom = top + len(results) * _MODEL

    def x_of(value: float) -> float:
        return left + (value - ticks[0]) / (ticks[-1] - ticks[0]) * (right - left)

    parts = []
    for tick in ticks:
        words = short_money(tick, currency) if metric in {"mae", "rmse"} else f"{tick:g}"
        parts += [
            svg.line(x_of(tick), top - 8, x_of(tick), bottom, "scale"),
            svg.text(x_of(tick), 14, words, "tick", "middle"),
        ]
    for place, row in enumerate(results):
        parts += _model(row, metric, currency, top + place * _MODEL, x_of, width)
    words = "; ".join(f"{row.title}: {measured(row.overall.get(metric), metric, currency)}" for row in results)
    return svg.drawing(width, bottom + 4, name, "Models by the declared metric", words, *parts)


def _model(row: ModelResult, metric: str, currency: str, y: float, x_of: Scale, width: float) -> list[Markup]:
    figure, champion = row.overall.get(metric), row.status == "champion"
    written, strong = measured(figure, metric, currency), " strong" if champion else ""
    parts = [
        svg.text(0, y + 11, row.title.partition(":")[0], f"name{strong}"),
        svg.text(width, y + 11, written, f"figure{strong}", "end"),
    ]
    for fold in row.folds:
        value = fold.figures[metric].value if metric in fold.figures else None
        if value is not None:
            hint = f"{short_day(fold.cutoff)}: {measured(fold.figures[metric], metric, currency)}"
            parts.append(svg.dot(x_of(value), y + 27, 3.6, "ring", hint))
    if figure is not None and figure.value is not None:
        low, high = _ends(figure)
        parts += [
            svg.line(x_of(low), y + 27, x_of(high), y + 27, "whisker" if champion else "whisker plain"),
            svg.dot(x_of(figure.value), y + 27, 5.4, "point" if champion else "point plain", written),
        ]
    return parts


@dataclass(frozen=True)
class _Line:
    """One line of a chart of gaps: what it is of, how far off, and whether that stands out."""

    label: str
    gap: Measured
    low: float | None
    high: float | None
    hint: str
    off: bool


def slice_chart(slices: Sequence[SliceRow], width: float, name: str) -> Markup:
    """Predicted above or below what came, slice by slice under their groupings, with 95 % intervals; ◆ marks those off."""
    lines = [(by_words(row.by), _slice_line(row)) for row in slices]
    return _gaps(lines, 0.1, width, name, "How far each slice is off")


def _slice_line(row: SliceRow) -> _Line:
    low, high = _ends(row.bias) if row.bias.error is not None else (None, None)
    written = measured(row.bias, "bias", "")
    hint = f"{by_words(row.by)} {row.name}: {written}, {count(row.customers, 'customer')}"
    return _Line(row.name.capitalize() if row.by == "tier" else row.name, row.bias, low, high, hint, row.off)


def fairness_chart(groups: Sequence[GroupRow], limit: float, width: float, name: str) -> Markup:
    """How much higher each declared group is valued than the rest, for what it brought, with the limit as a band."""
    lines = []
    for row in groups:
        hint = f"{by_words(row.by)} {row.name}: {gap_range(row.value)}, {count(row.customers, 'customer')}"
        gap, off = Measured(row.value.value), row.standing == "beyond"
        lines.append((by_words(row.by), _Line(row.name, gap, row.value.low, row.value.high, hint, off)))
    return _gaps(lines, limit, width, name, "How alike declared groups are valued")


def _gaps(lines: Sequence[tuple[str, _Line]], band: float, width: float, name: str, title: str) -> Markup:
    """Lines under their headings around a zero, a band of what is allowed behind them."""
    left, right, top = min(128.0, width * 0.36), width - 52.0, 26.0

    def x_of(value: float) -> float:
        return left + (min(max(value, LEAST), MOST) - LEAST) / (MOST - LEAST) * (right - left)

    drawn, y = [], top
    for heading, rows in groupby(lines, key=lambda line: line[0]):
        drawn.append(svg.text(0, y + 19, heading[:1].upper() + heading[1:], "head"))
        y += _HEAD
        for _, row in rows:
            drawn += _gap(row, y, left, width, x_of)
            y += _ROW
    frame = [svg.bar(x_of(-band), top - 4, x_of(band) - x_of(-band), y - top + 4, "allowed")]
    for tick in (-0.5, 0.0, 0.5, 1.0):
        words = "right" if tick == 0 else signed_share(tick)
        frame += [
            svg.line(x_of(tick), top - 4, x_of(tick), y, "axis-zero" if tick == 0 else "scale"),
            svg.text(x_of(tick), 14, words, "tick", "middle"),
        ]
    words = "; ".join(row.hint for _, row in lines)
    return svg.drawing(width, y + 6, name, title, words, *frame, *drawn)


def _gap(row: _Line, y: float, left: float, width: float, x_of: Scale) -> list[Markup]:
    middle, value = y + 9, row.gap.value
    label = printable(row.label)
    room = int((left - 14) / (12.5 * svg.LETTER_WIDTH))
    parts = [svg.text(left - 12, middle + 4, label if len(label) <= room else label[: room - 1] + "…", "label", "end")]
    if value is None:
        return [*parts, svg.text(width, middle + 4, "–", "figure", "end")]
    if row.low is not None and row.high is not None:
        parts.append(svg.line(x_of(row.low), middle, x_of(row.high), middle, "whisker" if row.off else "whisker plain"))
    parts.append(_mark(x_of(value), middle, row, value))
    return [*parts, svg.text(width, middle + 4, signed_share(value), "figure strong" if row.off else "figure", "end")]


def _mark(x: float, y: float, row: _Line, value: float) -> Markup:
    if not LEAST <= value <= MOST:
        way = 1 if value > MOST else -1
        points = [(x, y - 5), (x + 7 * way, y), (x, y + 5)]
    elif row.off:
        points = [(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)]
    else:
        return svg.dot(x, y, 4, "point plain", row.hint)
    shape = svg.path(points, "diamond" if row.off else "point plain", closed=True)
    return svg.tag("g", svg.tag("title", row.hint), shape)


def reliability_chart(part: CalibrationPart, width: float, name: str) -> Markup:
    """The chance said against the share that bought, tenth by tenth, with 95 % intervals; on the diagonal they agree."""
    left, top, bottom = 46.0, 12.0, 44.0
    height = min(width * 0.78, 360.0)
    across, down = width - left - 14, height - top - bottom

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * across, top + (1 - y) * down

    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        (x, y), (x0, y0) = at(tick, tick), at(0, 0)
        parts += [
            svg.line(x0, y, left + across, y, "scale"),
            svg.text(x0 - 8, y + 4, share(tick), "tick", "end"),
            svg.text(x, y0 + 18, share(tick), "tick", "middle"),
        ]
    parts.append(svg.path([at(0, 0), at(1, 1)], "even"))
    parts.append(svg.path([at(row.predicted, row.actual.value or 0.0) for row in part.table], "curve thin"))
    for row in part.table:
        low, high = _ends(row.actual)
        (x, y), (_, y_low), (_, y_high) = (at(row.predicted, v) for v in (row.actual.value or 0.0, low, high))
        hint = f"said {share(row.predicted)}, bought {share(row.actual.value)} of {row.rows:,}"
        parts += [svg.line(x, y_low, x, y_high, "whisker"), svg.dot(x, y, 4.6, "point", hint)]
    parts.append(svg.text(left + across, height - 6, "said to buy", "axis", "end"))
    parts.append(svg.text(left + 6, top + 10, "bought", "axis"))
    words = "; ".join(f"said {share(row.predicted)}, bought {share(row.actual.value)}" for row in part.table)
    return svg.drawing(width, height, name, "Chances of a purchase against what came", words, *parts)


def driver_bars(drivers: Sequence[DriverRow], width: float, name: str) -> Markup:
    """How far values move when an input is shuffled, input by input."""
    most = max((row.change for row in drivers), default=1.0) or 1.0
    parts = []
    for place, row in enumerate(drivers):
        y, long = place * 40.0, row.change / most * (width - 60)
        label = printable(row.feature.replace("_", " "))
        parts += [
            svg.text(0, y + 13, label, "name"),
            svg.bar(0, y + 19, max(long, 1.0), 12, "fill-accent", f"{label}: {share(row.change)}"),
            svg.text(long + 8, y + 29, share(row.change), "figure"),
        ]
    words = "; ".join(f"{row.feature}: {share(row.change)}" for row in drivers)
    return svg.drawing(width, len(drivers) * 40.0, name, "What the values depend on", words, *parts)


def value_driver_bars(drivers: Sequence[ValueDriver], width: float, name: str) -> Markup:
    """How large each thing's part in values is, as a share of all parts."""
    most = max((row.share for row in drivers), default=1.0) or 1.0
    parts = []
    for place, row in enumerate(drivers):
        y, long, label = place * 40.0, row.share / most * (width - 60), printable(row.noun)
        parts += [
            svg.text(0, y + 13, label, "name"),
            svg.bar(0, y + 19, max(long, 1.0), 12, "fill-accent", f"{label}: {share(row.share)}"),
            svg.text(long + 8, y + 29, share(row.share), "figure"),
        ]
    words = "; ".join(f"{row.noun}: {share(row.share)}" for row in drivers)
    return svg.drawing(width, len(drivers) * 40.0, name, "What moves the values", words, *parts)


def _ends(figure: Measured | None) -> tuple[float, float]:
    """The 95 % interval; the figure itself where it has no error."""
    if figure is None or figure.value is None:
        return 0.0, 0.0
    half = REACH * (figure.error or 0.0)
    return figure.value - half, figure.value + half
