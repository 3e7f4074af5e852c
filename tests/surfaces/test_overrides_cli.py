"""`patron overrides`: what is set by hand, and whether people were right."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from patron.errors import UnknownName
from patron.governance.audit.chain import act_of
from patron.governance.overrides.changing import set_override
from patron.governance.overrides.override import NewOverride
from patron.governance.state.opened import FILE_NAME, now_in_microseconds, open_state
from reports.test_override_score import move_to
from served_workspace import publish, served_workspace
from surfaces.api.called import called
from surfaces.called import facts, told
from surfaces.test_overridden_cli import ANNA


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = served_workspace(tmp_path_factory.mktemp("overrides") / "shop")
    state = open_state(f"sqlite:///{folder / FILE_NAME}")
    until = now_in_microseconds() + 10**12
    for customer, field, value in (("c00002", "expected_value", "20"), ("c00003", "tier", "high")):
        new = NewOverride(customer, field, value, "12", "36", "They signed", "r", "2026-10-31", 90, until)  # type: ignore[arg-type]  # a word from a test
        set_override(state, new, ANNA, lambda one: act_of(ANNA, "override.set", one.id), needs_second=False)
    state.close()
    return folder


def test_overrides_are_listed_the_newest_first(shop: Path) -> None:
    words = told(shop, "overrides", "list")
    assert words.index("c00003") < words.index("c00002")
    assert "They signed" in words
    assert "Nothing is set by hand" in told(shop, "overrides", "list", "--status", "waiting")
    with pytest.raises(UnknownName, match="in force"):
        told(shop, "overrides", "list", "--status", "gone")


def test_a_report_says_not_yet_and_then_who_was_right_also_over_the_api(shop: Path) -> None:
    assert "Nobody" in told(served_workspace(shop.parent / "other"), "overrides", "report")
    before = facts(shop, "overrides", "report")
    assert [one["verdict"] for one in before["overrides"]] == ["not yet"]
    assert (before["people"][0]["not_yet"], before["tiers"]) == (1, 1)
    move_to(shop, publish(shop, scale=1.5, minute=2), date(2027, 1, 29))
    after = facts(shop, "overrides", "report")
    assert [(one["verdict"], one["actual"]) for one in after["overrides"]] == [("right", "18.0")]
    words = told(shop, "overrides", "report")
    assert "anna" in words
    assert "2.00" in words
    with called(shop) as server:
        answer = server.client.get("/v1/overrides/report", headers=server.as_person("analyst"))
        assert answer.json() == after
        north = server.client.get("/v1/overrides/report", headers=server.as_person("branch manager", ["north"]))
        assert (north.json()["overrides"], north.json()["tiers"]) == ([], 1)  # 'c00003' is of the north
