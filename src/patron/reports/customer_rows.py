"""Single rows of a release's tables, found without reading the tables whole, and ids that look alike."""

from __future__ import annotations

from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from patron.errors import NothingThere
from patron.models.arrays import Floats
from patron.models.customers import Customers
from patron.models.explaining.typical import typical_customer
from patron.releases.contents import BEHAVIOUR, BRIDGE, FEATURES, MEMBERS, MOVES, SCORES, SEGMENTS, Release
from patron.reports.overridden import read_customer
from patron.reports.wording import printable
from patron.scores.bridge import PARTS, Sums, from_text
from patron.scores.views import customers_of, numbered

Row = dict[str, Any]  # Any: a row holds text, numbers, days and decimals
_CLOSE: Final = 0.75
_MOST_CLOSE: Final = 3
_KEYS: Final = ("customer_id", "as_of_day")


def score_row(release: Release, customer_id: str) -> Row:
    """What a customer is worth; NothingThere with the ids that look like it, for one whom the release does not have."""
    rows = _rows(release, SCORES, customer_id)
    if rows is None or not rows.num_rows:
        close = close_ids(release, customer_id)
        raise NothingThere(
            f"Release {release.id} has no customer '{customer_id}'.",
            allowed=f"Ids that look like it: {', '.join(close)}." if close else "",
            to_do=f"Did you mean '{close[0]}'?" if close else "Take an id of its scores: 'patron segments high'.",
        )
    return dict(rows.to_pylist()[0])


def segment_row(release: Release, customer_id: str) -> Row:
    """Which groups the customer belongs to; nothing where the release does not tell."""
    return _first(_rows(release, SEGMENTS, customer_id))


def behaviour_row(release: Release, customer_id: str) -> Row:
    """How the customer behaves; nothing in a release from before that was kept."""
    return _first(_rows(release, BEHAVIOUR, customer_id))


def bridge_row(release: Release, customer_id: str) -> Row:
    """Why the customer's value changed; nothing in a first release."""
    return _first(_rows(release, BRIDGE, customer_id))


def bridge_sums(row: Row) -> Sums:
    """A row of the bridge as sums; its customer is in the later release."""
    parts = {part: from_text(str(row[part])) for part in PARTS}
    before, now = (from_text(str(row[name])) for name in ("value_before", "value_now"))
    return Sums(int(before != 0 or not parts["new"]), int(now != 0 or before == 0), before, now, parts)


def move_rows(release: Release, customer_id: str) -> list[Row]:
    """The customer's moves since the release before, by view."""
    rows = _rows(release, MOVES, customer_id)
    return [] if rows is None else [dict(row) for row in rows.sort_by("view").to_pylist()]


def rules_of(release: Release, customer_id: str) -> list[str]:
    """The groups of your own rules that the customer belongs to, by name."""
    rows = _rows(release, MEMBERS, customer_id)
    return [] if rows is None else sorted(rows["rule"].to_pylist())


def described_customer(release: Release, customer_id: str) -> Customers:
    """The customer by its features, a table of one row."""
    rows = _rows(release, FEATURES, customer_id)
    if rows is None or not rows.num_rows:
        raise NothingThere(f"Release {release.id} does not describe customer '{customer_id}'.")
    return customers_of(rows, int(rows["as_of_day"][0].as_py()))


def typical_of(release: Release, as_of_day: int) -> Customers:
    """The typical customer of a release, as ``typical_customer`` has it, reading one feature at a time."""
    file = pq.ParquetFile(release.folder / FEATURES)
    columns: dict[str, Floats] = {}
    for name in file.schema_arrow.names:
        if name not in _KEYS:
            batch = file.read(columns=[name]).combine_chunks().to_batches()[0]
            columns |= typical_customer(numbered(batch, as_of_day)).columns
    return typical_customer(Customers(as_of_day, numbered(batch, as_of_day).customer_id[:1], columns))


def close_ids(release: Release, customer_id: str) -> list[str]:
    """The ids of a release that look most like this one, fit to be printed; at most three, none where none does."""
    likeness = "jaro_winkler_similarity(lower(customer_id), lower($asked))"
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(
            f"SELECT customer_id FROM read_parquet($file) WHERE {likeness} >= $close "  # noqa: S608 (values are parameters)
            f"ORDER BY {likeness} DESC, customer_id LIMIT {_MOST_CLOSE}",
            {"file": str(release.folder / SCORES), "asked": customer_id, "close": _CLOSE},
        ).fetchall()
    return [printable(str(one)) for (one,) in found]


def _rows(release: Release, file: str, customer_id: str) -> pa.Table | None:
    path = release.folder / file
    return read_customer(release, path, customer_id) if path.is_file() else None


def _first(rows: pa.Table | None) -> Row:
    return dict(rows.to_pylist()[0]) if rows is not None and rows.num_rows else {}
