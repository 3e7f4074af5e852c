"""Pictures of stages, alerts, engagement and what is held against a plain rule: named, described, and true to their figures."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from patron.reports.segment_answers import AlertRow, Calm, CalmView, Foresight, Steadiness
from patron.reports.segment_charts import alert_chart, calm_chart, engagement_chart, foresight_chart, group_bars
from patron.reports.segment_tables import Engagement, GroupRow

WIDTHS = pytest.mark.parametrize("width", [340.0, 500.0])


def read(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)  # noqa: S314 - our own


def words(drawing: ET.Element) -> list[str]:
    return [str(text.text) for text in drawing.iter("text")]


@WIDTHS
def test_bars_are_as_long_as_their_shares(width: float) -> None:
    rows = [GroupRow("Regular", 80, 0.8, 60.0, 0.6), GroupRow("Lapsed", 20, 0.2, 40.0, 0.4)]
    drawing = read(group_bars(rows, "Stages", width, "s"))
    long = [float(bar.attrib["width"]) for bar in drawing.iter("rect")]
    assert long[0] / long[2] == pytest.approx(4.0, rel=0.02)
    assert {"80%", "20%", "60%", "40%"} <= {*words(drawing)}


@WIDTHS
def test_rings_are_what_a_plain_rule_gives_and_dots_what_is_done(width: float) -> None:
    view = CalmView(Steadiness(200, 900, 9000), Steadiness(50, 800, 9000))
    drawing = read(calm_chart(Calm(14, 300, {"tier": view}), width, "c"))
    ring, dot = [float(one.attrib["cx"]) for one in drawing.iter("circle")][2:]
    assert (ring - 8) / (dot - 8) == pytest.approx(4.0, rel=0.01)
    assert "200 → 50" in words(drawing)


def test_foresight_is_drawn_by_customers_and_by_money_tiers_first() -> None:
    told = {view: Foresight("model", 9, 0.7, 0.65, 0.6, 0.5, True) for view in ("rfm_segment", "tier")}
    labels = words(read(foresight_chart(told, 500.0, "f")))
    assert labels.index("Next value tier, by customers") < labels.index("Next RFM name, by money")
    assert labels.count("60% → 70%") == 2


@WIDTHS
def test_alerts_stand_beside_the_base_rate(width: float) -> None:
    rows = [AlertRow("act now", 114, 0.66, 0.33), AlertRow("calm", 900, 0.3, 0.33)]
    drawing = read(alert_chart(rows, width, "a"))
    assert {"66%", "33% of all fell off", "2.0 times the base rate"} <= {*words(drawing)}
    base = {line.attrib["x1"] for line in drawing.iter("line") if line.attrib["class"] == "promise"}
    assert len(base) == 1


@WIDTHS
def test_the_median_stands_where_it_is_on_the_scale(width: float) -> None:
    drawing = read(engagement_chart(Engagement((5,) * 20, 50.0), width, "e"))
    (mark,) = [line for line in drawing.iter("line") if line.attrib["class"] == "mark"]
    assert float(mark.attrib["x1"]) == pytest.approx(width / 2)
