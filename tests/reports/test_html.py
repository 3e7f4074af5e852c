"""The report: one file, self-contained, safe with hostile names, sensible for odd portfolios."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from patron.reports.evidence import Evidence, ValueInterval
from patron.reports.html import render_report
from reports.fake_release import shop_card, shop_evidence, shop_release, untested_evidence, write_release

VOID = {"meta", "link", "br", "img", "input", "hr"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "x" * 300,
    "客户-日本",
    "a\u202eb",
]


class Page(HTMLParser):
    """Reads a page strictly: every element that opens must close, in order; ids are unique."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"style", "script"}:
            self.words.append(data)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    return render_report(shop_release(tmp_path_factory.mktemp("shop")))


def of(folder: Path, values: list[float], ids: list[str] | None = None) -> Path:
    total = sum(values)
    evidence = untested_evidence(len(values), ValueInterval(total, total - abs(total) / 2, total + abs(total) / 2))
    return write_release(folder, np.array(values, dtype=float), evidence, ids=ids, high=np.array(values) * 1.5)


def test_the_report_is_well_formed_and_its_ids_are_unique(shop: str) -> None:
    ids = Page(shop).values("id")
    assert len(ids) == len(set(ids))


def test_the_report_refers_to_nothing_outside_itself(shop: str) -> None:
    page = Page(shop)
    assert not re.search(r"https?://|@import|url\(|src=", shop)
    assert {link[0] for link in page.values("href")} == {"#", "d"}
    assert "default-src 'none'" in shop


def test_every_link_leads_to_a_place_on_the_page(shop: str) -> None:
    page = Page(shop)
    places = set(page.values("id"))
    assert {link[1:] for link in page.values("href") if link.startswith("#")} <= places


def test_every_chart_has_a_title_and_a_description(shop: str) -> None:
    card = ("models", "reliability", "slices_one", "slices_two", "fairness", "drivers")
    for name in ("total", "distribution", "lorenz", "tiers", "rfm", "deciles", "coverage", "months", *card):
        for size in ("wide", "narrow"):
            found = re.search(
                rf'<svg><title id="{name}-{size}-title">([^<]+)</title><desc id="{name}-{size}-desc">([^<]+)<',
                re.sub(r"<svg[^>]*>", "<svg>", shop),
            )
            assert found, name
            assert found[1]
            assert found[2]


def test_the_report_says_what_a_reader_asks(shop: str) -> None:
    text = Page(shop).text
    for words in (
        "4,372 customers are expected to bring £",
        "Four times in five, the total should fall between £",
        "The most valuable 20% of customers bring",
        "beat every plain baseline out of time (RMSE £1,412 against £1,655 for RFM rate)",
        "Oracle was refused: its input 'future_value' alone explains",
        "53 rows of 541,909 could not be believed",
        "2031-01-04 lies after the file arrived",
        "81% of actual values fell inside their 80% interval",
        "about one Christmas",
        "20111209T120000Z-3f9a1c07",
        "9f2c9f2c",
        "0.1.0+g7c8b6f0",
        "Cannot Lose",
        "Win them back in person",
        "Furthest off: Country France, predicted 42% below what came",
        "Not served alike, against the rest and for what they turned out to be: country United Kingdom is",
        "Not judged: no source tells gender.",
        "Chances of a purchase are off by 3.1 points on average",
        "Searched 61 inputs of bg_nbd and boosting on 11,412 past views",
        "models.metric = rmse",
    ):
        assert words in text


def test_the_same_release_gives_the_same_page(tmp_path: Path) -> None:
    release = shop_release(tmp_path, customers=300)
    assert render_report(release) == render_report(release)


def test_hostile_names_are_shown_and_do_nothing(tmp_path: Path) -> None:
    release = of(tmp_path, [60.0, 50.0, 40.0, 30.0, 20.0, 10.0], HOSTILE)
    page = Page(render_report(release))
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert "onerror" not in {name for name, _ in page.attributes}
    for name in HOSTILE[:-1]:
        assert name in page.text
    assert "a\ufffdb" in page.text


def test_hostile_evidence_is_shown_and_does_nothing(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    plain = shop_evidence()
    run = replace(
        plain.run,
        sources=(replace(plain.run.sources[0], name=evil),),
        quarantine=(replace(plain.run.quarantine[0], example=evil),),
        review=(replace(plain.run.review[0], code=evil),),
    )
    coverage = replace(plain.coverage, bands=(replace(plain.coverage.bands[0], label=evil),))
    months = (replace(plain.monthly_revenue[0], month=evil), *plain.monthly_revenue)
    evidence = replace(plain, run=run, coverage=coverage, monthly_revenue=months, caveats=(evil,))
    page = Page(render_report(write_release(tmp_path, np.array([5.0, 1.0]), evidence)))
    assert page.tags.count("script") == 1


def test_hostile_slices_groups_and_drivers_are_shown_and_do_nothing(tmp_path: Path) -> None:
    evil, card = "<script>alert(1)</script>", shop_card()
    assert card.study
    worst = tuple(replace(row, name=evil) for row in card.study.worst_slices)
    groups = tuple(replace(row, name=evil) for row in card.study.fairness.groups)
    study = replace(
        card.study,
        slices=worst,
        worst_slices=worst,
        fairness=replace(card.study.fairness, groups=groups),
        drivers=tuple(replace(row, feature=evil) for row in card.study.drivers),
    )
    release = write_release(tmp_path, np.arange(9.0), shop_evidence(), card=replace(card, study=study))
    page = Page(render_report(release))
    assert page.tags.count("script") == 1
    assert "script>alert(1)" in page.text


def test_a_release_without_a_card_and_a_card_without_a_backtest_render(tmp_path: Path) -> None:
    plain = Page(render_report(write_release(tmp_path / "none", np.arange(9.0), shop_evidence())))
    assert "Model card" not in plain.text
    assert "#card" not in plain.values("href")
    untested = replace(shop_card(), study=None, coverage=(), gate=replace(shop_evidence().gate, leaderboard=()))
    text = Page(render_report(write_release(tmp_path / "bare", np.arange(9.0), shop_evidence(), card=untested))).text
    assert "No backtest was possible: nothing here has been measured." in text
    assert not re.search(r"\bnan\b|\binf\b|None|undefined", text)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "There are no customers to value."),
        ([120.0], "1 customer is expected to bring CZK\u00a0120"),
        ([0.0] * 12, "12 customers are expected to bring nothing"),
        ([-50.0, -20.0, 5.0], "3 customers are expected to take back"),
        ([-50.0] * 20, "No customer is expected to bring a positive value."),
        ([7.0] * 40, "No customer stands out"),
        ([1e12, 1e-6], "trillion"),
        ([0.004] * 11, "CZK"),
    ],
)
def test_odd_portfolios_render_sensibly(tmp_path: Path, values: list[float], words: str) -> None:
    text = Page(page := render_report(of(tmp_path, values))).text
    assert words.replace("\u00a0", " ") in text.replace("\u00a0", " ")
    assert not re.search(r"\bnan\b|\binf\b|None|undefined", text)
    assert not re.search(r'="[^"]*\b(nan|inf)\b', page)


def test_a_horizon_that_history_cannot_test_is_called_extrapolated(tmp_path: Path) -> None:
    text = Page(render_report(of(tmp_path, [50.0, 10.0]))).text
    assert "Extrapolated" in text
    assert "No backtest was possible" in text
    assert text.count("Untested") == 4


def _baseline_wins(evidence: Evidence) -> Evidence:
    gate = replace(evidence.gate, champion="rfm_rate", champion_title="RFM rate", passed=False)
    return replace(evidence, gate=gate)


def _no_figures(evidence: Evidence) -> Evidence:
    rows = tuple(replace(row, wape=None, rmse=None, gini=None, bias=None) for row in evidence.gate.leaderboard)
    return replace(evidence, gate=replace(evidence.gate, leaderboard=rows), monthly_revenue=())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_baseline_wins, "No model beat the plain baselines, so the values come from the best of those, RFM rate"),
        (_no_figures, "Untested"),
    ],
)
def test_a_weak_backtest_is_said_plainly(tmp_path: Path, change: Callable[[Evidence], Evidence], words: str) -> None:
    release = write_release(tmp_path, np.arange(30.0), change(shop_evidence()))
    assert words in Page(render_report(release)).text
