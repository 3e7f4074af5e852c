"""SVG elements as text that is safe to put into a page, and the scales that charts are drawn on."""

from __future__ import annotations

import math
from typing import Final

from markupsafe import Markup, escape

LETTER_WIDTH: Final = 0.56  # of the font size, on average, in the report's typeface


def tag(name: str, *children: str, **attributes: object) -> Markup:
    """One element; text among the children is escaped, ``class_`` and ``text_anchor`` are named as in SVG."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_written(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(children)
    return Markup(f"<{name}{written}>{inside}</{name}>")  # noqa: S704 - names are ours, values and children are escaped


def text(x: float, y: float, words: str, class_: str = "", anchor: str = "start") -> Markup:
    """Words at a point."""
    return tag("text", words, x=x, y=y, class_=class_ or None, text_anchor=None if anchor == "start" else anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def bar(x: float, y: float, width: float, height: float, class_: str, hint: str = "", radius: float = 2) -> Markup:
    """A rectangle that shows its hint when pointed at."""
    children = (tag("title", hint),) if hint else ()
    return tag("rect", *children, x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), rx=radius, class_=class_)


def dot(x: float, y: float, radius: float, class_: str, hint: str = "") -> Markup:
    """A circle that shows its hint when pointed at."""
    return tag("circle", *((tag("title", hint),) if hint else ()), cx=x, cy=y, r=radius, class_=class_)


def path(points: list[tuple[float, float]], class_: str, closed: bool = False) -> Markup:
    """Straight pieces through these points."""
    drawn = "L".join(f"{_written(x)} {_written(y)}" for x, y in points)
    return tag("path", d=f"M{drawn}{'Z' if closed else ''}", class_=class_)


def drawing(width: float, height: float, name: str, title: str, description: str, *children: str) -> Markup:
    """A whole chart, named and described for those who cannot see it."""
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", description, id=f"{name}-desc"),
        *children,
        viewBox=f"0 0 {_written(width)} {_written(height)}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        style=f"max-width:{_written(width * 1.2)}px",
    )


def text_width(words: str, size: float) -> float:
    """About how wide words run at this font size."""
    return len(words) * size * LETTER_WIDTH


def round_ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round numbers (1, 2, 2.5, 5 of some power of ten) from at most ``low`` to at least ``high``."""
    width = high - low
    if not width > 0:
        return [low, low + 1.0]
    raw = width / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((s * power for s in (1.0, 2.0, 2.5, 5.0) if s * power >= raw * 0.999), 10 * power)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [k * step for k in range(first, last + 1)]


def _written(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
