"""`patron.cluster_of`: a cluster at once for who is not in the release, with reasons, and honest about what is unknown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import patron
from patron.errors import NothingThere, UnknownName, UsageError
from patron.releases.contents import Release


def test_a_known_customer_described_anew_gets_the_raw_cluster_of_the_release(moved_shop: Path, newest: Release) -> None:
    features, segments = newest.features().to_pylist(), newest.segments().to_pylist()
    raw = {row["customer_id"]: row["raw_cluster_id"] for row in segments}
    for row in features[:5]:
        told = {name: float(value) for name, value in row.items() if _is_number(name, value)}
        found = patron.cluster_of(moved_shop, told)
        assert found.cluster_id == raw[row["customer_id"]]
        assert found.chance == max(found.chances.values())


def test_what_is_not_known_is_listed_and_told(moved_shop: Path) -> None:
    found = patron.cluster_of(moved_shop, {"orders": 30, "days_since_last_purchase": 2, "historic_value": 9000.0})
    assert "orders" not in found.unknown
    assert len(found.unknown) > 10
    assert "Features not known" in str(found)
    assert "because they" in found.sentence


def test_what_is_no_feature_or_no_number_is_refused(moved_shop: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'orders'"):
        patron.cluster_of(moved_shop, {"order": 3})
    with pytest.raises(UsageError, match="No feature"):
        patron.cluster_of(moved_shop, {})
    with pytest.raises(UsageError, match="is no number"):
        patron.cluster_of(moved_shop, {"orders": "many"})  # type: ignore[dict-item]


def test_a_release_without_clusters_says_so(moved_shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("patron.surfaces.notebook.kept_clusters", lambda _: None)
    with pytest.raises(NothingThere, match="holds no clusters"):
        patron.cluster_of(moved_shop, {"orders": 3})


def _is_number(name: str, value: object) -> bool:
    return name not in ("customer_id", "as_of_day") and isinstance(value, int | float) and bool(np.isfinite(value))
