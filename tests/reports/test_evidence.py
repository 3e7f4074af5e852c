"""Evidence: what goes into evidence.json comes out again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import ValidationError

from patron.errors import DamagedRelease
from patron.reports.evidence import Evidence, LeaderboardRow, MonthValue
from reports.fake_release import shop_evidence


def test_evidence_survives_its_json() -> None:
    assert Evidence.from_json(shop_evidence().to_json()) == shop_evidence()


def test_money_keeps_its_last_digit() -> None:
    assert Evidence.from_json(shop_evidence().to_json()).run.net_revenue == Decimal("8300065.81")


def test_equal_evidence_gives_equal_text() -> None:
    assert shop_evidence().to_json() == shop_evidence().to_json()


def test_a_figure_that_is_no_number_becomes_none() -> None:
    row = LeaderboardRow("m", "M", "beaten", wape=float("nan"), mape=float("inf"), rmse=1.5)
    assert (row.wape, row.mape, row.rmse) == (None, None, 1.5)
    gate = replace(shop_evidence().gate, leaderboard=(row,))
    assert Evidence.from_json(replace(shop_evidence(), gate=gate).to_json()).gate.leaderboard == (row,)


def test_a_wrong_value_is_refused_where_it_is_made() -> None:
    with pytest.raises(ValidationError, match="Input should be 'champion', 'beaten'"):
        LeaderboardRow("m", "M", "winner")  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="valid decimal"):
        MonthValue("2011-01", "much")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"run": 3}'])
def test_a_file_that_holds_no_evidence_is_damage(text: str) -> None:
    with pytest.raises(DamagedRelease, match="does not hold a run's evidence"):
        Evidence.from_json(text)
