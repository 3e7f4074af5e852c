"""Online Retail (UCI 352, CC BY 4.0): a British gift shop's invoices from December 2010 to December 2011.

It comes from a local file, or, only when asked for, from its public address. Either is held to the published
content, row by row: no checksum of the archive is published, and a copy saved as CSV or Parquet would have another.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from patron.errors import BrokenContract, NothingThere, UnreadableFile, UsageError
from patron.periods import day_of
from patron.settings import FILE_NAME, Source
from patron.sources.files import FORMAT_OF_ENDING
from patron.sources.parse import Parser
from patron.sources.raw import read_raw
from patron.sources.samples.download import fetch_file, unpack
from patron.sources.samples.patron_toml import SourceMap, patron_toml
from patron.tables import TRANSACTIONS

ADDRESS: Final = "https://archive.ics.uci.edu/static/public/352/online+retail.zip"
FOLDER: Final = "sample"
_LARGEST_DOWNLOAD: Final = 60_000_000
_LARGEST_WORKBOOK: Final = 200_000_000
_ROWS_TRIED: Final = 2_000
_PLACES: Final = (
    ("order_id", "InvoiceNo"),
    ("product_id", "StockCode"),
    ("quantity", "Quantity"),
    ("occurred_at", "InvoiceDate"),
    ("unit_price", "UnitPrice"),
    ("customer_id", "CustomerID"),
    ("country", "Country"),
)
_SNAKE: Final = {
    "InvoiceNo": "invoice_no",
    "StockCode": "stock_code",
    "Quantity": "quantity",
    "InvoiceDate": "invoice_date",
    "UnitPrice": "unit_price",
    "CustomerID": "customer_id",
    "Country": "country",
}
_DATE_FORMATS: Final = ("iso", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M")
_ENCODINGS: Final = ("utf-8", "cp1252")
_DELIMITERS: Final = (",", ";", "\t")


@dataclass(frozen=True)
class Content:
    """What a copy of Online Retail holds: the facts it is recognised by."""

    columns: int
    rows: int
    unreadable_rows: int
    quantity: Decimal
    revenue: Decimal
    first_day: date | None
    last_day: date | None

    def __str__(self) -> str:
        return (
            f"{self.columns} columns, {self.rows:,} rows ({self.unreadable_rows:,} unreadable), "
            f"{self.quantity:,.0f} items, {self.revenue:,.2f} revenue, {self.first_day} to {self.last_day}"
        )


PUBLISHED: Final = Content(
    columns=8,
    rows=541_909,
    unreadable_rows=0,
    quantity=Decimal(5_176_450),
    revenue=Decimal("9747747.9340"),
    first_day=date(2010, 12, 1),
    last_day=date(2011, 12, 9),
)


def prepare_online_retail(folder: Path, *, file: Path | None = None, download: bool = False) -> Path:
    """Put Online Retail and its patron.toml into a workspace folder; gives the path of patron.toml.

    ``file`` is a local copy: UCI's zip or workbook, or the same rows as CSV or Parquet. ``download`` allows the
    one network access of this module. Raises NothingThere without either, or when the internet cannot be reached,
    and UnreadableFile when the content is not the published one.
    """
    if (file is None) != download:
        raise _ask_for_one(file)
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    copy = _copied(file, place) if file is not None else _fetched(place)
    settings = find_writing(copy)
    path = folder / FILE_NAME
    path.write_text(_settings_text(copy, settings), encoding="utf-8")
    return path


def _ask_for_one(file: Path | None) -> UsageError:
    if file is not None:
        return UsageError("Online Retail was asked for twice.", to_do="Give a file or allow the download, not both.")
    return NothingThere(
        "Online Retail is not part of Patron, and nothing is downloaded unless asked for.",
        to_do=f"Give a local copy (--file PATH; in Python file=…), or allow the download from {ADDRESS} (--download; download=True).",
    )


def _copied(file: Path, place: Path) -> Path:
    if not file.is_file():
        raise NothingThere(f"There is no file {file}.", to_do=f"Get Online Retail from {ADDRESS}.")
    if file.suffix.lower() == ".zip":
        return unpack(file, ".xlsx", place, largest=_LARGEST_WORKBOOK)
    if file.suffix.lower() not in FORMAT_OF_ENDING:
        known = ", ".join((".zip", *FORMAT_OF_ENDING))
        raise UsageError(f"Online Retail cannot be read from {file.name}.", allowed=f"Endings: {known}.")
    copy = place / file.name
    if copy.resolve() != file.resolve():
        shutil.copyfile(file, copy)
    return copy


def _fetched(place: Path) -> Path:
    archive = place / "online_retail.zip"
    fetch_file(ADDRESS, archive, largest=_LARGEST_DOWNLOAD)
    workbook = unpack(archive, ".xlsx", place, largest=_LARGEST_WORKBOOK)
    archive.unlink()
    return workbook


def find_writing(path: Path) -> Source:
    """How this copy of Online Retail is written; raises UnreadableFile if its content is not the published one.

    The dates settle it: read with days and months exchanged, they cannot span the published year.
    """
    best: Content | None = None
    for source in _possible_sources(path):
        if not _could_be(path, source):
            continue
        content = read_content(path, source)
        if content == PUBLISHED:
            return source
        best = content if best is None or content.unreadable_rows < best.unreadable_rows else best
    raise UnreadableFile(
        str(path),
        f"this is not the published Online Retail ({PUBLISHED}); "
        + (f"it holds {best}." if best else f"it lacks the columns {', '.join(_SNAKE)}."),
        to_do=f"Get it from {ADDRESS}, or run 'patron init' on your own file.",
    )


def read_content(path: Path, source: Source) -> Content:
    """The facts of a copy, read as a run would read it."""
    raw, parser = read_raw(path, source), Parser(source, TRANSACTIONS)
    rows = unreadable = 0
    quantity, revenue, days = Decimal(0), Decimal(0), []
    for batch in raw.batches():
        parsed = parser.parse(batch.rows)
        rows += batch.rows.num_rows + len(batch.rejected)
        unreadable += len(batch.rejected) + len(parsed.rejected)
        quantity += pc.sum(parsed.rows["quantity"]).as_py() or Decimal(0)
        revenue += pc.sum(parsed.rows["amount"]).as_py() or Decimal(0)
        span = pc.min_max(parsed.rows["occurred_day"]).as_py()
        days += [day_of(day) for day in span.values() if day is not None]
    first, last = (min(days), max(days)) if days else (None, None)
    return Content(len(raw.columns), rows, unreadable, quantity, revenue, first, last)


def _possible_sources(path: Path) -> Iterator[Source]:
    """Ways in which copies of the data set are found to be written."""
    is_text = FORMAT_OF_ENDING.get(path.suffix.lower()) == "csv"
    ways = product(_DELIMITERS, _DATE_FORMATS, _ENCODINGS) if is_text else ((",", "iso", "utf-8"),)
    for (delimiter, date_format, encoding), snake in product(ways, (False, True)):
        spelt = _SNAKE if snake else {column: column for column in _SNAKE}
        yield Source.model_validate(
            {
                "table": TRANSACTIONS.name,
                "files": (f"{FOLDER}/{path.name}",),
                "delimiter": delimiter,
                "date_format": date_format,
                "encoding": encoding,
                "refund_when": {"column": spelt["InvoiceNo"], "starts_with": "C"},
                "columns": {name: spelt[column] for name, column in _PLACES},
            }
        )


def _could_be(path: Path, source: Source) -> bool:
    """Whether the file has the columns, and rows taken from all over its first batch can be read, in this way."""
    try:
        batch = next(read_raw(path, source).batches(), None)
    except BrokenContract:
        return False
    if batch is None or batch.rejected:
        return False
    some = batch.rows.take(pa.array(range(0, batch.rows.num_rows, 1 + batch.rows.num_rows // _ROWS_TRIED)))
    return not Parser(source, TRANSACTIONS).parse(some).rejected


def _settings_text(path: Path, source: Source) -> str:
    written = {
        key: setting
        for key, setting in source.model_dump(include={"delimiter", "date_format", "encoding"}).items()
        if setting != Source.model_fields[key].default
    }
    rule = source.refund_when.model_dump(exclude_none=True) if source.refund_when else {}
    return patron_toml(
        "Online Retail: D. Chen, UCI Machine Learning Repository 352, CC BY 4.0.\n"
        "Invoices whose number begins with C are cancellations.",
        [
            SourceMap(
                "invoices",
                TRANSACTIONS.name,
                f"{FOLDER}/{path.name}",
                source.columns,
                {**written, "refund_when": rule},
            )
        ],
        profile="retail",
        value={"currency": "GBP", "basis": "revenue"},
    )
