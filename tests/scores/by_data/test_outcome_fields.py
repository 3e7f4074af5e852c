"""Names of outcomes, however they are written."""

from __future__ import annotations

import pytest

from patron.features.catalogue import FEATURES
from patron.models.customers import OUTCOME_PREFIX
from patron.scores.by_data.outcome_fields import is_outcome, shown
from patron.tables import SOURCE_TABLES


@pytest.mark.parametrize(
    "name",
    [f"{OUTCOME_PREFIX}value", "FutureRevenue", "futureRevenue", "FUTURE-ORDERS", " future", "outcome", "Label", "TARGET"],
)  # fmt: skip
def test_an_outcome_is_known_however_it_is_written(name: str) -> None:
    assert is_outcome(name)


def test_no_column_or_feature_of_ours_is_taken_for_an_outcome() -> None:
    names = {column.name for table in SOURCE_TABLES for column in table.columns} | {one.name for one in FEATURES}
    assert [name for name in sorted(names) if is_outcome(name)] == []


def test_a_name_is_shown_short_and_in_signs_that_can_be_written() -> None:
    assert shown("future_\ud800\n" + "x" * 100).encode().startswith(b"future_??xxx")
    assert len(shown("x" * 100)) == 60
