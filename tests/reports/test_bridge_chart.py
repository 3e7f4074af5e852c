"""The waterfall: every part that is not nothing, from where the one before it stopped, at any width."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import date

import pytest

from patron.reports.bridge_chart import bridge_chart
from patron.scores.bridge import PARTS, Sums

SINCE, TODAY = date(2026, 3, 5), date(2026, 3, 9)


def drawn(width: float, before: int = 9_000_000, **parts: int) -> ET.Element:
    told = {part: parts.get(part, 0) * 10_000 for part in PARTS}
    start = before * 10_000
    sums = Sums(5, 5, start, start + sum(told.values()), told)
    return ET.fromstring(bridge_chart(sums, "GBP", SINCE, TODAY, width, "bridge"))  # noqa: S314 - our own


def words(drawing: ET.Element) -> list[str]:
    return [str(text.text) for text in drawing.iter("text")]


@pytest.mark.parametrize("width", [340.0, 1000.0])
def test_each_part_begins_where_the_one_before_it_stopped(width: float) -> None:
    drawing = drawn(width, new=3_400, purchases=18_400, silence=-63_000)
    bars = [(float(bar.attrib["x"]), float(bar.attrib["width"])) for bar in drawing.iter("rect")]
    (new, wide), (bought, far), (silent, back) = bars
    assert new + wide == pytest.approx(bought, abs=0.02)
    assert silent + back == pytest.approx(bought + far, abs=0.02)
    assert back / wide == pytest.approx(63_000 / 3_400, rel=0.01)
    ends = [float(dot.attrib["cx"]) for dot in drawing.iter("circle")]
    assert ends == [pytest.approx(new, abs=0.02), pytest.approx(silent, abs=0.02)]


@pytest.mark.parametrize("width", [340.0, 1000.0])
def test_every_figure_stands_in_words_beside_its_name(width: float) -> None:
    drawing = drawn(width, new=3_400, silence=-63_000)
    shown = words(drawing)
    assert {"5 Mar 2026", "new customers", "+£3,400", "silence", "−£63,000", "9 Mar 2026"} <= set(shown)
    assert "refunds" not in shown
    assert "silence: −£63,000" in str(drawing.findtext("desc"))


@pytest.mark.parametrize("width", [340.0, 1000.0])
def test_nothing_is_drawn_outside(width: float) -> None:
    drawing = drawn(width, new=340_000, purchases=184_000, silence=-630_000, model_change=77, refunds=-3)
    height = float(drawing.attrib["viewBox"].split()[3])
    for mark in drawing.iter():
        for name, most in (("x", width), ("cx", width), ("x1", width), ("y", height), ("cy", height), ("y2", height)):
            assert -0.01 <= float(mark.attrib.get(name, 0)) <= most + 0.01
    for bar in drawing.iter("rect"):
        assert float(bar.attrib["x"]) + float(bar.attrib["width"]) <= width


def test_a_change_of_nothing_can_be_drawn() -> None:
    drawing = drawn(700.0)
    assert len(list(drawing.iter("circle"))) == 2
    assert list(drawing.iter("rect")) == []
