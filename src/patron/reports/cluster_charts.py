"""Pictures of clusters: every grouping that was tried by its number of segments, and the map of customers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from markupsafe import Markup

from patron.reports import svg
from patron.reports.segment_answers import Candidate, Choice, Criteria, Picture, Profile
from patron.reports.wording import number, share

MOST_POINTS: Final = 800
COLOURS: Final = 8
DASHES: Final = 4
_WIDE: Final = 600.0
_EDGE: Final = 0.005
_AXIS: Final = 44.0
_NARROW: Final = 220.0
Scale = Callable[[float], float]


@dataclass(frozen=True)
class _Panel:
    """One criterion: its name, which way is better, and how its figures are written."""

    title: str
    better: str
    of: Callable[[Criteria], float | None]
    written: Callable[[float], str]


_PANELS: Final = (
    _Panel("Silhouette", "more is cleaner", lambda one: one.silhouette, lambda value: number(value, 2)),
    _Panel("Davies–Bouldin", "less is cleaner", lambda one: one.davies_bouldin, lambda value: number(value, 2)),
    _Panel("Calinski–Harabasz", "more is tighter", lambda one: one.calinski_harabasz, lambda value: number(value, 0)),
    _Panel("Stability", "1: found again", lambda one: one.stability, lambda value: number(value, 2)),
    _Panel("Smallest segment", "of customers", lambda one: one.smallest_share, lambda value: share(value)),
    _Panel("Value told", "1: told fully", lambda one: one.value_told, lambda value: number(value, 2)),
)


def candidates_chart(choice: Choice, width: float, name: str) -> Markup:
    """Six small charts, a line per algorithm over the number of segments; what was chosen is strong and marked."""
    tried = [one for one in choice.candidates if one.k > 1]
    classes = {algorithm: class_ for class_, algorithm, _ in legend(choice)}
    columns, height = (3, 176.0) if width > _WIDE else (2, 168.0)
    gap = 26.0 if columns > 2 else 14.0
    room = (width - gap * (columns - 1)) / columns
    parts = []
    for place, panel in enumerate(_PANELS):
        x, y = place % columns * (room + gap), place // columns * height
        parts += _panel(panel, tried, choice.chosen, classes, (x, y, room, height - 34))
    words = "; ".join(_in_words(one) for one in tried)
    rows = math.ceil(len(_PANELS) / columns)
    return svg.drawing(width, rows * height - 12, name, "Groupings tried, by number of segments", words, *parts)


def leading(choice: Choice) -> str:
    """The algorithm whose line is strong: the chosen one, else that of the best score."""
    if choice.chosen is not None:
        return choice.chosen.algorithm
    scored = [one for one in choice.candidates if one.k > 1]
    return max(scored, key=lambda one: one.score or 0.0).algorithm if scored else ""


def legend(choice: Choice) -> tuple[tuple[str, str, str], ...]:
    """How each algorithm is drawn, which it is, and its title: the strong line first."""
    titles = {one.algorithm: one.title for one in choice.candidates if one.k > 1}
    leader = leading(choice)
    others = sorted(titles.keys() - {leader})
    drawn = [("strong", leader, titles[leader])] if leader in titles else []
    return (*drawn, *((f"other-{place % DASHES}", other, titles[other]) for place, other in enumerate(others)))


def _in_words(one: Candidate) -> str:
    return f"{one.title} with {one.k}: silhouette {number(one.criteria.silhouette, 2)}, stability {number(one.criteria.stability, 2)}"


def _panel(
    panel: _Panel,
    tried: Sequence[Candidate],
    chosen: Candidate | None,
    classes: dict[str, str],
    box: tuple[float, float, float, float],
) -> list[Markup]:
    left, top, width, height = box
    figures = [value for one in tried if (value := panel.of(one.criteria)) is not None]
    low, high = min(figures, default=0.0), max(figures, default=1.0)
    ks = [one.k for one in tried] or [2]
    first, last = min(ks), max(max(ks), min(ks) + 1)
    narrow = width < _NARROW
    floor, ceiling = top + height, top + (44 if narrow else 34)

    def x_of(k: float) -> float:
        return left + _AXIS + (k - first) / (last - first) * (width - _AXIS - 8)

    def y_of(value: float) -> float:
        return (
            floor - 6 - (value - low) / (high - low) * (floor - ceiling - 12) if high > low else (floor + ceiling) / 2
        )

    parts = [
        svg.text(left, top + 12, panel.title, "head"),
        svg.text(
            left if narrow else left + width,
            top + (27 if narrow else 12),
            panel.better,
            "tick",
            "start" if narrow else "end",
        ),
        svg.line(left + _AXIS - 8, floor, left + width, floor, "scale"),
        *(
            svg.text(left + _AXIS - 14, y_of(value) + 4, panel.written(value), "tick", "end")
            for value in sorted({low, high})
        ),
    ]
    if chosen is not None:
        parts.append(svg.line(x_of(chosen.k), ceiling - 8, x_of(chosen.k), floor, "mark"))
    for algorithm, class_ in reversed(classes.items()):
        parts += _line(panel, [one for one in tried if one.algorithm == algorithm], class_, x_of, y_of)
    parts += [svg.text(x_of(k), floor + 15, str(k), "tick", "middle") for k in sorted(set(ks))]
    value = panel.of(chosen.criteria) if chosen is not None else None
    if chosen is not None and value is not None:
        anchor = "end" if x_of(chosen.k) > left + width * 0.7 else "start"
        away = -9 if anchor == "end" else 9
        parts += [
            svg.dot(x_of(chosen.k), y_of(value), 5, "point"),
            svg.text(x_of(chosen.k) + away, y_of(value) - 9, panel.written(value), "strong halo", anchor),
        ]
    return parts


def _line(panel: _Panel, rows: Sequence[Candidate], class_: str, x_of: Scale, y_of: Scale) -> list[Markup]:
    ordered = sorted(rows, key=lambda one: one.k)
    known = [(one.k, value, one) for one in ordered if (value := panel.of(one.criteria)) is not None]
    points = [(x_of(k), y_of(value)) for k, value, _ in known]
    drawn = [svg.path(points, f"tried {class_}")] if len(points) > 1 else []
    if class_ == "strong" or len(points) == 1:
        for (x, y), (k, value, one) in zip(points, known, strict=True):
            drawn.append(svg.dot(x, y, 2.6, f"tried-dot {class_}", f"{one.title}, {k}: {panel.written(value)}"))
    return drawn


def drawn_rows(picture: Picture) -> tuple[int, ...]:
    """The points that are drawn: every one, or every so many of a large sample."""
    size = min(len(picture.coordinates), len(picture.labels))
    return tuple(range(0, size, max(1, -(-size // MOST_POINTS))))


def shown_variance(picture: Picture) -> float | None:
    """The share of what sets customers apart that the first two axes keep; None where distances are bent."""
    if picture.explained_variance is None or picture.method != "pca" or not picture.coordinates:
        return None
    spreads = [_variance([point[axis] for point in picture.coordinates]) for axis in range(len(picture.coordinates[0]))]
    whole = sum(spreads)
    return picture.explained_variance * sum(spreads[:2]) / whole if whole > 0 else None


def _variance(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values)


def cluster_map(picture: Picture, profiles: Sequence[Profile], width: float, name: str) -> Markup:
    """Customers as points on two axes, a colour per cluster, with its number at its middle."""
    rows = drawn_rows(picture)
    height = width * (0.5 if width > _WIDE / 2 + 50 else 0.9)
    xs, ys = ([picture.coordinates[row][axis] for row in rows] for axis in (0, 1))
    x_of, y_of = _fitted(xs, 14.0, width - 14.0), _fitted(ys, height - 14.0, 14.0)
    parts, middles = [], []
    for label in sorted({picture.labels[row] for row in rows}):
        points = [(x_of(x), y_of(y)) for x, y, row in zip(xs, ys, rows, strict=True) if picture.labels[row] == label]
        parts.append(_points(points, f"dots group-{label % COLOURS}" if label >= 0 else "dots group-none"))
        if label >= 0:
            middles.append((label, _middle([x for x, _ in points]), _middle([y for _, y in points])))
    if len(middles) > 1:
        for label, x, y in middles:
            parts += [
                svg.dot(x, y, 11, f"badge group-{label % COLOURS}"),
                svg.text(x, y + 4, str(label + 1), "badge-no", "middle"),
            ]
    words = "; ".join(f"{one.label + 1}: {one.name}, {share(one.share)} of customers" for one in profiles)
    return svg.drawing(width, height, name, "Map of customers by cluster", words, *parts)


def _points(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """Many dots as one path of lines without length, which round ends make visible: a tenth of the weight of circles."""
    placed = sorted((round(x), round(y)) for x, y in points)
    steps = ((x - before_x, y - before_y) for (before_x, before_y), (x, y) in pairwise([(0, 0), *placed]))
    drawn = "".join(f"m{across}{'' if down < 0 else ' '}{down}h0" for across, down in steps)
    return svg.tag("path", d=drawn, class_=class_)


def _fitted(values: Sequence[float], start: float, stop: float) -> Scale:
    """A scale over all but the outermost values, which are drawn at the edge."""
    ordered = sorted(values)
    cut = int(len(ordered) * _EDGE)
    low, high = (ordered[cut], ordered[-1 - cut]) if ordered else (0.0, 1.0)
    return lambda value: start + (min(max(value, low), high) - low) / ((high - low) or 1.0) * (stop - start)


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
