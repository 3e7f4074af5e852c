"""`patron bridge` and `patron.bridge`: the change of value, in parts that add up, however it is cut."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import patron
from patron.errors import NothingThere, UnknownName, UsageError
from patron.releases.contents import Release
from patron.reports.bridge_words import PART_WORDS, moves_of
from patron.surfaces.cli import bridge as bridge_cli
from surfaces.called import facts, told
from surfaces.test_moves_alerts_cli import first_release


def test_the_bridge_of_the_current_release_is_told_in_parts(moved_shop: Path) -> None:
    page = told(moved_shop, "bridge")
    for words in ("The portfolio is worth", "30 Nov 2025", "31 Dec 2025", "purchases", "Risen most"):
        assert words in page, words
    report = patron.bridge(moved_shop)
    sums = report.total()
    assert sums.change == sum(sums.parts.values())
    assert report.table().num_rows >= sums.customers_now
    assert str(report).startswith(report.sentence())
    assert "<table>" in str(report._repr_html_())


@pytest.mark.parametrize("grouping", ["tier", "rfm_segment", "lifecycle", "cluster", "branch"])
def test_groups_add_up_to_the_portfolio(moved_shop: Path, grouping: str) -> None:
    total = patron.bridge(moved_shop).total()
    held = patron.bridge(moved_shop).by(grouping)
    assert sum(sums.now for sums in held.values()) == total.now
    assert sum(sums.moved_in + sums.moved_out for sums in held.values()) == 0
    assert [row["label"] for row in facts(moved_shop, "bridge", "--by", grouping)["groups"]] == list(held)
    page = told(moved_shop, "bridge", "--by", grouping)
    assert "…" not in page


def test_each_row_of_groups_adds_up_as_it_is_shown(moved_shop: Path) -> None:
    for name, sums in patron.bridge(moved_shop).by("tier").items():
        before, *parts, now = bridge_cli._group_row(sums, list(PART_WORDS), [], "")
        assert _read(before) + sum(_read(part) for part in parts) == _read(now), name
        told = [part for part, amount in zip(parts, moves_of(sums).values(), strict=True) if amount]
        assert "·" not in told


def _read(shown: str) -> Decimal:
    """The amount that a reader takes from a cell; '·' and what is under the last digit count for nothing."""
    if shown == "·" or "<" in shown:
        return Decimal(0)
    scale = {"k": 1000, "m": 1_000_000}.get(shown[-1], 1)
    return Decimal(shown.rstrip("km").replace("−", "-").replace(",", "")) * scale


def test_two_named_releases_give_the_same_as_the_release_itself(moved_shop: Path, newest: Release) -> None:
    own, between = patron.bridge(moved_shop), patron.bridge(moved_shop, first_release(moved_shop), newest.id)
    assert own.total() == between.total()
    customer = str(newest.scores()["customer_id"][0])
    assert own.of(customer).parts == between.of(customer).parts
    assert between.table().equals(own.table())


def test_one_customer_is_told_to_the_last_digit(moved_shop: Path, newest: Release) -> None:
    customer = str(newest.bridge()["customer_id"][0])
    held = facts(moved_shop, "bridge", "--customer", customer)
    row = newest.bridge().slice(0, 1).to_pylist()[0]
    assert (held["value_before"], held["value_now"]) == (str(row["value_before"]), str(row["value_now"]))
    assert f"Customer {customer} is worth" in told(moved_shop, "bridge", "--customer", customer)


def test_what_cannot_be_compared_is_refused(moved_shop: Path, newest: Release) -> None:
    first = first_release(moved_shop)
    with pytest.raises(NothingThere, match="compared with none before it"):
        patron.bridge(moved_shop, later=first)
    with pytest.raises(UsageError, match="Both are release"):
        told(moved_shop, "bridge", newest.id)
    with pytest.raises(UnknownName, match="colour"):
        told(moved_shop, "bridge", "--by", "colour")
    with pytest.raises(NothingThere, match="Neither release has a customer"):
        told(moved_shop, "bridge", "--customer", "nobody at all")
    with pytest.raises(UsageError, match="two things"):
        told(moved_shop, "bridge", "--customer", "x", "--by", "tier")
