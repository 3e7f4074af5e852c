"""Forty and more defects, each planted in an otherwise good batch or gold table, with the layer whose gate must stop it."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from quality.clean_worlds import Row, as_csv

SEED = 20_240_305
FORMAT = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class FileDefect:
    """A defect of a file: what becomes of a good batch, under which name, and who must stop it."""

    layer: str
    told: str
    plant: Callable[[list[Row]], bytes]
    name: str = "sales-999.csv"
    quality: str = ""
    days_late: int = 0


@dataclass(frozen=True)
class GoldDefect:
    """A defect of a gold table that arises between two steps."""

    table: str
    told: str
    plant: Callable[[pa.Table], pa.Table]


Change = Callable[[Row], Row | None]


def each(change: Change, share: float = 1.0) -> Callable[[list[Row]], bytes]:
    """A share of the rows changed; None takes a row away."""

    def plant(rows: list[Row]) -> bytes:
        chosen = np.random.default_rng(SEED).random(len(rows)) < share
        changed = [change(dict(row)) if hit else row for row, hit in zip(rows, chosen, strict=True)]
        return as_csv([row for row in changed if row is not None])

    return plant


def put(**values: str) -> Change:
    return lambda row: row | values


def times(factor: float) -> Change:
    return lambda row: row | {"price": f"{float(row['price']) * factor:.2f}"}


def moved(**gap: int) -> Change:
    return lambda row: row | {"when": f"{datetime.strptime(row['when'], FORMAT) + timedelta(**gap):{FORMAT}}"}  # noqa: DTZ007 - a shop's own clock


def without(column: str) -> Change:
    return lambda row: {name: value for name, value in row.items() if name != column}


def renamed(old: str, new: str) -> Change:
    return lambda row: {new if name == old else name: value for name, value in row.items()}


def copied(rows: list[Row], copies: int) -> list[Row]:
    return [row | {"id": f"{row['id']}/{copy}"} for copy in range(copies) for row in rows]


def half_lost_half_doubled(rows: list[Row]) -> bytes:
    return as_csv(copied(rows[::2], 2))


def ids_used_twice(rows: list[Row]) -> bytes:
    return as_csv([row | {"id": rows[place // 2]["id"]} for place, row in enumerate(rows)])


def days_dropped(rows: list[Row]) -> bytes:
    days = sorted({row["when"][:10] for row in rows})
    gone = set(days[5:11])
    return as_csv([row for row in rows if row["when"][:10] not in gone])


def cut_fields(rows: list[Row]) -> bytes:
    lines = as_csv(rows).decode().splitlines()
    return "\n".join(line.rsplit(",", 3)[0] if n % 22 == 7 else line for n, line in enumerate(lines)).encode()


def with_two_prices(rows: list[Row]) -> bytes:
    header, *lines = as_csv(rows).decode().splitlines()
    return "\n".join([f"{header},Price", *(f"{line},1.00" for line in lines)]).encode()


def as_parquet(rows: list[Row]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), stream)
    return stream.getvalue()


FILE_DEFECTS: dict[str, FileDefect] = {
    "an empty file": FileDefect("lake", "hold not one byte", lambda _: b""),
    "only a header": FileDefect("bronze", "holds no data rows", lambda rows: as_csv(rows).split(b"\n")[0] + b"\n"),
    "a missing column": FileDefect("bronze", "no column 'price'", each(without("price"))),
    "a renamed column": FileDefect("bronze", "no column 'client'", each(renamed("client", "customer"))),
    "another delimiter": FileDefect("bronze", "semicolon", lambda rows: as_csv(rows).replace(b",", b";")),
    "two columns of one name": FileDefect("bronze", "names 2 columns", with_two_prices),
    "another encoding": FileDefect(
        "bronze",
        "could not be read as rows",
        lambda rows: each(put(client="Jörg"), 0.3)(rows).decode().encode("latin-1"),
    ),
    "no table at all": FileDefect("bronze", "", lambda _: b"<html><body>503 Service Unavailable</body></html>"),
    "a truncated parquet file": FileDefect(
        "bronze", "sales-999.parquet", lambda rows: as_parquet(rows)[:-900], name="sales-999.parquet"
    ),
    "a truncated packed file": FileDefect(
        "bronze", "sales-999.csv.gz", lambda rows: gzip.compress(as_csv(rows))[:-600], name="sales-999.csv.gz"
    ),
    "a file cut in the middle": FileDefect(
        "bronze", "sales.volume", lambda rows: as_csv(rows)[: len(as_csv(rows)) // 2]
    ),
    "half the volume": FileDefect("bronze", "sales.volume", lambda rows: as_csv(rows[::2])),
    "tenfold volume": FileDefect("bronze", "sales.volume", lambda rows: as_csv(copied(rows, 10))),
    "a batch three times over": FileDefect("bronze", "sales.volume", lambda rows: as_csv(copied(rows, 3))),
    "fields that are missing here and there": FileDefect("bronze", "could not be read as rows", cut_fields),
    "text where money stands": FileDefect("silver", "unparseable", each(put(price="n/a"))),
    "dates the American way": FileDefect(
        "silver",
        "unparseable_date",
        each(lambda row: row | {"when": f"{row['when'][5:7]}/{row['when'][8:10]}/{row['when'][:4]}"}),
    ),
    "prices that are missing": FileDefect("silver", "cannot be believed", each(put(price=""), 0.12)),
    "ids that are used twice": FileDefect("silver", "conflicting_id", ids_used_twice),
    "future dates": FileDefect("silver", "future_date", each(moved(days=400), 0.2)),
    "dates of the last century": FileDefect("silver", "date_too_early", each(put(when="1900-01-01 00:00"), 0.1)),
    "a mix of currencies": FileDefect("silver", "unknown_currency", each(put(currency="USD"), 0.3)),
    "a few rows more that cannot be believed than ever": FileDefect(
        "silver", "cannot be believed", each(put(currency="USD"), 0.047), quality="quarantine_limit = 0.2"
    ),
    "customers that are missing": FileDefect("silver", "customer_id is empty", each(put(client=""), 0.4)),
    "one customer for all": FileDefect("silver", "transactions.customer_id.volume", each(put(client="99999"))),
    "negative prices": FileDefect("silver", "unit_price is below zero", each(times(-1), 0.03)),
    "unknown branches": FileDefect("silver", "branch_id is not among the branches", each(put(branch="b99"), 0.3)),
    "branches that are missing": FileDefect("silver", "branch_id is empty", each(put(branch=""), 0.3)),
    "all sales in one branch": FileDefect("silver", "transactions.branch_id.distribution", each(put(branch="b0"))),
    "a channel that went missing": FileDefect("silver", "transactions.channel.distribution", each(put(channel="shop"))),
    "a shifted distribution": FileDefect("silver", "transactions.unit_price.distribution", each(times(2.2))),
    "cents in place of euros": FileDefect("silver", "transactions.unit_price.distribution", each(times(100))),
    "quantities of nought": FileDefect("silver", "transactions.quantity.distribution", each(put(quantity="0"))),
    "another time zone": FileDefect("silver", "the hours of occurred_at", each(moved(hours=8))),
    "no time of day": FileDefect(
        "silver", "the hours of occurred_at", each(lambda row: row | {"when": f"{row['when'][:10]} 00:00"})
    ),
    "days that were dropped": FileDefect("silver", "days from its first to its last", days_dropped),
    "half of it lost and the rest doubled": FileDefect("silver", "repeat another row", half_lost_half_doubled),
    "an incomplete batch": FileDefect(
        "silver",
        "transactions.customer_id.required.sla",
        each(put(client=""), 0.08),
        quality="sla.completeness = { customer_id = 0.9 }",
    ),
    "a batch smaller than agreed": FileDefect("bronze", "sales.rows.sla", as_csv, quality="sla.least_rows = 5000"),
    "test sales, against a rule of the user's own": FileDefect(
        "silver", "no_test_sales", each(put(channel="test"), 0.004)
    ),
    "a stale batch": FileDefect(
        "silver", "transactions.occurred_at.freshness", as_csv, quality='sla.freshness = "10 days"', days_late=30
    ),
}


def column(
    name: str, change: Callable[[pa.ChunkedArray], pa.ChunkedArray | pa.Array]
) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.set_column(table.column_names.index(name), name, change(table[name]))


def first(name: str, value: object) -> Callable[[pa.Table], pa.Table]:
    """A column whose first row holds this value."""
    return column(name, lambda held: pa.array([value, *held.to_pylist()[1:]], held.type))


def swapped(table: pa.Table) -> pa.Table:
    """The ends of the first intervals exchanged."""
    low, high = table["value_low"].to_pylist(), table["value_high"].to_pylist()
    crossed = [(high[n], low[n]) if n < 5 else (low[n], high[n]) for n in range(len(low))]
    whole = column("value_low", lambda _: pa.array([a for a, _ in crossed]))(table)
    return column("value_high", lambda _: pa.array([b for _, b in crossed]))(whole)


def threefold(table: pa.Table) -> pa.Table:
    """Expected values, their bounds and the totals three times as high, and consistent."""
    for name in ("expected_value", "value_low", "value_high"):
        table = column(name, lambda held: pc.multiply(held, 3.0))(table)
    return column("total_value", lambda _: pc.add(table["expected_value"], table["historic_value"]))(table)


GOLD_DEFECTS: dict[str, GoldDefect] = {
    "duplicated customers": GoldDefect(
        "scores", "gold.scores.customer_id.unique", lambda table: pa.concat_tables([table, table.slice(0, 3)])
    ),
    "missing scores": GoldDefect("scores", "have no score", lambda table: table.slice(4)),
    "no scores at all": GoldDefect("scores", "gold.scores.rows", lambda table: table.slice(0, 0)),
    "scores of nobody": GoldDefect("scores", "scored customers have no features", first("customer_id", "nobody")),
    "a score without a value": GoldDefect("scores", "expected_value.required", first("expected_value", None)),
    "NaN scores": GoldDefect("scores", "expected_value.range", first("expected_value", float("nan"))),
    "infinite scores": GoldDefect("scores", "value_high.range", first("value_high", float("inf"))),
    "crossed intervals": GoldDefect("scores", "leaves its interval", swapped),
    "a chance above one": GoldDefect("scores", "probability_alive.range", first("probability_alive", 1.2)),
    "orders below zero": GoldDefect("scores", "expected_orders.range", first("expected_orders", -0.4)),
    "a horizon of nought": GoldDefect("scores", "horizon_days.range", first("horizon_days", 0)),
    "scores of another day": GoldDefect(
        "scores",
        "as_of.range",
        column("as_of", lambda held: pc.subtract(held, pa.scalar(timedelta(days=30))).cast(held.type)),
    ),
    "an unknown confidence": GoldDefect("scores", "confidence.accepted", first("confidence", "certain")),
    "a score of no model": GoldDefect("scores", "model.required", first("model", None)),
    "totals that do not add up": GoldDefect("scores", "is not historic_value", first("total_value", 1e7)),
    "a total off by three": GoldDefect("scores", "Σ expected_value", threefold),
    "history that was lost": GoldDefect(
        "scores", "Σ historic_value", column("historic_value", lambda held: pc.multiply(held, 0.7))
    ),
    "one value for everybody": GoldDefect(
        "scores", "1 different values", column("expected_value", lambda held: pa.array([100.0] * len(held)))
    ),
    "money as text": GoldDefect(
        "scores", "expected_value.type", column("expected_value", lambda held: held.cast("string"))
    ),
    "customers without a segment": GoldDefect("segments", "have no segment", lambda table: table.slice(2)),
    "an unknown tier": GoldDefect("segments", "tier.accepted", first("tier", "platinum")),
    "an RFM score of nine": GoldDefect("segments", "recency_score.range", first("recency_score", 9)),
    "a forecast outside its interval": GoldDefect("forecast", "leaves its interval", first("expected", 1e12)),
}
