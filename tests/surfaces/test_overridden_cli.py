"""The command line and Python show what people set by hand, over the current release and no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

import patron
from patron.governance.audit.chain import act_of
from patron.governance.identity import Identity
from patron.governance.overrides.changing import set_override
from patron.governance.overrides.override import NewOverride
from patron.governance.roles import ALLOWED, Role
from patron.governance.state.opened import FILE_NAME, open_state
from patron.releases.contents import Release, load_release
from patron.releases.shelf import Shelf
from patron.reports.overridden import Overridden
from patron.reports.segment_lists import segment_rows
from patron.surfaces.effective import effective_release
from surfaces.called import facts, told

ANNA = Identity("1", "anna", Role.ANALYST, ALLOWED[Role.ANALYST], "session")
VALUE = 98765.4321


def set_by_hand(folder: Path, customer_id: str, field: str, value: str) -> None:
    state = open_state(f"sqlite:///{folder / FILE_NAME}")
    new = NewOverride(customer_id, field, value, "1", "0", "They [bold]signed", "r", "2026-10-31", 90, 2**52)  # type: ignore[arg-type]  # a word from a test
    set_override(state, new, ANNA, lambda one: act_of(ANNA, "override.set", one.id), needs_second=False)
    state.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, moved_shop: Path) -> Path:
    """The shop with a customer of the low tier whom somebody put in the high one, at another value."""
    folder = tmp_path_factory.mktemp("set") / "shop"
    shutil.copytree(moved_shop, folder, ignore=shutil.ignore_patterns("*.duckdb*", "state.sqlite*", "run.lock*"))
    one = low_customer(load_release(folder))
    set_by_hand(folder, one, "expected_value", str(VALUE))
    set_by_hand(folder, one, "tier", "high")
    return folder


def low_customer(release: Release) -> str:
    segments: pa.Table = release.segments()
    return str(min(row["customer_id"] for row in segments.to_pylist() if row["tier"] == "low"))


def test_a_customer_is_told_as_people_set_it_with_what_was_published(shop: Path) -> None:
    release = load_release(shop)
    one = low_customer(release)
    (before,) = [row for row in release.scores().to_pylist() if row["customer_id"] == one]
    found = facts(shop, "customer", one)
    assert (found["scores"]["expected_value"], found["segments"]["tier"]) == (VALUE, "high")
    assert found["scores"]["total_value"] == pytest.approx(before["historic_value"] + VALUE)
    assert {each["field"]: each["published"] for each in found["overrides"]} == {
        "expected_value": before["expected_value"], "tier": "low",
    }  # fmt: skip
    words = told(shop, "customer", one)
    assert "What people set by hand" in words
    assert "high instead of low, by anna until" in words
    assert "They [bold]signed" in words
    assert "set by hand; the model is 80% sure of" in words
    assert found == patron.explain(shop, one).to_dict()
    assert found["explanation"] is not None  # of the model's value, which its drivers add up to


def test_lists_and_groups_hold_the_customer_where_people_put_them(shop: Path) -> None:
    release = load_release(shop)
    one, sums = low_customer(release), {row.name: row for row in segment_rows(release, "tier")}
    now = {row["name"]: row for row in facts(shop, "segments", "--by", "tier")["segments"]}
    (before,) = [row for row in release.scores().to_pylist() if row["customer_id"] == one]
    assert now["high"]["customers"] == sums["high"].customers + 1
    assert now["high"]["expected_value"] == pytest.approx(sums["high"].expected_value + VALUE)
    assert now["low"]["expected_value"] == pytest.approx(sums["low"].expected_value - before["expected_value"])
    first = facts(shop, "segments", "high")["members"][0]
    assert (first["customer_id"], first["expected_value"], first["tier"]) == (one, VALUE, "high")
    listed = facts(shop, "alerts", "--at-risk", "-n", "100000")["rows"]
    assert {row["tier"] for row in listed if row["customer_id"] == one} <= {"high"}


def test_an_earlier_release_and_the_release_itself_stay_as_they_were_published(shop: Path) -> None:
    earlier = Shelf(shop / "releases").names()[-1]
    assert not isinstance(effective_release(shop, earlier), Overridden)
    assert isinstance(effective_release(shop), Overridden)
    assert VALUE not in patron.load_release(shop).scores()["expected_value"].to_pylist()
    assert effective_release(shop).scores()["expected_value"].to_pylist().count(VALUE) == 1
    assert effective_release(shop).segments().schema == load_release(shop).segments().schema


def test_looking_makes_no_state_where_there_is_none(moved_shop: Path, tmp_path: Path) -> None:
    shutil.copytree(moved_shop / "releases", tmp_path / "shop" / "releases")
    shutil.copy(moved_shop / "patron.toml", tmp_path / "shop" / "patron.toml")
    told(tmp_path / "shop", "segments")
    assert not (tmp_path / "shop" / FILE_NAME).exists()
