"""One small shop's orders and customers, to be put into every kind of place that a connector reads."""

from __future__ import annotations

import csv
import json
import sqlite3
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

CAST = ("Ada", "Bruno", "Chen", "Dara", "Émile", "O'Hara", "00123")
Row = tuple[int, str | None, datetime, Decimal, str]
COLUMNS = ("line_id", "client", "bought", "paid", "shop")
MAPPING = """\
customer_id = "client"
occurred_at = "bought"
amount = "paid"
branch_id = "shop"
"""
CREATE = (
    "CREATE TABLE orders (line_id INTEGER, client VARCHAR(40), bought TIMESTAMP, paid DECIMAL(14, 4), shop VARCHAR(10))"
)


def rows(first: int = 0, last: int = 240) -> list[Row]:
    """Orders in the order of time, some of nobody, some given back, one beyond what a float holds exactly."""
    begin = datetime(2023, 1, 2, 9, 30)  # noqa: DTZ001 - as a shop's own clock shows it
    return [
        (
            n,
            None if n % 37 == 5 else CAST[(n * n + n // 7) % len(CAST)],
            begin + timedelta(hours=31 * n, seconds=n),
            Decimal("12345678.1234") if n == 11 else Decimal((n * 7919) % 9000 - 400) / 100,
            f"B{n % 3}",
        )
        for n in range(first, last)
    ]


def texts(row: Row) -> dict[str, str]:
    """A row as an export writes it."""
    values = ("" if value is None else str(value) for value in row)
    return dict(zip(COLUMNS, values, strict=True))


def write_csv(path: Path, content: list[Row]) -> Path:
    """The rows as a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(texts(row) for row in content)
    return path


def as_json(row: Row) -> dict[str, Any]:
    """A row as a service tells it: its number with all digits, what is empty left out."""
    told: dict[str, Any] = {"line_id": row[0], "bought": row[2].isoformat(), "paid": float(row[3]), "shop": row[4]}
    return told | ({"client": row[1]} if row[1] else {})


def json_page(content: list[Row], **more: Any) -> bytes:
    """A page of records."""
    return json.dumps({"data": {"orders": [as_json(row) for row in content]}, **more}).encode()


def fill_sqlite(path: Path, content: list[Row]) -> None:
    """Add the rows to an SQLite file, amounts as text: SQLite would keep them as floats."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS orders (line_id INTEGER, client TEXT, bought TEXT, paid TEXT, shop TEXT)"
        )
        told = [(row[0], row[1], str(row[2]), str(row[3]), row[4]) for row in content]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", told)
    connection.close()


def settings(connector: str, options: str, more: str = "") -> str:
    """A patron.toml whose one source is fetched."""
    return f"""\
[sources.sales]
table = "transactions"
connector = "{connector}"
{more}

[sources.sales.options]
{options}

[sources.sales.columns]
{MAPPING}
[models]
candidates = ["bg_nbd"]
"""


def of_files(files: str) -> str:
    """A patron.toml whose one source is of files."""
    return f"""\
[sources.sales]
table = "transactions"
files = "{files}"

[sources.sales.columns]
{MAPPING}
[models]
candidates = ["bg_nbd"]
"""


def write_settings(folder: Path, text: str) -> Path:
    """Make a folder a workspace."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "patron.toml").write_text(text, "utf-8")
    return folder
