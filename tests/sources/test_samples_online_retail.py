"""Online Retail: recognised by its content, however the copy is written; the internet only when asked for."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pytest

from patron.errors import NothingThere, UnreadableFile, UsageError
from patron.settings import read_settings
from patron.sources.samples import online_retail, prepare_sample
from patron.sources.samples.download import fetch_file, unpack

ROWS = (
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    "536365,85123A,WHITE HANGING HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom\n"
    "C536379,D,Discount,-1,12/1/2010 9:41,27.50,14527,United Kingdom\n"
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An address on this machine and the folder it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", folder
        http.shutdown()
        thread.join()


def test_the_parquet_copy_is_recognised(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / "online_retail" / "online_retail.parquet"
    settings = read_settings(prepare_sample("online_retail", tmp_path, file=file), {})
    source = settings.sources["invoices"]
    assert settings.value.currency == "GBP"
    assert source.columns["order_id"] == "invoice_no"
    assert source.refund_when is not None
    assert source.refund_when.starts_with == "C"
    assert (tmp_path / source.files[0]).read_bytes() == file.read_bytes()


def test_a_csv_copy_with_american_dates_is_recognised(shared_data: Path, tmp_path: Path) -> None:
    file = tmp_path / "Online Retail.csv"
    parquet = shared_data / "online_retail" / "online_retail.parquet"
    duckdb.sql(
        f"""COPY (SELECT invoice_no AS "InvoiceNo", stock_code AS "StockCode", description AS "Description",
              quantity AS "Quantity", strftime(invoice_date, '%-m/%-d/%Y %-H:%M') AS "InvoiceDate",
              unit_price AS "UnitPrice", customer_id AS "CustomerID", country AS "Country"
            FROM '{parquet}') TO '{file}' (DELIMITER ';')"""
    )
    settings = read_settings(prepare_sample("online-retail", tmp_path / "workspace", file=file), {})
    source = settings.sources["invoices"]
    assert (source.date_format, source.delimiter, source.encoding) == ("%m/%d/%Y %H:%M", ";", "utf-8")


def test_a_copy_that_lacks_rows_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "retail.csv"
    file.write_text(ROWS, encoding="utf-8")
    with pytest.raises(UnreadableFile, match=r"541,909 rows.*it holds 8 columns, 2 rows") as refusal:
        prepare_sample("online-retail", tmp_path / "workspace", file=file)
    assert online_retail.ADDRESS in refusal.value.to_do
    assert not (tmp_path / "workspace" / "patron.toml").exists()


def test_a_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UnreadableFile, match="it lacks the columns InvoiceNo, StockCode"):
        prepare_sample("online-retail", tmp_path / "workspace", file=file)


def test_nothing_is_downloaded_unless_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(online_retail, "fetch_file", lambda *_, **__: pytest.fail("the network was used"))
    with pytest.raises(NothingThere, match=r"nothing is downloaded unless asked for.*file=.*download=True"):
        prepare_sample("online-retail", tmp_path)


def test_a_file_and_a_download_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="asked for twice"):
        prepare_sample("online-retail", tmp_path, file=tmp_path / "x.csv", download=True)


def test_a_missing_file_and_an_unknown_ending_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingThere, match=r"There is no file .*retail\.csv"):
        prepare_sample("online-retail", tmp_path, file=tmp_path / "retail.csv")
    (tmp_path / "retail.pdf").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match=r"cannot be read from retail\.pdf.*\.zip.*\.csv"):
        prepare_sample("online-retail", tmp_path, file=tmp_path / "retail.pdf")


def test_a_download_is_unpacked_and_held_to_the_published_content(
    server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address, folder = server
    with zipfile.ZipFile(folder / "retail.zip", "w") as archive:
        archive.writestr("../Online Retail.xlsx", b"not a workbook")
    monkeypatch.setattr(online_retail, "ADDRESS", f"{address}/retail.zip")
    with pytest.raises(UnreadableFile, match="not a whole Excel"):
        prepare_sample("online-retail", tmp_path / "workspace", download=True)
    written = [path.name for path in (tmp_path / "workspace" / "sample").iterdir()]
    assert written == ["Online Retail.xlsx"]


def test_without_internet_it_says_how_to_give_a_file(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Quiet) as closed:
        port = closed.server_port
    with pytest.raises(NothingThere, match=r"cannot be reached.*give its path"):
        fetch_file(f"http://127.0.0.1:{port}/retail.zip", tmp_path / "retail.zip", largest=1_000, timeout=5.0)
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_is_not_there_cannot_be_reached(server: tuple[str, Path], tmp_path: Path) -> None:
    with pytest.raises(NothingThere, match="cannot be reached"):
        fetch_file(f"{server[0]}/nothing.zip", tmp_path / "x.zip", largest=1_000)


def test_a_download_beyond_its_size_is_cut_off_and_removed(server: tuple[str, Path], tmp_path: Path) -> None:
    address, folder = server
    (folder / "big.zip").write_bytes(bytes(5_000))
    with pytest.raises(UnreadableFile, match="larger than 1,000 bytes"):
        fetch_file(f"{address}/big.zip", tmp_path / "big.zip", largest=1_000)
    assert not list(tmp_path.glob("big*"))


def test_an_archive_may_neither_grow_beyond_bounds_nor_be_broken(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xlsx", bytes(1_000_000))
    with pytest.raises(UnreadableFile, match="larger than 10,000 bytes"):
        unpack(bomb, ".xlsx", tmp_path, largest=10_000)
    with pytest.raises(UnreadableFile, match=r"no \.parquet file"):
        unpack(bomb, ".parquet", tmp_path, largest=10_000)
    bomb.write_bytes(b"PK")
    with pytest.raises(UnreadableFile, match="not a whole zip"):
        unpack(bomb, ".xlsx", tmp_path, largest=10_000)
