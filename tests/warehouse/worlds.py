"""The data on which engines must agree: a golden world told by hand, and many generated ones side by side.

A generated world has customers, orders and row ids of its own (their first letters are its number), so that hundreds of
them fit into one set of tables and each is still answered for by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pyarrow as pa

from features.random_world import FIRST, LAST, prompt_lines, random_facts, random_lines
from features.silver_cast import CAST, CUTOFF, FACTS, HORIZON, Line, moment
from patron.periods import day_of
from patron.quality.peers import FEWEST

Facts = dict[str, list[dict[str, object]]]
DIGITS = 3
_HARD_AMOUNTS = ("0.0001", "0.0099", "123456789.9999", "99999999999.9999", "7777777777.0001")
_RECORDS: tuple[dict[str, object], ...] = (
    {"country": "Malta", "gender": "f", "birth_date": date(1999, 7, 1), "acquisition_channel": "post", "region": "Süd"},
    {"country": "Österreich", "gender": None, "birth_date": date(1958, 2, 28), "region": "nord"},
    {"country": None, "gender": "m", "birth_date": date(1989, 12, 31), "acquisition_channel": "Web"},
    {"country": "日本", "gender": "d", "birth_date": None, "acquisition_channel": "web", "region": "Nord"},
)


@dataclass(frozen=True)
class World:
    """Silver rows of one or of many worlds, and a file that is judged against an earlier one."""

    lines: tuple[Line, ...]
    facts: Facts
    cutoffs: tuple[int, ...]
    horizon: int
    file: pa.Table
    held: pa.Table
    people: pa.Table


def golden_world() -> World:
    """The cast of the feature tests: refunds, late rows, split orders, corrections, contacts and contracts."""
    return World(
        CAST, _with_records(FACTS), (CUTOFF - 120, CUTOFF, CUTOFF + 60), HORIZON, *_files([0], 400), _people(0, 40)
    )


def generated_worlds(count: int) -> World:
    """So many worlds, each from its own seed."""
    lines = [_named(line, seed) for seed in range(count) for line in _lines(seed)]
    facts: Facts = {}
    for seed in range(count):
        for table, rows in _with_records(random_facts(seed)).items():
            facts.setdefault(table, []).extend(_of_world(row, seed) for row in rows)
    for table in ("products", "campaigns"):  # these are the same in every world
        facts[table] = random_facts(0)[table]
    return World(
        tuple(lines), facts, (LAST - 180, LAST - 90, LAST), 90, *_files(range(count), 40), _people(1, 20 * count)
    )


def world_of(customer: str) -> int:
    """The number of the world that a customer of ``generated_worlds`` belongs to."""
    return int(customer[:DIGITS])


def _lines(seed: int) -> list[Line]:
    """Every fourth world is one in which all is known at once; amounts are now and then very small or very large."""
    rng = Random(seed)  # noqa: S311
    lines = prompt_lines(seed) if seed % 4 == 0 else random_lines(seed)
    return [
        replace(line, amount=rng.choice(_HARD_AMOUNTS)) if rng.random() < 0.03 and not line.refund else line
        for line in lines
    ]


def _named(line: Line, seed: int) -> Line:
    who = None if line.who is None else f"{seed:0{DIGITS}}{line.who}"
    return replace(line, who=who, order=f"{seed:0{DIGITS}}{line.order}")


def _of_world(row: dict[str, object], seed: int) -> dict[str, object]:
    who = row.get("customer_id")
    return row if who is None else {**row, "customer_id": f"{seed:0{DIGITS}}{who}"}


def _with_records(facts: Facts) -> Facts:
    """The facts with something about each customer to group by."""
    records = [{**row, **_RECORDS[place % len(_RECORDS)]} for place, row in enumerate(facts["customers"])]
    return {**facts, "customers": records}


# A file as it is staged, and the rows of the same kind that silver holds.
_STAGED = pa.schema(
    [
        ("line", pa.int64()),
        ("source", pa.string()),
        ("file_id", pa.string()),
        ("row_id", pa.string()),
        ("part", pa.date32()),
        ("row_hash", pa.int64()),
        ("row_version", pa.int64()),
        ("is_deleted", pa.bool_()),
        ("customer_id", pa.string()),
        ("order_id", pa.string()),
        ("product_id", pa.string()),
        ("quantity", pa.decimal128(18, 4)),
        ("unit_price", pa.decimal128(18, 4)),
        ("occurred_at", pa.timestamp("us")),
        ("known_at", pa.timestamp("us")),
        ("occurred_day", pa.int32()),
        ("visible_day", pa.int32()),
        ("amount", pa.decimal128(18, 4)),
        ("margin", pa.decimal128(18, 4)),
        ("currency", pa.string()),
        ("is_refund", pa.bool_()),
    ]
)


def _files(seeds: Iterable[int], rows: int) -> tuple[pa.Table, pa.Table]:
    """For each world a file of so many rows, and an earlier one that shares some of its ids and contents."""
    file: list[dict[str, object]] = []
    held: list[dict[str, object]] = []
    for seed in seeds:
        rng = Random(seed)  # noqa: S311
        rows_of_file = [_staged(rng, seed) for _ in range(rows)] + _of_a_regular(rng, seed)
        again = [row for row in rows_of_file if rng.random() < 0.4]
        held += [row if rng.random() < 0.5 else _staged(rng, seed, row) for row in _each_id_once(again)]
        file += rows_of_file
    return _numbered(file), _numbered(held)


def _of_a_regular(rng: Random, seed: int) -> list[dict[str, object]]:
    """Rows of one customer who pays much the same each time, and once far more."""
    amounts = [Decimal(rng.choice(["10", "12.5", "11.25"])) for _ in range(FEWEST)] + [Decimal(400 + seed)]
    name = f"{seed:0{DIGITS}}c9"
    return [{**_staged(rng, seed), "customer_id": name, "amount": one, "is_refund": False} for one in amounts]


def _each_id_once(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return list({(row["row_id"], row["part"]): row for row in rows}.values())


def _numbered(rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist([{**row, "line": number} for number, row in enumerate(rows, 2)], schema=_STAGED)


def _staged(rng: Random, seed: int, like: dict[str, object] | None = None) -> dict[str, object]:
    """A row of the file; of the same id as another one where that is given."""
    day = rng.choice([FIRST, FIRST + 1, LAST, LAST + 1, LAST + 2, -5, rng.randint(FIRST, LAST)])
    late = rng.choice([None, None, None, rng.randint(day, day + 200)])
    amount = Decimal(rng.choice(["0", "10", "-10", "-3000", "3000", "2.5", "999999999999.9999", "1000000000000"]))
    number = rng.randint(1, 25)
    key = {
        "row_id": rng.choice([f"{seed:0{DIGITS}}r{number}", f"{seed:0{DIGITS}}R{number}"]),
        "part": rng.choice([None, day_of(LAST), day_of(LAST - 1)]),
    }
    return {
        **(key if like is None else {name: like[name] for name in key}),
        "source": "shop",
        "file_id": f"{seed:0{DIGITS}}f",
        "order_id": f"o{number % 5}",
        "product_id": rng.choice(["p1", "p2", None]),
        "quantity": Decimal(rng.choice([1, 2])),
        "unit_price": rng.choice([Decimal("9.99"), Decimal("10.49"), Decimal(10), Decimal(5000), Decimal("0.01")]),
        "row_hash": seed * 1000 + int(amount) % 7,
        "row_version": rng.randint(1, 3),
        "is_deleted": rng.random() < 0.1,
        "customer_id": rng.choice([None, f"{seed:0{DIGITS}}c{number % 4}"]),
        "occurred_at": moment(day) + timedelta(microseconds=rng.choice([0, 250_000, 123_456])),
        "known_at": None if late is None else moment(late),
        "occurred_day": day,
        "visible_day": max(day, late or day),
        "amount": amount,
        "margin": rng.choice([None, Decimal("1.2345")]),
        "currency": rng.choice([None, "EUR", "eur", "USD", "€"]),
        "is_refund": amount < 0,
    }


_PEOPLE = pa.schema(
    [
        ("source", pa.string()),
        ("file_id", pa.string()),
        ("line", pa.int64()),
        *((name, pa.string()) for name in ("customer_id", "region", "branch_id", "country", "gender")),
        *((name, pa.string()) for name in ("email", "person_name", "phone")),
        ("birth_date", pa.date32()),
        ("acquired_on", pa.date32()),
        ("arrived_at", pa.timestamp("us")),
    ]
)


def _people(seed: int, count: int) -> pa.Table:
    """Customers' records with what tells one person from another, written in this way and that."""
    rng = Random(seed)  # noqa: S311
    return pa.Table.from_pylist([_person(rng, line) for line in range(1, count + 1)], schema=_PEOPLE)


def _person(rng: Random, line: int) -> dict[str, object]:
    number = rng.randint(1, 10 * line)
    return {
        "source": "crm",
        "file_id": "people",
        "line": line,
        "customer_id": f"c{line:05}",
        "region": rng.choice(["Nord", "nord ", "Süd", None]),
        "country": rng.choice(["Malta", "Österreich", None]),
        "gender": rng.choice(["f", "m", None]),
        "email": rng.choice([None, f"ada{number % 400}@example.org", f" Ada{number % 400}@Example.org", "info"]),
        "person_name": rng.choice(
            [None, f"Ada Nr. {number % 300}", f"ADA  nr {number % 300}", "Zoë Müller", "ZOË MÜLLER"]
        ),
        "phone": rng.choice([None, f"+356 21 {number % 90:02} 34 56", f"0035621{number % 90:02}3456", "12"]),
        "birth_date": rng.choice([None, date(1890, 5, 1), date(2015, 1, 1), day_of(rng.randint(-12_000, 9_000))]),
        "acquired_on": rng.choice([None, day_of(LAST + 40), day_of(-20_000), day_of(rng.randint(FIRST, LAST))]),
        "arrived_at": moment(LAST),
    }
