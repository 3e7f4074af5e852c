"""What every warehouse must do, whichever engine holds its tables: one suite, an engine each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from patron.errors import BrokenContract, NothingThere
from patron.tables import Column
from patron.warehouse import Batches, Warehouse
from warehouse.engines import CONTRACT, OPENERS

MONEY = pa.decimal128(18, 4)
WIDE = pa.decimal128(38, 4)
MOST = Decimal("99999999999999.9999")
TOLD = Column("who", "id", ""), Column("amount", "money", "")


@pytest.fixture(params=CONTRACT)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    with OPENERS[request.param](tmp_path) as opened:
        yield opened


def people(*names: str | None) -> pa.Table:
    return pa.table({"who": pa.array(names, pa.string()), "n": pa.array(range(len(names)), pa.int64())})


def stored(house: Warehouse, name: str, schema: str = "work") -> list[dict[str, object]]:
    """Every row, in an order of its own."""
    rows: list[dict[str, object]] = house.fetch(house.table(schema, name)).to_pylist()
    return sorted(rows, key=lambda row: [(value is not None, str(value)) for value in row.values()])


def test_an_empty_warehouse_has_no_tables_and_says_what_to_do(house: Warehouse) -> None:
    assert all(house.names(schema) == () for schema in ("bronze", "silver", "gold", "work"))
    assert not house.exists("gold", "scores")
    with pytest.raises(NothingThere, match=r"no table gold\.scores .* Run 'patron run' first"):
        house.table("gold", "scores")


def test_a_declared_table_is_made_empty_and_only_once(house: Warehouse) -> None:
    house.create("silver", "told", TOLD)
    assert house.count("silver", "told") == 0
    house.append("silver", "told", pa.table({"who": ["Ada"], "amount": pa.array([Decimal(3)], MONEY)}))
    house.create("silver", "told", TOLD)
    assert stored(house, "told", "silver") == [{"who": "Ada", "amount": Decimal("3.0000")}]


def test_names_are_the_tables_of_one_schema_in_order(house: Warehouse) -> None:
    for name in ("b", "c", "a"):
        house.create("work", name, TOLD)
    house.create("gold", "z", TOLD)
    assert house.names("work") == ("a", "b", "c")
    house.drop("work", "b")
    house.drop("work", "never there")
    assert house.names("work") == ("a", "c")
    assert house.exists("gold", "z")


KINDS = (
    ("id", pa.string(), ["Ada", None, ""]),
    ("text", pa.string(), ["two\nlines", None, "NULL"]),
    ("money", MONEY, [MOST, None, -MOST]),
    ("quantity", MONEY, [Decimal("0.0001"), None, Decimal("-0.0001")]),
    ("count", pa.int64(), [2**63 - 1, None, -(2**63)]),
    ("day", pa.int32(), [2**31 - 1, None, -(2**31)]),
    (
        "moment",
        pa.timestamp("us"),
        [datetime(2024, 2, 29, 23, 59, 59, 999_999), None, datetime(1900, 1, 1)],  # noqa: DTZ001
    ),
    ("date", pa.date32(), [date(1900, 1, 1), None, date(9999, 12, 31)]),
    ("share", pa.float64(), [0.1 + 0.2, None, 5e-324]),
    ("real", pa.float64(), [1.7976931348623157e308, None, -0.0]),
    ("flag", pa.bool_(), [True, None, False]),
)


@pytest.mark.parametrize(("kind", "arrow", "values"), KINDS, ids=[kind for kind, _, _ in KINDS])
def test_every_kind_of_column_comes_back_as_it_went_in(
    house: Warehouse, kind: str, arrow: pa.DataType, values: list[object]
) -> None:
    house.create("silver", "kinds", (Column("place", "count", ""), Column("value", kind, "")))  # type: ignore[arg-type]
    house.append("silver", "kinds", pa.table({"place": [1, 2, 3], "value": pa.array(values, arrow)}))
    found = house.fetch(house.table("silver", "kinds").order_by("place"))
    assert found.schema.field("value").type == arrow
    assert repr(found["value"].to_pylist()) == repr(values)


def test_floats_that_are_no_numbers_come_back(house: Warehouse) -> None:
    house.replace("work", "odd", pa.table({"n": [1, 2, 3], "x": [float("nan"), float("inf"), float("-inf")]}))
    assert repr(house.fetch(house.table("work", "odd").order_by("n"))["x"].to_pylist()) == "[nan, inf, -inf]"


def test_bytes_come_back(house: Warehouse) -> None:
    bodies = [b"", b"\0\x01\xff", bytes(range(256)) * 400]
    house.replace("work", "artifacts", pa.table({"n": [0, 1, 2], "body": pa.array(bodies, pa.binary())}))
    assert house.fetch(house.table("work", "artifacts").order_by("n"))["body"].to_pylist() == bodies


WORDS = [
    "",
    " ",
    "a",
    "B",
    "a b",
    "Zoë",
    "zoë",
    "é",
    "e\u0301",
    "ß",
    "ss",
    "\ue000",
    "😀",
    "ﬁ",
    "日本",
    "'\"\\;--\t\n",
    "'';",
]


def test_texts_are_kept_to_the_letter_and_ordered_by_their_letters_numbers(house: Warehouse) -> None:
    house.replace("work", "words", people(*WORDS, None, "x" * 300_000))
    words = house.table("work", "words")
    expected = sorted([*WORDS, "x" * 300_000], key=lambda word: word.encode())
    told = words.filter(words.who.notnull())
    assert house.fetch(told.order_by("who"))["who"].to_pylist() == expected
    numbered = told.mutate(place=ibis.row_number().over(ibis.window(order_by="who"))).order_by("place")
    assert house.fetch(numbered)["who"].to_pylist() == expected
    ends = house.fetch(words.aggregate(least=words.who.min(), most=words.who.max())).to_pylist()
    assert ends == [{"least": "", "most": "😀"}]
    assert len(house.fetch(told.select("who").distinct())) == len(expected)
    assert house.fetch(words.filter(words.who > "ss"))["who"].to_pylist().count("a") == 0


def test_letters_of_every_alphabet_have_a_small_and_a_capital_form(house: Warehouse) -> None:
    house.replace("work", "words", people("MÜLLER", "École", "ЖУК", "naïve"))
    words = house.table("work", "words")
    told = words.select(small=words.who.lower(), great=words.who.upper())
    assert house.fetch(told.filter(told.small != "x").order_by("small")).to_pylist() == [
        {"small": "müller", "great": "MÜLLER"},
        {"small": "naïve", "great": "NAÏVE"},
        {"small": "école", "great": "ÉCOLE"},
        {"small": "жук", "great": "ЖУК"},
    ]
    inside = words.filter(words.who.strip().lower().contains("ü") & words.who.lower().upper().startswith("M"))
    assert house.fetch(inside)["who"].to_pylist() == ["MÜLLER"]


def test_an_empty_text_is_not_a_missing_one(house: Warehouse) -> None:
    house.replace("work", "words", people("", None))
    words = house.table("work", "words")
    assert house.fetch(words.filter(words.who.isnull()))["n"].to_pylist() == [1]
    assert house.fetch(words.filter(words.who == ""))["n"].to_pylist() == [0]


def test_money_is_summed_to_the_last_digit(house: Warehouse) -> None:
    rows = 20_000
    amounts = pa.array([MOST] * rows + [Decimal("0.0001")] * rows, MONEY)
    house.replace("work", "money", pa.table({"amount": amounts}))
    amount = house.table("work", "money").amount
    found = house.fetch(amount.sum().cast("decimal(38,4)").name("total").as_table())["total"].to_pylist()
    assert found == [Decimal("2000000000000000000.0000")]


def test_money_of_thirty_digits_is_kept(house: Warehouse) -> None:
    amounts = [Decimal("999999999999999999999999999999.9999"), Decimal("-123456789012345678901234567890.1234"), None]
    house.replace("work", "wide", pa.table({"n": [0, 1, 2], "amount": pa.array(amounts, WIDE)}))
    found = house.fetch(house.table("work", "wide").order_by("n"))
    assert found.schema.field("amount").type == WIDE
    assert found["amount"].to_pylist() == amounts
    total = house.fetch(house.table("work", "wide").amount.sum().cast("decimal(38,4)").name("t").as_table())
    assert total["t"].to_pylist() == [Decimal("876543210987654321098765432109.8765")]


def test_a_sum_of_counts_is_a_whole_number(house: Warehouse) -> None:
    house.replace("work", "counts", pa.table({"n": pa.array([2**40, 3], pa.int64()), "flag": [True, False]}))
    rows = house.table("work", "counts")
    found = house.fetch(
        rows.aggregate(n=rows.n.sum(), flags=rows.flag.sum(), rows=rows.count(), kinds=rows.n.nunique())
    )
    assert found.schema.types == [pa.int64()] * 4
    assert found.to_pylist() == [{"n": 2**40 + 3, "flags": 1, "rows": 2, "kinds": 2}]


def test_a_table_is_made_from_arrow_from_batches_and_from_a_query(house: Warehouse) -> None:
    rows = people("Ada", "Bo", None)
    assert house.replace("work", "arrow", rows) == 3
    assert house.replace("work", "batches", Batches(rows.schema, iter(rows.to_batches(max_chunksize=1)))) == 3
    assert house.replace("work", "query", house.table("work", "arrow").filter(lambda t: t.n > 0)) == 2
    assert stored(house, "arrow") == stored(house, "batches")
    assert [row["who"] for row in stored(house, "query")] == [None, "Bo"]


def test_replacing_forgets_the_old_rows_and_columns(house: Warehouse) -> None:
    house.replace("gold", "scores", people("Ada", "Bo"))
    house.replace("gold", "scores", people("Cy"))
    assert stored(house, "scores", "gold") == [{"who": "Cy", "n": 0}]
    house.replace("gold", "scores", pa.table({"x": [1.5]}))
    assert stored(house, "scores", "gold") == [{"x": 1.5}]


def test_a_table_may_be_made_anew_from_itself(house: Warehouse) -> None:
    house.replace("work", "own", people("Ada", "Bo"))
    own = house.table("work", "own")
    assert house.replace("work", "own", own.mutate(n=own.n + 1)) == 2
    assert stored(house, "own") == [{"who": "Ada", "n": 1}, {"who": "Bo", "n": 2}]
    assert house.append("work", "own", house.table("work", "own")) == 2
    assert house.count("work", "own") == 4


@pytest.mark.parametrize("way", ["arrow", "batches", "no batches", "query"])
def test_a_table_of_no_rows_keeps_its_columns(house: Warehouse, way: str) -> None:
    none = people()
    house.replace("work", "some", people("Ada"))
    rows = {
        "arrow": none,
        "batches": Batches(none.schema, iter(none.to_batches() or [pa.RecordBatch.from_pylist([], none.schema)])),
        "no batches": Batches(none.schema, iter([])),
        "query": house.table("work", "some").filter(lambda t: t.n < 0),
    }[way]
    assert house.replace("work", "none", rows) == 0
    found = house.fetch(house.table("work", "none"))
    assert (found.num_rows, found.schema.names, found.schema.types) == (0, ["who", "n"], [pa.string(), pa.int64()])
    streamed = house.stream(house.table("work", "none"))
    assert streamed.schema.names == ["who", "n"]
    assert streamed.read_all().num_rows == 0
    assert house.append("work", "none", house.table("work", "none")) == 0


def test_rows_are_added_by_their_columns_names(house: Warehouse) -> None:
    house.create("silver", "told", (*TOLD, Column("at", "moment", "")))
    amount = pa.array([Decimal("1.5")], MONEY)
    assert house.append("silver", "told", pa.table({"amount": amount, "who": ["Ada"]})) == 1
    told = house.table("silver", "told")
    assert house.append("silver", "told", told.select("amount", who=told.who + "!")) == 1
    assert stored(house, "told", "silver") == [
        {"who": "Ada", "amount": Decimal("1.5000"), "at": None},
        {"who": "Ada!", "amount": Decimal("1.5000"), "at": None},
    ]


def test_a_raw_table_grows_with_the_columns_of_its_files(house: Warehouse) -> None:
    house.create_raw("bronze", "raw_shop", ["Order No", "Wert €"])
    house.append("bronze", "raw_shop", _raw("f1", {"Order No": "7", "Wert €": "1,50"}))
    house.create_raw("bronze", "raw_shop", ["order no", "new 'column' \"quoted\""])
    assert house.append("bronze", "raw_shop", _raw("f2", {"order no": "8", "new 'column' \"quoted\"": "x"})) == 1
    table = house.table("bronze", "raw_shop")
    assert table.columns == ("file_id", "line", "Order No", "Wert €", "new 'column' \"quoted\"")
    assert [tuple(row.values()) for row in stored(house, "raw_shop", "bronze")] == [
        ("f1", 1, "7", "1,50", None),
        ("f2", 1, "8", None, "x"),
    ]


def test_columns_may_have_names_of_any_length(house: Warehouse) -> None:
    names = ["what our customer " + "really " * 30 + end for end in ("bought", "paid")] + ["ä" * 80, "🦉" * 40]
    house.create_raw("bronze", "raw_shop", names)
    house.append("bronze", "raw_shop", _raw("f1", {name: f"value {place}" for place, name in enumerate(names)}))
    house.create_raw("bronze", "raw_shop", names)
    table = house.table("bronze", "raw_shop")
    assert table.columns == ("file_id", "line", *names)
    chosen = table.filter(table.file_id == "f1").select("line", **{name: table[name] for name in names})
    expected = {"line": 1, **{name: f"value {place}" for place, name in enumerate(names)}}
    assert house.stream(chosen).read_all().to_pylist() == [expected]
    again = chosen.semi_join(table.select("line"), "line").order_by("line")
    assert house.fetch(again).to_pylist() == [expected]


def _raw(file: str, values: dict[str, str]) -> pa.Table:
    told = {name: pa.array([value], pa.string()) for name, value in values.items()}
    return pa.table({"file_id": [file], "line": pa.array([1], pa.int64()), **told})


def test_rows_are_deleted_where_every_named_column_agrees(house: Warehouse) -> None:
    house.replace("work", "pairs", pa.table({"a": ["x", "x", "y", None], "b": ["1", "2", "1", "1"]}))
    house.delete("work", "pairs", {"a": "x", "b": "1"})
    assert [(row["a"], row["b"]) for row in stored(house, "pairs")] == [(None, "1"), ("x", "2"), ("y", "1")]
    house.delete("work", "pairs", {"a": "no such'; --"})
    assert house.count("work", "pairs") == 3
    house.delete("work", "pairs", {})
    assert house.count("work", "pairs") == 0


def test_only_rows_that_agree_are_kept_and_a_missing_value_agrees_with_nothing(house: Warehouse) -> None:
    house.replace("work", "pairs", pa.table({"a": ["x", "x", "y", None], "b": ["1", "2", "1", "1"]}))
    house.keep_only("work", "pairs", {"a": "x"})
    assert [(row["a"], row["b"]) for row in stored(house, "pairs")] == [("x", "1"), ("x", "2")]
    house.keep_only("work", "pairs", {"a": "x", "b": "2"})
    assert [(row["a"], row["b"]) for row in stored(house, "pairs")] == [("x", "2")]


def test_rows_that_hold_are_closed_where_they_agree_and_nothing_agrees_with_nothing(house: Warehouse) -> None:
    at, earlier = datetime(2025, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC).replace(tzinfo=None), datetime(2024, 1, 1)  # noqa: DTZ001
    held = {
        "who": ["Ada", "Ada", "Bo", None, None, "", "Ada"],
        "day": pa.array([1, 2, 1, 1, None, None, 1], pa.int32()),
        "superseded_at": pa.array([None] * 6 + [earlier], pa.timestamp("us")),
        "n": range(7),
    }
    house.replace("silver", "held", pa.table({**held, "n": pa.array(held["n"], pa.int64())}))
    told = pa.table({"who": pa.array(["Ada", None, None], pa.string()), "day": pa.array([1, None, 7], pa.int32())})
    house.replace("work", "told", pa.concat_tables([told, told]))
    house.supersede("silver", "held", house.table("work", "told"), at)
    found = house.fetch(house.table("silver", "held").order_by("n"))["superseded_at"].to_pylist()
    assert found == [at, None, None, None, at, None, earlier]


def test_a_query_is_streamed_in_batches_of_at_most_so_many_rows(house: Warehouse) -> None:
    rows = 5000
    house.replace("work", "many", pa.table({"n": pa.array(range(rows), pa.int64()), "who": ["x"] * rows}))
    many = house.table("work", "many")
    batches = list(house.stream(many.filter(many.n < 4000), rows=700))
    assert max(batch.num_rows for batch in batches) <= 700
    assert sorted(value for batch in batches for value in batch["n"].to_pylist()) == list(range(4000))


def test_a_stream_may_be_read_while_another_table_is_written(house: Warehouse) -> None:
    house.replace("bronze", "raw", pa.table({"n": pa.array(range(3000), pa.int64())}))
    with house.transaction():
        reader = house.stream(house.table("bronze", "raw"), rows=500)
        doubled = (pa.RecordBatch.from_pydict({"n": [2 * n for n in batch["n"].to_pylist()]}) for batch in reader)
        assert house.replace("work", "staged", Batches(pa.schema([("n", pa.int64())]), doubled)) == 3000
        total = house.table("work", "staged").n.sum().name("total")
        assert int(house.fetch(total.as_table())["total"][0].as_py()) == 2999 * 3000


def _named(batch: pa.RecordBatch) -> pa.RecordBatch:
    names = [f"customer {n}" for n in batch["n"].to_pylist()]
    return pa.RecordBatch.from_pydict({"who": pa.array(names, pa.string()), "n": batch["n"]})


NAMED = pa.schema([("who", pa.string()), ("n", pa.int64())])


def test_rows_are_mapped_by_a_function_that_knows_only_its_batch(house: Warehouse) -> None:
    house.replace("gold", "features", pa.table({"n": pa.array(range(1000), pa.int64())}))
    features = house.table("gold", "features")
    with house.transaction():
        assert house.map_rows("gold", "scores", features.filter(features.n >= 10), _named, NAMED) == 990
    found = house.fetch(house.table("gold", "scores").order_by("n"))
    assert found.schema == NAMED
    assert found["who"].to_pylist() == [f"customer {n}" for n in range(10, 1000)]


def test_mapping_no_rows_makes_an_empty_table(house: Warehouse) -> None:
    house.replace("gold", "features", pa.table({"n": pa.array([1], pa.int64())}))
    assert (
        house.map_rows("gold", "scores", house.table("gold", "features").filter(ibis.literal(False)), _named, NAMED)
        == 0
    )
    assert house.fetch(house.table("gold", "scores")).schema == NAMED


def test_what_is_written_in_a_transaction_that_fails_was_never_written(house: Warehouse) -> None:
    house.replace("silver", "kept", people("Ada", "Bo"))
    house.replace("work", "old", people("Cy"))
    with pytest.raises(BrokenContract, match="no"), house.transaction():  # noqa: PT012
        house.append("silver", "kept", people("Eve"))
        house.delete("silver", "kept", {"who": "Ada"})
        house.replace("work", "old", pa.table({"x": [1]}))
        house.create("gold", "fresh", TOLD)
        house.create_raw("bronze", "raw_x", ["a"])
        assert house.exists("gold", "fresh")
        assert [row["who"] for row in stored(house, "kept", "silver")] == ["Bo", "Eve"]
        house.drop("silver", "kept")
        assert not house.exists("silver", "kept")
        raise BrokenContract("no")
    assert [row["who"] for row in stored(house, "kept", "silver")] == ["Ada", "Bo"]
    assert stored(house, "old") == [{"who": "Cy", "n": 0}]
    assert (house.names("gold"), house.names("bronze")) == ((), ())


def test_what_is_written_in_a_transaction_that_ends_well_stays(house: Warehouse) -> None:
    with house.transaction():
        house.replace("silver", "kept", people("Ada"))
        house.append("silver", "kept", people("Bo"))
        house.keep_only("silver", "kept", {"who": "Bo"})
    with house.transaction():
        pass
    assert [row["who"] for row in stored(house, "kept", "silver")] == ["Bo"]


def test_a_refusal_amid_batches_comes_through_and_undoes_the_table(house: Warehouse) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield people("Bo").to_batches()[0]
        raise BrokenContract("row 2 is not to be believed")

    house.replace("work", "rows", people("Ada"))
    with pytest.raises(BrokenContract, match="^row 2 is not to be believed"), house.transaction():
        house.replace("work", "rows", Batches(people().schema, batches()))
    assert [row["who"] for row in stored(house, "rows")] == ["Ada"]
    assert house.append("work", "rows", people("Cy")) == 1


def test_a_query_asks_in_the_engines_own_sql(house: Warehouse) -> None:
    house.replace("work", "rows", people("Ada"))
    assert "SELECT" in house.sql(house.table("work", "rows").filter(lambda t: t.n == 0))
