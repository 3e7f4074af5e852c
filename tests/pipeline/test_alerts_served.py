"""Alerts are served only where they were measured and right oftener than chance."""

from __future__ import annotations

import pytest

from patron.pipeline.segmenting.behave import alerts_failed
from patron.pipeline.segmenting.clustering import lasting_names


def level(name: str, precision: float) -> dict[str, object]:
    return {"level": name, "customers": 50, "precision": precision, "base_rate": 0.2, "value": 1.0}


@pytest.mark.parametrize(
    ("rows", "failed"),
    [
        ([level("act now", 0.5), level("watch", 0.3), level("calm", 0.1)], False),
        ([level("act now", 0.0), level("watch", 0.3)], True),
        ([level("act now", 0.5), level("watch", 0.2)], True),
        ([level("calm", 0.2)], True),
        ([], True),
    ],
)
def test_each_level_must_be_right_oftener_than_everybody(rows: list[dict[str, object]], failed: bool) -> None:
    assert alerts_failed({"alerts": rows}) is failed


def test_what_was_not_measured_is_not_served() -> None:
    assert alerts_failed(None)


def test_a_cluster_keeps_its_name_and_a_new_one_takes_none_that_is_or_was() -> None:
    held = {1: "Lapsed customers", 4: "Bulk buyers"}
    assert lasting_names((2, 1, 3), ["Lapsed customers", "Big spenders", "Lapsed customers"], held) == [
        "Lapsed customers (2)",
        "Lapsed customers",
        "Lapsed customers (3)",
    ]
    assert lasting_names((5,), ["Bulk buyers"], held) == ["Bulk buyers (2)"]
