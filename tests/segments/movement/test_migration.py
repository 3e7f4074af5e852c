"""Migration loses nobody and no money."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.segments.movement.migration import CAME, LEFT, migration

LABELS = st.sampled_from(["", "high", "medium", "low"])


@given(st.lists(st.tuples(LABELS, LABELS, st.floats(0, 1e6), st.floats(0, 1e6)), min_size=1, max_size=60))
def test_rows_sum_to_one_and_money_to_the_totals(rows: list[tuple[str, str, float, float]]) -> None:
    before, now, was, came = (np.array(column) for column in zip(*rows, strict=True))
    flows = migration(before, now, was, came, ("high", "medium", "low"))
    assert sum(flow.customers for flow in flows) == len(rows)
    for group in {flow.before for flow in flows}:
        assert sum(flow.share for flow in flows if flow.before == group) == pytest.approx(1)
    assert sum(flow.value_before for flow in flows) == pytest.approx(was.sum())
    assert sum(flow.moved for flow in flows) == pytest.approx(came.sum() - was.sum(), abs=1e-6)


def test_who_came_and_who_left_are_named() -> None:
    flows = migration(
        np.array(["", "low"]), np.array(["low", ""]), np.array([0.0, 5.0]), np.array([7.0, 0.0]), ("low",)
    )
    assert [(flow.before, flow.now) for flow in flows] == [("low", LEFT), (CAME, "low")]
