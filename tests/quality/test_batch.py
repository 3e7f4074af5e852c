"""A batch that breaks the contract stops, and says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from patron.errors import BrokenContract
from patron.quality.batch import Intake, balance, is_broken, refuse_broken, refuse_empty
from patron.settings import QualitySettings

FILE = Intake("sales", "f" * 64, "sales.csv", rows_in=100, accepted=94, anonymous=3, duplicate=0, quarantined=6)


def test_an_empty_file_is_refused_by_name() -> None:
    with pytest.raises(BrokenContract, match=r"sales\.csv holds no data rows"):
        refuse_empty("sales.csv", 0)


def test_too_large_a_quarantined_share_is_refused_with_reasons_and_an_example() -> None:
    with pytest.raises(BrokenContract) as caught:
        refuse_broken(
            FILE, {"unparseable_date": 6}, "line 3, when: 'x' is not a date", QualitySettings(), "refused-rows.log"
        )
    assert "refused-rows.log" in str(caught.value)
    assert "6 of 100 rows (6.0%)" in str(caught.value)
    assert "unparseable_date 6" in str(caught.value)
    assert "line 3" in str(caught.value)
    assert "quality.quarantine_limit" in str(caught.value)


def test_a_share_at_the_limit_passes() -> None:
    assert not is_broken(replace(FILE, quarantined=5, accepted=95), QualitySettings())
    assert is_broken(FILE, QualitySettings())


def test_a_row_that_is_not_accounted_for_stops_the_run() -> None:
    balance(FILE)
    with pytest.raises(BrokenContract, match="fault in Patron"):
        balance(replace(FILE, accepted=93))
