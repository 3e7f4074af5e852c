"""The report's sections on segments: what they say is what the release says, and what is missing is left out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from patron.reports.html import render_report
from patron.reports.summary import plain_summary
from reports.fake_release import shop_evidence, shop_release, write_release
from reports.fake_segments import bridge, lonely_clusters, sums, tell_segments, told_segments
from reports.test_html import HOSTILE, Page

SECTIONS = ("change", "stages", "clusters", "movement", "behaviour")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    return render_report(tell_segments(shop_release(tmp_path_factory.mktemp("told"), customers=300)))


def test_the_page_has_its_sections_and_leads_to_them(told: str) -> None:
    page = Page(told)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {*SECTIONS} <= {*ids}
    assert {link[1:] for link in page.values("href") if link.startswith("#")} <= {*ids}


def test_every_figure_of_the_page_is_the_one_of_the_release(told: str) -> None:
    text = Page(told).text.replace("\u00a0", " ")
    for words in (
        "The portfolio is worth £44,600 less than on 9 November 2011",
        "−£63,000 silence, +£18,400 purchases.",
        "Frequent big spenders are 25% of customers and brought 80% of recent value",
        "2 segments by K-Means, the best of 4 groupings tried",
        "the borders are drawn; 3 would be separated more cleanly",
        "It puts 95.3% of customers it had not seen",
        "667 customers of the 4,372 learnt from",
        "4 of 10 customers left the high tier, with £3,000 of what they brought; 3 rose into it",
        "The largest shift: 5 went from Champions to Cannot Lose and brought £700 less in 90 days",
        "The next value tier can be told better than by “nothing changes”, the next RFM name cannot",
        "The model was right for 45% of customers and 50% of the money, “nothing changes” for 55% of customers and 60% of the money",
        "At the border 213 of 1,326 moves between value tiers were undone within two weeks; calm, 55 are (3.9 times fewer)",
        "3 customers belong to another group than in the release before",
        "Bought twice since (tier).",
        "2 customers to act on now: 67% of such alerts were right, where 39% of all fell off",
        "£680,000 is at risk: 24% of what 90 days usually bring",
        "One time in twenty more than £722,000 is lost",
        "Such a list of 163 beats RFM: its customers lost £1,090 each",
        "The last purchase was 113 days ago.",
        "2 customers are rising",
        "United Kingdom holds 82% of the expected value",
        "115 customers (3%), £131,000 expected (3% of the value)",
        "Number of orders is at least 5.",
        "75 customers are later than their own rhythm",
        "Do alerts find who falls off?",
    ):
        assert words in text, words


def test_no_name_of_a_feature_or_a_column_is_on_the_page(told: str) -> None:
    for section in SECTIONS:
        found = re.search(rf'<section id="{section}">.*?</section>', told, re.DOTALL)
        assert found
        assert not re.search(r"\b[a-z]+_[a-z_]+\b", Page(found[0]).text), section


def test_the_map_holds_at_most_800_points(told: str) -> None:
    for size in ("wide", "narrow"):
        drawn = re.search(rf'id="map-{size}-title".*?</svg>', told, re.DOTALL)
        assert drawn
        assert 0 < drawn[0].count("h0") <= 800


def test_the_rows_of_a_matrix_add_up(told: str) -> None:
    rows = re.findall(r'<tr><th scope="row">(?:High|Low|Came since|Champions)</th>(.*?)</tr>', told, re.DOTALL)
    shares = [[float(one) for one in re.findall(r"--p:([\d.]+)", row)] for row in rows]
    assert len([row for row in shares if row]) == 4
    assert all(sum(row) == pytest.approx(1.0, abs=0.02) for row in shares if row)


def test_a_release_without_segmentation_has_none_of_it(tmp_path: Path) -> None:
    page = Page(render_report(shop_release(tmp_path, customers=300)))
    assert not {*SECTIONS} & {*page.values("id")}
    assert not {f"#{one}" for one in SECTIONS} & {*page.values("href")}


def _nothing() -> dict[str, Any]:
    return {"segmentation": None, "behaviour": None, "members": None, "bridge": None}


def _bare() -> dict[str, Any]:
    plain = told_segments()
    grouping = {
        "previous": None,
        "clusters": None,
        "foresight": {"tier": {"test_day": None, "served": "persistence", "customers": 0}},
        "flows": {},
        "flows_customers": 300,
        "places": {"by": "", "cells": []},
        "calm": None,
    }
    money = plain["behaviour"] | {"measured": None, "usual_value": 0.0, "value_at_risk": 0.0, "rising": 0}
    return {
        "segmentation": grouping,
        "behaviour": money,
        "members": [],
        "bridge": {"previous": None, "why": "no earlier release"},
    }


def _half_measured() -> dict[str, Any]:
    plain = told_segments()
    measured = plain["behaviour"]["measured"] | {"alerts": [], "rising": None, "engagement_rank": None}
    measured["at_risk"] = measured["at_risk"] | {"list": None, "beats_rfm": None, "came": 900_000.0}
    plain["behaviour"] = plain["behaviour"] | {"measured": measured}
    plain["segmentation"]["clusters"] = lonely_clusters()
    total = sums(-63_000, model_change=-63_000)
    plain["bridge"] = bridge() | {"undivided": "the earlier model was not kept", "total": total}
    return plain


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_nothing, ()),
        (
            _bare,
            (
                "Where customers came from cannot be told",
                "Whether groups can be told ahead has not been measured",
                "how often such alerts are right has not been measured",
                "Nothing was brought lately",
                "Nobody is rising",
                "Why values changed cannot be told: no earlier release.",
            ),
        ),
        (
            _half_measured,
            (
                "One group only: these customers spread around one centre.",
                "None of 4 groupings tried holds",
                "1.9 times as much, and more than the figure of one time in twenty",
                "No such list could be tried on the past.",
                "Whether such lists are right could not be tried on the past.",
                "Whether engagement goes with buying could not be measured.",
                "all else",
            ),
        ),
    ],
)
def test_what_is_missing_is_left_out_or_said_plainly(tmp_path: Path, make: Any, words: tuple[str, ...]) -> None:
    release = tell_segments(shop_release(tmp_path, customers=60), make())
    text = Page(page := render_report(release)).text
    for one in words:
        assert one in text
    assert not re.search(r"\bnan\b|\binf\b|\bNone\b|undefined", text.replace("None of 4", ""))
    assert not re.search(r'="[^"]*\b(nan|inf)\b', page)
    assert all(line.endswith(".") for line in plain_summary(release))


def test_hostile_customers_groups_and_reasons_are_shown_and_do_nothing(tmp_path: Path) -> None:
    evil, plain = "<script>alert(1)</script>", told_segments()
    plain["segmentation"]["clusters"]["profiles"][0]["name"] = evil
    plain["segmentation"]["clusters"]["choice"]["sentence"] = evil
    for one in plain["segmentation"]["clusters"]["choice"]["candidates"]:
        one["title"] = evil
    plain["segmentation"]["places"]["cells"][0]["name"] = evil
    plain["members"][0] |= {"rule": evil, "told": evil}
    plain["bridge"]["up"][0]["customer_id"] = evil
    plain["bridge"]["sentence"] = f"{evil}: {evil}"
    release = write_release(tmp_path, np.arange(60.0, 0.0, -10.0), shop_evidence(), ids=HOSTILE)
    page = Page(render_report(tell_segments(release, plain, ids=HOSTILE)))
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert "onerror" not in {name for name, _ in page.attributes}
    assert "script>alert(1)" in page.text


def test_the_summary_adds_clusters_and_alerts_in_a_line_each(tmp_path: Path) -> None:
    lines = [
        line.replace("\u00a0", " ") for line in plain_summary(tell_segments(shop_release(tmp_path, customers=300)))
    ]
    assert len(lines) <= 12
    assert (
        "Clusters: 2 by K-Means; Frequent big spenders are 25% of customers and brought 80% of recent value." in lines
    )
    assert (
        "Alerts: 2 customers to act on now: 67% of such alerts were right, where 39% of all fell off; "
        "£680,000 is at risk: 24% of what 90 days usually bring."
    ) in lines


def test_the_same_release_gives_the_same_page(tmp_path: Path) -> None:
    release = tell_segments(shop_release(tmp_path, customers=100))
    assert render_report(release) == render_report(release)
