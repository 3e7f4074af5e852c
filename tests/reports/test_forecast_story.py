"""What the forecast by month says, in sentences and as a chart."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from patron.reports.evidence import CohortAhead, ForecastEvidence, MonthAhead, MonthValue
from patron.reports.forecast_chart import forecast_chart
from patron.reports.forecast_story import bounds, cohort_sentence, finding, gap, how

FORECAST = ForecastEvidence(
    months=(
        MonthAhead("2026-12", 1000.0, 1100.0, 900.0, low=800.0, high=1200.0),
        MonthAhead("2027-01", 500.0, 560.0, 440.0, low=400.0, high=600.0),
    ),
    cohorts=(
        CohortAhead("2026 Q3", 40.0, 900.0),
        CohortAhead("2026 Q4", 10.0, 300.0),
        CohortAhead("to come", 9.5, 300.0),
    ),
    history=tuple(MonthValue(f"2026-{month:02d}", Decimal(900 + month)) for month in range(1, 12)),
    series_model="exponential smoothing",
    weight_bottom_up=0.6,
    origins=3,
)


def test_the_finding_adds_the_months_up() -> None:
    assert finding(FORECAST, "EUR").startswith("€1,500 is expected from 2026-12 to 2027-01")


def test_the_gap_is_told_and_a_wide_one_asks_a_question() -> None:
    assert "above the series" in gap(FORECAST, "EUR")
    assert "ask which of them knows" in gap(FORECAST, "EUR")
    agreed = replace(FORECAST, months=(MonthAhead("2026-12", 1000.0, 1001.0, 999.0),))
    assert gap(agreed, "EUR") == "The two agree."


def test_without_earlier_forecasts_there_are_no_bounds_and_it_says_so() -> None:
    untried = replace(FORECAST, origins=0, months=(MonthAhead("2026-12", 1000.0, 1100.0, 900.0),))
    assert "no bounds" in how(untried)
    assert bounds(untried.months[0], "EUR") == "unknown"


def test_newcomers_are_told_apart_from_todays_customers() -> None:
    assert "20% of what customers bring" in cohort_sentence(FORECAST, "EUR")


@pytest.mark.parametrize("width", [340.0, 1040.0])
def test_the_chart_is_well_formed_and_says_all_in_words(width: float) -> None:
    drawn = str(forecast_chart(FORECAST, "EUR", width, f"forecast-{width:.0f}"))
    ElementTree.fromstring(drawn)  # noqa: S314 - our own drawing
    assert "2027-01" in drawn
    assert "from customers" in drawn


def test_a_single_month_and_no_past_can_be_drawn() -> None:
    lonely = replace(FORECAST, months=FORECAST.months[:1], history=())
    ElementTree.fromstring(str(forecast_chart(lonely, "EUR", 340.0, "lonely")))  # noqa: S314 - our own drawing
