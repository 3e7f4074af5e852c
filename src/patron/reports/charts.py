"""The report's charts, drawn by hand as SVG that takes its colours from the page.

Each function draws at the width it is given: the page carries a wide and a narrow drawing, so that letters
keep their size on a telephone. No chart tells anything by colour alone: marks are labelled or differ in shape.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from patron.reports import svg
from patron.reports.evidence import CoverageRow, DecileRow, MonthValue, ValueInterval
from patron.reports.questions import Lorenz, RfmRow, TierRow, ValueBand
from patron.reports.treemap import Box, squarify
from patron.reports.wording import (
    count,
    exact_money,
    money,
    money_range,
    rounding_step,
    share,
    short_money,
    short_number,
    tenth,
)


def band_label(band: ValueBand) -> str:
    """The bounds of a value band, without the currency: '100 – 200'."""
    if band.low is None:
        return "below 0"
    if band.high is None:
        return f"{short_number(band.low)} or more"
    if band.low == band.high:
        return "exactly 0"
    return (
        f"under {short_number(band.high)}" if band.low == 0 else f"{short_number(band.low)} – {short_number(band.high)}"
    )


def histogram(bands: Sequence[ValueBand], currency: str, width: float, name: str) -> Markup:
    """Customers by expected value, the most valuable on top, beside the value that each band holds."""
    customers = sum(band.customers for band in bands) or 1
    value = sum(max(band.value, 0.0) for band in bands)
    most = max((band.customers / customers for band in bands), default=1.0)
    most_value = max((max(band.value, 0.0) / value for band in bands), default=1.0) if value > 0 else 1.0
    label, row, top = min(112.0, width * 0.27), 27.0, 34.0
    room = (width - label) / 2 - 8
    scale = (room - 58) / max(most, most_value)
    second = label + room + 16
    parts = [svg.text(label, 18, "Customers", "head"), svg.text(second, 18, "Value they bring", "head")]
    for place, band in enumerate(reversed(bands)):
        y = top + place * row
        part, held = band.customers / customers, max(band.value, 0.0) / value if value > 0 else 0.0
        hint = f"{band_label(band)}: {count(band.customers, 'customer')}, {short_money(band.value, currency)}"
        parts += [
            svg.text(label - 10, y + 14, band_label(band), "label", "end"),
            svg.bar(label, y, max(part * scale, 1.0), 19, "fill-soft", hint),
            svg.text(label + part * scale + 6, y + 14, share(part), "figure"),
            svg.bar(second, y, max(held * scale, 1.0), 19, "fill-accent", hint),
            svg.text(second + held * scale + 6, y + 14, share(held), "figure"),
        ]
    words = "; ".join(f"{band_label(b)}: {b.customers:,} customers" for b in bands)
    return svg.drawing(width, top + len(bands) * row + 2, name, "Customers by expected value", words, *parts)


def lorenz_curve(curve: Lorenz, width: float, name: str) -> Markup:
    """Cumulative value over cumulative customers, the most valuable first, with the top fifth marked."""
    left, top, bottom = 46.0, 12.0, 44.0
    height = min(width * 0.72, 340.0)
    across, down = width - left - 14, height - top - bottom

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * across, top + (1 - y) * down

    points = [at(x, y) for x, y in curve.points]
    parts = []
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        (x, floor), (edge, y) = at(tick, 0), at(0, tick)
        parts += [
            svg.line(edge, y, left + across, y, "scale"),
            svg.text(edge - 8, y + 4, share(tick), "tick", "end"),
            svg.text(x, floor + 18, share(tick), "tick", "middle"),
        ]
    parts += [
        svg.path([at(0, 0), *points, at(1, 0)], "area", closed=True),
        svg.path([at(0, 0), at(1, 1)], "even"),
        svg.path(points, "curve"),
        svg.text(left + across, height - 6, "share of customers, the most valuable first", "axis", "end"),
    ]
    top_share = curve.top_20_share or 0.0
    x, y = at(0.2, top_share)
    parts += [
        svg.line(x, y, x, at(0, 0)[1], "mark"),
        svg.line(left, y, x, y, "mark"),
        svg.dot(x, y, 5, "point", f"The top 20% of customers bring {share(top_share)}"),
        svg.text(x + 12, y + 24, f"Top 20% bring {share(top_share)}", "callout"),
        svg.text(*at(0.98, 0.42), "if all were worth the same", "note", "end"),
    ]
    words = f"The top 20% of customers bring {share(top_share)} of the value. Gini {curve.gini or 0:.2f}."
    return svg.drawing(width, height, name, "Lorenz curve of expected value", words, *parts)


def tier_bars(tiers: Sequence[TierRow], width: float, name: str) -> Markup:
    """Two stacked bars, customers over value, joined tier by tier."""
    upper, lower, thick = 24.0, 172.0, 58.0
    parts = [svg.text(0, 15, "of customers", "head"), svg.text(0, lower + thick + 18, "of expected value", "head")]
    total = sum(max(t.value, 0.0) for t in tiers)
    starts = [0.0, 0.0]
    for tier in tiers:
        widths = [tier.customer_share * width, max(tier.value, 0.0) / total * width if total > 0 else 0.0]
        (a, b), (c, d) = ((s, s + w) for s, w in zip(starts, widths, strict=True))
        parts.append(
            svg.path(
                [(a, upper + thick), (b, upper + thick), (d, lower), (c, lower)], f"join tier-{tier.tier}", closed=True
            )
        )
        for x, wide, y, part in (
            (a, widths[0], upper, tier.customer_share),
            (c, widths[1], lower, widths[1] / width),
        ):
            hint = f"{tier.tier} tier: {share(part)}"
            parts.append(svg.bar(x, y, max(wide - 1, 0.5 if wide > 0 else 0.0), thick, f"tier-{tier.tier}", hint, 1))
            parts += _tier_label(x, y, wide, tier.tier, part)
        starts = [starts[0] + widths[0], starts[1] + widths[1]]
    words = "; ".join(
        f"{t.tier}: {share(t.customer_share)} of customers, {share(t.value_share)} of value" for t in tiers
    )
    return svg.drawing(width, lower + thick + 24, name, "Value tiers", words, *parts)


def _tier_label(x: float, y: float, wide: float, tier: str, part: float) -> list[Markup]:
    if wide < 52:
        return [svg.text(x + wide / 2, y + 34, tier[0].upper(), f"on-{tier}", "middle")] if wide > 14 else []
    return [
        svg.text(x + 10, y + 25, tier.capitalize(), f"on-{tier} strong"),
        svg.text(x + 10, y + 43, share(part), f"on-{tier}"),
    ]


def rfm_treemap(rows: Sequence[RfmRow], currency: str, width: float, height: float, name: str) -> Markup:
    """One box per RFM name, as large as its number of customers, coloured by standing."""
    present = sorted((row for row in rows if row.customers), key=lambda row: -row.customers)
    boxes = squarify([float(row.customers) for row in present], Box(0, 0, width, height)) if present else ()
    parts = [_treemap_cell(row, box, currency) for row, box in zip(present, boxes, strict=True)]
    words = "; ".join(f"{row.name}: {row.customers:,} customers" for row in present)
    return svg.drawing(width, height, name, "Customers by RFM name", words, *parts)


def _treemap_cell(row: RfmRow, box: Box, currency: str) -> Markup:
    hint = f"{row.name}: {count(row.customers, 'customer')}, {short_money(row.value, currency)} expected"
    parts = [svg.bar(box.x + 1, box.y + 1, box.width - 2, box.height - 2, f"cell {row.standing}", hint, 3)]
    y = box.y + 23
    for words, size, class_ in _cell_lines(row, box.width - 14):
        if svg.text_width(words, size) > box.width - 14 or y + 6 > box.y + box.height:
            break
        parts.append(svg.text(box.x + 10, y, words, class_))
        y += 18
    return svg.tag("g", *parts)


def _cell_lines(row: RfmRow, room: float) -> list[tuple[str, float, str]]:
    """What a box says, in lines that fit it: the name on one line or more, then shares or a plain count."""
    name = [row.name] if svg.text_width(row.name, 14.0) <= room else row.name.split()
    figures = [f"{share(row.customer_share)} of customers", f"{share(row.value_share)} of value"][
        : 1 if row.value_share is None else 2
    ]
    if max(svg.text_width(words, 12.0) for words in figures) > room:
        figures = [f"{row.customers:,}"]
    return [*((words, 14.0, "cell-name") for words in name), *((words, 12.0, "cell-text") for words in figures)]


def decile_chart(rows: Sequence[DecileRow], currency: str, width: float, name: str) -> Markup:
    """Mean value by tenth of predictions: predicted as bars, actual as diamonds."""
    ordered = sorted(rows, key=lambda row: -row.predicted_mean)
    means = [value for row in ordered for value in (row.predicted_mean, row.actual_mean)]
    ticks = svg.round_ticks(min(0.0, *means), max(0.0, *means))
    left, top, height = 52.0, 34.0, min(300.0, width * 0.75)
    down, across = height - top - 44, width - left - 4
    slot = across / len(ordered)

    def y_of(value: float) -> float:
        return top + (ticks[-1] - value) / (ticks[-1] - ticks[0]) * down

    parts = [
        svg.bar(left, 8, 12, 12, "fill-soft"),
        svg.text(left + 18, 18, "predicted", "label"),
        _diamond(left + 100, 14, ""),
        svg.text(left + 112, 18, "what happened", "label"),
    ]
    for tick in ticks:
        parts += [
            svg.line(left, y_of(tick), width, y_of(tick), "scale"),
            svg.text(left - 8, y_of(tick) + 4, short_money(tick, currency), "tick", "end"),
        ]
    for place, row in enumerate(ordered):
        x = left + place * slot
        hint = f"{tenth(place, len(ordered))} tenth: predicted {short_money(row.predicted_mean, currency)}, actual {short_money(row.actual_mean, currency)}"
        parts += [
            svg.bar(x + slot * 0.16, min(y_of(row.predicted_mean), y_of(0)), slot * 0.68,
                    abs(y_of(row.predicted_mean) - y_of(0)), "fill-soft", hint),
            _diamond(x + slot / 2, y_of(row.actual_mean), hint),
            svg.text(x + slot / 2, height - 26, tenth(place, len(ordered)), "tick", "middle"),
        ]  # fmt: skip
    parts.append(svg.text(width, height - 6, "tenths of customers by predicted value", "axis", "end"))
    words = "; ".join(
        f"{tenth(k, len(ordered))}: predicted {short_money(r.predicted_mean, currency)}, actual {short_money(r.actual_mean, currency)}"
        for k, r in enumerate(ordered)
    )
    return svg.drawing(width, height, name, "Predicted and actual value by tenth", words, *parts)


def _diamond(x: float, y: float, hint: str) -> Markup:
    mark = svg.path([(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)], "diamond", closed=True)
    return svg.tag("g", svg.tag("title", hint), mark) if hint else mark


def coverage_chart(rows: Sequence[CoverageRow], width: float, name: str) -> Markup:
    """Measured coverage per row as a dot, with the promised coverage as a line."""
    measured = [row for row in rows if row.measured is not None]
    low = min([0.5, *(row.measured or 0.0 for row in measured)])
    left, right, row_height, top = min(150.0, width * 0.34), 58.0, 52.0, 34.0
    across = width - left - right
    nominal = rows[0].nominal if rows else 0.8

    def x_of(part: float) -> float:
        return left + (part - low) / (1 - low) * across

    bottom = top + len(rows) * row_height
    parts = [
        svg.line(x_of(nominal), top - 8, x_of(nominal), bottom, "promise"),
        svg.text(x_of(nominal), 14, f"promised {share(nominal)}", "note", "middle"),
    ]
    for place, row in enumerate(rows):
        y = top + place * row_height + row_height / 2
        parts += [svg.text(left - 12, y + 4, row.label, "label", "end"), svg.line(left, y, left + across, y, "scale")]
        if row.measured is not None:
            hint = f"{row.label}: {share(row.measured, 1)} of {count(row.customers, 'customer')} fell inside"
            parts += [
                svg.line(x_of(nominal), y, x_of(row.measured), y, "gap"),
                svg.dot(x_of(row.measured), y, 6, "point", hint),
            ]
        parts.append(svg.text(width, y + 4, share(row.measured), "figure", "end"))
    words = "; ".join(f"{row.label}: promised {share(row.nominal)}, measured {share(row.measured)}" for row in rows)
    return svg.drawing(width, bottom + 6, name, "Interval coverage", words, *parts)


def monthly_line(months: Sequence[MonthValue], currency: str, width: float, name: str) -> Markup:
    """Net value month by month."""
    values = [float(month.value) for month in months]
    ticks = svg.round_ticks(min(0.0, *values), max(0.0, *values), 3)
    left, top, height = 56.0, 14.0, 210.0
    down, across = height - top - 30, width - left - 16
    step = across / max(len(months) - 1, 1)

    def at(place: int, value: float) -> tuple[float, float]:
        return left + place * step, top + (ticks[-1] - value) / (ticks[-1] - ticks[0]) * down

    parts = []
    for tick in ticks:
        y = at(0, tick)[1]
        parts += [
            svg.line(left, y, left + across, y, "scale"),
            svg.text(left - 8, y + 4, short_money(tick, currency), "tick", "end"),
        ]
    points = [at(place, value) for place, value in enumerate(values)]
    parts += [
        svg.path([at(0, 0), *points, at(len(points) - 1, 0)], "area", closed=True),
        svg.path(points, "curve"),
    ]
    every = max(1, -(-len(months) * 58 // int(across)))
    for place, (month, (x, y)) in enumerate(zip(months, points, strict=True)):
        parts.append(svg.dot(x, y, 2.6, "point", f"{month.month}: {exact_money(float(month.value), currency)}"))
        if place % every == 0:
            parts.append(svg.text(x, height - 8, month.month, "tick", "middle"))
    words = "; ".join(f"{month.month}: {exact_money(float(month.value), currency)}" for month in months)
    return svg.drawing(width, height, name, "Net value by month", words, *parts)


def interval_strip(total: ValueInterval, currency: str, width: float, name: str) -> Markup:
    """The expected total as a dot inside its interval."""
    pad = min(70.0, width * 0.2)
    x_low, x_high = pad, width - pad
    room = total.high - total.low
    x = x_low + (total.expected - total.low) / room * (x_high - x_low) if room > 0 else width / 2
    x = min(max(x, x_low), x_high)
    step = rounding_step(total.low, total.high)
    parts = [
        svg.bar(x_low, 15, x_high - x_low, 10, "fill-soft", money_range(total.low, total.high, currency), 5),
        svg.line(x_low, 10, x_low, 30, "end"),
        svg.line(x_high, 10, x_high, 30, "end"),
        svg.dot(x, 20, 8, "point", money(total.expected, currency, step)),
        svg.text(x_low, 48, money(total.low, currency, step), "label", "middle"),
        svg.text(x_high, 48, money(total.high, currency, step), "label", "middle"),
    ]
    words = (
        f"Expected {money(total.expected, currency, step)}, 80% interval {money_range(total.low, total.high, currency)}"
    )
    return svg.drawing(width, 54, name, "The expected total in its interval", words, *parts)


def interval_mark(low: float, expected: float, high: float, bounds: tuple[float, float], hint: str) -> Markup:
    """One customer's interval as a small bar, on a scale that the whole table shares."""
    width, room = 110.0, max(bounds[1] - bounds[0], 1e-9)
    left, middle, right = ((value - bounds[0]) / room * (width - 8) + 4 for value in (low, expected, high))
    return svg.tag(
        "svg",
        svg.tag("title", hint),
        svg.bar(left, 5, max(right - left, 1.0), 4, "fill-soft", "", 2),
        svg.dot(middle, 7, 3.5, "point"),
        viewBox=f"0 0 {width:.0f} 14",
        width="110",
        height="14",
        role="img",
    )
