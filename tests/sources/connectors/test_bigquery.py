"""BigQuery, with a client that answers as Google's does: what is asked, how it is bound, what lands."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from patron.errors import SourceFailed, UsageError
from patron.sources.connectors.bigquery import CONNECTOR, BigQueryOptions
from patron.testing.connectors import check_connector
from sources.connectors.fetches import fetch, landed

KEY_FILE = '{"type": "service_account", "private_key": "hunter2-hunter2", "client_email": "a@b"}'
COLUMNS = ("id", "at", "paid", "day")
ROWS: list[tuple[Any, ...]] = [
    (n, datetime(2024, 1, n, 10, tzinfo=UTC), Decimal("0.10") * n, date(2024, 1, n)) for n in range(1, 8)
]
EXPECTED = [
    {"id": str(n), "at": f"2024-01-0{n} 10:00:00Z", "paid": f"0.{n}0", "day": f"2024-01-0{n}"} for n in range(1, 8)
]


@dataclass
class FakeRow:
    content: tuple[Any, ...]

    def values(self) -> tuple[Any, ...]:
        return self.content


@dataclass
class FakeResult:
    rows: list[FakeRow]
    schema: list[Any]

    def __iter__(self) -> Any:
        return iter(self.rows)


@dataclass
class FakeJob:
    rows: list[tuple[Any, ...]]

    def result(self, page_size: int) -> FakeResult:
        fields = [type("Field", (), {"name": name})() for name in COLUMNS]
        return FakeResult([FakeRow(row) for row in self.rows], fields)


@dataclass
class Parameter:
    name: str
    type_: str
    value: Any


@dataclass
class FakeClient:
    project: str | None = None
    location: str | None = None
    key_file: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_service_account_info(cls, key_file: dict[str, str], **more: Any) -> FakeClient:
        return cls(key_file=key_file, **more)

    def query(self, text: str, job_config: dict[str, Any]) -> FakeJob:
        ASKED.append((self, text, job_config))
        if "forbidden" in text:
            raise RuntimeError(f"403 for {self.key_file}")
        after = job_config["query_parameters"]
        return FakeJob([row for row in ROWS if not after or row[1] >= after[0].value])


ASKED: list[tuple[FakeClient, str, dict[str, Any]]] = []


@pytest.fixture(autouse=True)
def _library(monkeypatch: pytest.MonkeyPatch) -> None:
    google, cloud, bigquery = (ModuleType(name) for name in ("google", "google.cloud", "google.cloud.bigquery"))
    vars(bigquery).update(Client=FakeClient, QueryJobConfig=dict, ScalarQueryParameter=Parameter)
    vars(cloud).update(bigquery=bigquery)
    vars(google).update(cloud=cloud)
    for module in (google, cloud, bigquery):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    ASKED.clear()


def test_it_keeps_the_rules_of_connectors() -> None:
    options = {"project": "p", "location": "EU", "table": "shop.orders", "batch_rows": 3}
    check_connector(CONNECTOR, options, EXPECTED, secret=KEY_FILE)
    check_connector(CONNECTOR, {**options, "watermark": "at"}, EXPECTED)
    assert (ASKED[0][0].project, ASKED[0][0].location) == ("p", "EU")


def test_a_later_fetch_binds_the_watermark_with_its_type(tmp_path: Path) -> None:
    options = {
        "table": "my-project.shop.orders",
        "watermark": "at",
        "columns": ["id", "at", "paid", "day"],
        "max_gb": 2,
    }
    fetch(tmp_path, "bigquery", options)
    fetch(tmp_path, "bigquery", {**options, "overlap_days": 1})
    assert [text for _, text, _ in ASKED] == [
        "SELECT `id`, `at`, `paid`, `day` FROM `my-project.shop.orders` ORDER BY `at` NULLS LAST",
        "SELECT `id`, `at`, `paid`, `day` FROM `my-project.shop.orders` WHERE `at` >= @watermark OR `at` IS NULL "
        "ORDER BY `at` NULLS LAST",
    ]
    assert ASKED[1][2] == {
        "query_parameters": [Parameter("watermark", "TIMESTAMP", datetime(2024, 1, 6, 10, tzinfo=UTC))],
        "maximum_bytes_billed": 2_000_000_000,
        "use_legacy_sql": False,
    }
    assert len(landed(tmp_path)) == 1


def test_what_the_client_says_is_told_without_the_key(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="RuntimeError: 403 for") as caught:
        fetch(tmp_path, "bigquery", {"query": "SELECT forbidden"}, secret=KEY_FILE)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(UsageError, match="'sales' is no JSON") as caught_early:
        fetch(tmp_path, "bigquery", {"query": "SELECT 1"}, secret="hunter2-hunter2")  # noqa: S106
    assert "hunter2" not in str(caught_early.value)


def test_without_the_client_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud", None)
    with pytest.raises(UsageError, match=r"pip install 'patron\[bigquery\]'"):
        fetch(tmp_path, "bigquery", {"table": "shop.orders"})


@pytest.mark.parametrize("table", ["orders", "a.b`; DROP TABLE x; --", "a.b c'd"])
def test_a_table_that_is_none_is_refused(table: str) -> None:
    with pytest.raises(ValueError, match="no name of a table"):
        BigQueryOptions(table=table)
