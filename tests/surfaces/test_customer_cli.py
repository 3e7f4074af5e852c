"""`patron customer` and `patron.explain`: one customer, whole, in words that add up."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow.compute as pc
import pytest

import patron
from patron.errors import NothingThere
from patron.releases.contents import Release
from patron.scores.explanation import explain_release
from surfaces.called import facts, told
from surfaces.typed import typed as called

SECTIONS = (
    "Where they belong",
    "Where they are heading",
    "How they behave",
    "What makes up the value",
    "Since the release of 30 November 2025",
)


def moved(release: Release) -> str:
    """A customer who changed the tier."""
    moves = release.moves()
    return str(moves.filter(pc.equal(moves["view"], "tier"))["customer_id"][0])


def below_the_top(release: Release) -> str:
    """A buyer who is not in the high tier."""
    segments = release.segments()
    return str(segments.filter(pc.equal(segments["tier"], "medium"))["customer_id"][0])


def test_a_customer_is_told_within_the_width_with_every_section(moved_shop: Path, newest: Release) -> None:
    page = told(moved_shop, "customer", moved(newest))
    for words in (*SECTIONS, "80% sure", "Cluster", "because they", "Engagement", "typical customer", "is worth €"):
        assert words in " ".join(page.split()), words
    assert max(map(len, page.splitlines())) <= 100


def test_what_would_lift_a_customer_is_told_toward_the_next_higher_tier(moved_shop: Path, newest: Release) -> None:
    told_ahead = facts(moved_shop, "customer", below_the_top(newest))["ahead"]
    assert (told_ahead["tier_now"], told_ahead["tier_then"]) == ("medium", "high")
    assert told_ahead["way"]["day"] == "2026-01-30"
    assert "30 January 2026" in told_ahead["sentence"]
    assert told_ahead["way"]["threshold"] == newest.segmentation()["segmentation"]["thresholds"]["high"]


def test_the_json_holds_the_rows_the_reasons_and_the_change_to_the_last_digit(
    moved_shop: Path, newest: Release
) -> None:
    customer = moved(newest)
    held = facts(moved_shop, "customer", customer)
    assert held["release"] == newest.id
    assert (
        held["scores"]["customer_id"] == held["segments"]["customer_id"] == held["behaviour"]["customer_id"] == customer
    )
    parts = held["explanation"]["up"] + held["explanation"]["down"]
    total = held["explanation"]["base"] + sum(part["amount"] for part in parts) + held["explanation"]["rest"]
    assert total == pytest.approx(held["scores"]["expected_value"], abs=1e-3)
    assert sum(held["cluster"]["chances"].values()) == pytest.approx(1, abs=1e-5)
    assert {move["view"] for move in held["moves"]} >= {"tier"}
    change = held["change"]
    amounts = [Decimal(change[part]) for part in ("new", "purchases", "silence", "refunds", "corrections")]
    amounts += [Decimal(change[part]) for part in ("model_change", "overrides")]
    assert Decimal(change["value_before"]) + sum(amounts) == Decimal(change["value_now"])


def test_the_explanation_is_that_of_the_whole_release(moved_shop: Path, newest: Release) -> None:
    customer = below_the_top(newest)
    assert patron.explain(moved_shop, customer).explanation == explain_release(newest, [customer]).of(0)


def test_a_first_release_tells_no_change(moved_shop: Path) -> None:
    first = sorted(path.name for path in (moved_shop / "releases").glob("2*"))[0]
    report = patron.explain(moved_shop, str(patron.load_release(moved_shop, first).scores()["customer_id"][0]), first)
    assert report.change is None
    assert "Since the release" not in str(report)


def test_a_notebook_shows_the_same_and_escapes_it(moved_shop: Path, newest: Release) -> None:
    report = patron.explain(moved_shop, moved(newest))
    page = str(report._repr_html_())
    assert page.startswith("<table>")
    assert all(section.title in page for section in report.sections)
    assert "<script>" not in page


def test_an_unknown_customer_is_refused_with_ids_that_look_alike(moved_shop: Path, newest: Release) -> None:
    customer = str(newest.scores()["customer_id"][0])
    with pytest.raises(NothingThere, match=customer):
        patron.explain(moved_shop, f"{customer}x")
    refused = called("customer", "nobody at all", "-w", str(moved_shop))
    assert refused.returncode == 2
    assert "has no customer 'nobody at all'" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_model_that_cannot_be_read_back_costs_the_reasons_only(
    moved_shop: Path, newest: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Release, "model_artifacts", lambda self: {})
    report = patron.explain(moved_shop, below_the_top(newest))
    assert report.explanation is None
    assert report.ahead is None
    assert "cannot be told" in str(report)
