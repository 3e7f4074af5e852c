"""Pictures of how well models fit: they show themselves in a notebook and can be saved as SVG files.

Drawn with the report's own pencils (``patron.reports.svg``) but carrying their style inside, so that a picture is whole
wherever it is put. Colours are Okabe and Ito's, which colour-blind readers can tell apart; each model also has an own
dash and mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from markupsafe import Markup

from patron.errors import StorageFailed, UsageError
from patron.models.arrays import Floats
from patron.models.buying.fit_checks import ByFrequency, Distribution, Frequencies, Tracking
from patron.models.buying.uncertainty import Interval
from patron.reports import svg
from patron.reports.wording import count, share, short_number

WIDTH: Final = 760.0
_HEIGHT: Final = 430.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 24.0, 92.0, 66.0
_ACTUAL: Final = "#1c2127"
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_DASHES: Final = ("none", "9 4", "2.5 3.5", "11 4 2.5 4", "5 3", "1.5 2.5")
_MOST: Final = len(_COLOURS)

_STYLE: Final = (
    'text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Liberation Sans",Arial,sans-serif;'
    "fill:#1c2127;font-variant-numeric:tabular-nums}"
    '.title{font:600 19px "Iowan Old Style","Palatino Linotype",Palatino,Georgia,"Liberation Serif",serif}'
    ".paper{fill:#fffefb}.tick{font-size:12px;fill:#5b626c}.axis,.note{font-size:12.5px;fill:#5b626c}"
    ".scale{stroke:#ebe7dd}.base{stroke:#5b626c}.until{stroke:#5b626c;stroke-dasharray:3 4}"
    f".curve{{fill:none;stroke:{_ACTUAL};stroke-width:2.4;stroke-linejoin:round}}.bars{{fill:#c9ccd0}}"
    f".actual{{fill:{_ACTUAL}}}.band{{fill:#0072b2;opacity:.16}}"
    + "".join(
        f".line-{k}{{fill:none;stroke:{colour};stroke-width:2.4;stroke-dasharray:{dash};stroke-linejoin:round}}"
        f".fill-{k}{{fill:{colour}}}"
        for k, (colour, dash) in enumerate(zip(_COLOURS, _DASHES, strict=True))
    )
)


@dataclass(frozen=True)
class Plot:
    """A finished picture. Notebooks show it; ``save`` writes it as an SVG file, which browsers and editors open."""

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file that ends in .svg and return where; StorageFailed when the disk refuses."""
        target = Path(path)
        if target.suffix.lower() != ".svg":
            raise UsageError(f"The picture cannot be saved as '{target.name}'.", allowed="The name must end in .svg.")
        try:
            target.write_text(self.svg, encoding="utf-8")
        except OSError as error:
            raise StorageFailed(f"Cannot write {target}: {error.strerror}.", to_do="Choose another folder.") from error
        return target


@dataclass(frozen=True)
class _Frame:
    """The scales of one picture: data to points on the paper."""

    xs: tuple[float, float]
    ticks: tuple[float, ...]

    def x(self, value: float) -> float:
        room = self.xs[1] - self.xs[0] or 1.0
        return _LEFT + (value - self.xs[0]) / room * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        room = self.ticks[-1] - self.ticks[0]
        return _TOP + (self.ticks[-1] - value) / room * (_HEIGHT - _TOP - _BOTTOM)

    def points(self, xs: Floats, ys: Floats) -> list[tuple[float, float]]:
        """The points of a line, without those that have no value."""
        return [(self.x(float(a)), self.y(float(b))) for a, b in zip(xs, ys, strict=True) if np.isfinite(b)]


def tracking_plot(tracking: Tracking, title: str = "", per_period: bool = False) -> Plot:
    """Repeat purchases over time, actual beside expected: cumulated, or those of each period."""
    shown = tracking.per_period() if per_period else tracking
    what = f"Repeat purchases per {_step(shown)}" if per_period else "Cumulative repeat purchases"
    frame = _frame((0.0, float(shown.times[-1])), shown.actual, *shown.expected.values())
    parts = [*_grid(frame), *_time_axis(frame, f"{shown.unit}s since the clock started")]
    if shown.calibration_end is not None:
        parts += _until(frame, shown.calibration_end)
    start = ([], []) if per_period else ([0.0], [0.0])
    parts.append(svg.path(_from(frame, start, shown.times, shown.actual), "curve"))
    for place, values in enumerate(_few(shown.expected).values()):
        parts.append(svg.path(_from(frame, start, shown.times, values), f"line-{place}"))
    words = _ends("by the end", shown.actual[-1], {name: v[-1] for name, v in shown.expected.items()})
    return _picture(title or what, what, words, ["actual", *shown.expected], "lines", parts)


def frequency_plot(found: Frequencies, title: str = "") -> Plot:
    """Customers by number of repeat purchases: actual as grey columns, each model's expectation as a column beside."""
    parts = _columns(found.counts, {"actual": found.actual, **_few(found.expected)}, open_ended=True, unit="customer")
    words = "; ".join(
        f"{_at_least(k, found.counts)}: actual {found.actual[k]:,.0f}"
        + "".join(f", {name} {values[k]:,.0f}" for name, values in found.expected.items())
        for k in range(len(found.counts))
    )
    return _picture(
        title or "Customers by repeat purchases", "Customers", words, ["actual", *found.expected], "columns", parts
    )


def distribution_plot(found: Distribution, title: str = "") -> Plot:
    """The chance of each number of repeat purchases that a new customer makes, by each model."""
    parts = _columns(found.counts, _few(found.chances), open_ended=False, unit="")
    words = "; ".join(f"{name}: {values[0]:.3f} for none" for name, values in found.chances.items())
    heading = title or f"Repeat purchases of a new customer in {_length(found.periods, found.unit)}"
    return _picture(heading, "Probability", words, list(found.chances), "columns", parts)


def by_frequency_plot(found: ByFrequency, title: str = "") -> Plot:
    """Mean purchases in the holdout by frequency before it: actual as dots on a line beside what was expected."""
    frame = _frame((-0.4, float(found.counts[-1]) + 0.4), found.actual, *found.expected.values())
    parts = _grid(frame)
    for k in range(len(found.counts)):
        x = frame.x(float(k))
        parts += [
            svg.text(x, _HEIGHT - _BOTTOM + 18, _at_least(k, found.counts), "tick", "middle"),
            svg.text(x, _HEIGHT - _BOTTOM + 35, short_number(float(found.customers[k])), "tick", "middle"),
        ]
    parts += [
        svg.text(WIDTH - _RIGHT, _HEIGHT - 12, "repeat purchases before the cutoff", "axis", "end"),
        svg.text(_LEFT - 8, _HEIGHT - _BOTTOM + 35, "customers", "tick", "end"),
        svg.path(frame.points(found.counts, found.actual), "curve"),
    ]
    for place, values in enumerate(_few(found.expected).values()):
        spots = frame.points(found.counts, values)
        parts += [svg.path(spots, f"line-{place}"), *(_mark(place, x, y) for x, y in spots)]
    parts += [svg.dot(x, y, 4.2, "actual") for x, y in frame.points(found.counts, found.actual)]
    what = f"Mean purchases in the {_length(found.periods, found.unit)} after the cutoff"
    last = {name: values[-1] for name, values in found.expected.items()}
    words = _ends(f"with {_at_least(len(found.counts) - 1, found.counts)}", found.actual[-1], last)
    return _picture(title or what, what, words, ["actual", *found.expected], "lines", parts)


def renewal_plot(
    curve: Interval, actual: Sequence[float] = (), unit: str = "month", name: str = "expected", title: str = ""
) -> Plot:
    """The share of a cohort still under contract over renewal occasions, with its band; actual shares as dots."""
    steps = np.arange(float(len(curve.estimate)))
    frame = _Frame((0.0, float(steps[-1])), (0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
    edge = frame.points(steps, curve.high) + frame.points(steps, curve.low)[::-1]
    parts = [
        *_grid(frame, share),
        *_time_axis(frame, f"renewal occasions, one a {unit}"),
        svg.path(edge, "band", closed=True),
    ]
    parts.append(svg.path(frame.points(steps, curve.estimate), "line-0"))
    observed = np.array(actual, dtype=np.float64)
    parts += [svg.dot(x, y, 4.2, "actual") for x, y in frame.points(steps[: len(observed)], observed)]
    words = f"After {len(steps) - 1} occasions {curve.estimate[-1]:.0%} are expected to be there still."
    labels = [*(["actual"] if len(observed) else []), f"{name}, with its {curve.level:.0%} band"]
    return _picture(title or "Renewal curve", "Share still there", words, labels, "dots", parts)


def _picture(title: str, what: str, words: str, labels: Sequence[str], kind: str, parts: Sequence[Markup]) -> Plot:
    """The whole picture: paper, title, legend, the name of the upright axis, and the drawing."""
    head = [
        svg.tag("style", Markup(_STYLE)),  # noqa: S704 - ours
        svg.tag("rect", x=0, y=0, width=WIDTH, height=_HEIGHT, class_="paper"),
        svg.text(18, 32, title, "title"),
        *([] if what == title else [svg.text(18, _TOP - 24, what, "axis")]),
        *_legend(labels, kind),
    ]
    whole = svg.tag(
        "svg",
        svg.tag("title", title),
        svg.tag("desc", words),
        *head,
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:.0f} {_HEIGHT:.0f}",
        width=WIDTH,
        height=_HEIGHT,
        role="img",
        aria_label=f"{title}. {words}",
    )
    return Plot(str(whole))


def _legend(labels: Sequence[str], kind: str) -> list[Markup]:
    """Samples of every line or column with its name, at the right under the title."""
    # Capitals run wider than letters on average: room for a model's name costs little.
    widths = [svg.text_width(label, 14.5) + 46 for label in labels]
    x, y, drawn = WIDTH - _RIGHT - sum(widths) + 14, 54.0, []
    models = 0
    for label, width in zip(labels, widths, strict=True):
        is_actual = label == "actual"
        drawn.append(_sample(x, y, None if is_actual else models, kind))
        drawn.append(svg.text(x + 28, y + 4.5, label))
        models += not is_actual
        x += width
    return drawn


def _sample(x: float, y: float, place: int | None, kind: str) -> Markup:
    if kind == "columns":
        return svg.bar(x + 6, y - 7, 15, 14, "bars" if place is None else f"fill-{place}")
    if place is None and kind == "dots":
        return svg.dot(x + 11, y, 4.2, "actual")
    return svg.line(x, y, x + 22, y, "curve" if place is None else f"line-{place}")


def _grid(frame: _Frame, written: Callable[[float], str] = short_number) -> list[Markup]:
    parts = []
    for tick in frame.ticks:
        y = frame.y(tick)
        parts += [
            svg.line(_LEFT, y, WIDTH - _RIGHT, y, "base" if tick == 0 else "scale"),
            svg.text(_LEFT - 10, y + 4, written(tick), "tick", "end"),
        ]
    return parts


def _time_axis(frame: _Frame, words: str) -> list[Markup]:
    ticks = [tick for tick in svg.round_ticks(*frame.xs, 8) if frame.xs[0] <= tick <= frame.xs[1] * 1.001]
    named = [svg.text(frame.x(tick), _HEIGHT - _BOTTOM + 18, f"{tick:g}", "tick", "middle") for tick in ticks]
    return [*named, svg.text(WIDTH - _RIGHT, _HEIGHT - 12, words, "axis", "end")]


def _until(frame: _Frame, end: float) -> list[Markup]:
    x = frame.x(end)
    return [
        svg.line(x, _TOP, x, _HEIGHT - _BOTTOM, "until"),
        svg.text(x - 8, _HEIGHT - _BOTTOM - 10, "learned from", "note", "end"),
        svg.text(x + 8, _HEIGHT - _BOTTOM - 10, "holdout", "note"),
    ]


def _columns(counts: Floats, series: Mapping[str, Floats], open_ended: bool, unit: str) -> list[Markup]:
    """Groups of columns, one group for each count and one column for each series."""
    frame = _frame((-0.5, float(counts[-1]) + 0.5), *series.values())
    parts = _grid(frame)
    slot = frame.x(1.0) - frame.x(0.0)
    wide, models = slot * 0.78 / len(series), [name for name in series if name != "actual"]
    for place, (name, values) in enumerate(series.items()):
        class_ = "bars" if name == "actual" else f"fill-{models.index(name)}"
        for k, value in enumerate(values):
            x = frame.x(float(k)) - slot * 0.39 + place * wide
            told = count(round(float(value)), unit) if unit else f"{value:.4f}"
            hint = f"{name}, {_at_least(k, counts) if open_ended else k}: {told}"
            parts.append(
                svg.bar(x, frame.y(float(value)), wide - 1, frame.y(0.0) - frame.y(float(value)), class_, hint, 1)
            )
    for k in range(len(counts)):
        words = _at_least(k, counts) if open_ended else str(k)
        parts.append(svg.text(frame.x(float(k)), _HEIGHT - _BOTTOM + 18, words, "tick", "middle"))
    return [*parts, svg.text(WIDTH - _RIGHT, _HEIGHT - 12, "repeat purchases", "axis", "end")]


def _mark(place: int, x: float, y: float) -> Markup:
    """A model's own mark, so that shape tells it apart where colour does not."""
    shapes: tuple[list[tuple[float, float]], ...] = (
        [(-4, -4), (4, -4), (4, 4), (-4, 4)],
        [(0, -5.4), (5, 4), (-5, 4)],
        [(0, -5.6), (5.6, 0), (0, 5.6), (-5.6, 0)],
    )
    shape = shapes[place % len(shapes)]
    return svg.path([(x + a, y + b) for a, b in shape], f"fill-{place}", closed=True)


def _frame(xs: tuple[float, float], *series: Floats) -> _Frame:
    values = np.concatenate([np.asarray(one)[np.isfinite(one)] for one in series])
    return _Frame(xs, tuple(svg.round_ticks(0.0, max(float(values.max(initial=0.0)), 1e-9), 5)))


def _from(frame: _Frame, start: tuple[list[float], list[float]], xs: Floats, ys: Floats) -> list[tuple[float, float]]:
    return frame.points(np.array([*start[0], *xs]), np.array([*start[1], *ys]))


def _few(series: Mapping[str, Floats]) -> Mapping[str, Floats]:
    if len(series) > _MOST:
        raise UsageError(f"{len(series)} models in one picture.", allowed=f"At most {_MOST} can be told apart.")
    return series


def _ends(when: str, actual: float, expected: Mapping[str, float]) -> str:
    figure = ".0f" if max(abs(actual), 0.0) >= 20 else ".2f"
    each = "".join(f", {name} {value:,{figure}}" for name, value in expected.items())
    return f"Actual {when}: {actual:,{figure}}{each}."


def _at_least(k: int, counts: Floats) -> str:
    return f"{k} or more" if k == len(counts) - 1 else str(k)


def _step(tracking: Tracking) -> str:
    step = float(tracking.times[0])
    return tracking.unit if step == 1 else _length(step, tracking.unit)


def _length(periods: float, unit: str) -> str:
    return f"{periods:g} {unit}" if periods == 1 else f"{periods:g} {unit}s"
