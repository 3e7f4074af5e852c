"""The declaration of what parsed columns are made from, proved on the parser itself: one source column disturbed at a time."""

from __future__ import annotations

import pyarrow as pa
import pytest

from patron.settings import Condition, Source
from patron.sources.parse import Parser
from patron.sources.parsed_from import parsed_from
from patron.tables import SOURCE_TABLES, TRANSACTIONS, Table, source_table

ROWS = {
    "Invoice": ["A1", "C2", "A3"],
    "Who": ["1", "2", "3"],
    "When": ["2024-01-05 10:00", "2024-02-06 11:00", "2024-03-07 12:00"],
    "Known": ["2024-01-09", "2024-02-09", "2024-03-09"],
    "Total": ["10.00", "20.00", "30.00"],
    "Pieces": ["1", "2", "3"],
    "Price": ["10.00", "10.00", "10.00"],
    "Off": ["-1.00", "-2.00", "-3.00"],
    "Profit": ["4.00", "5.00", "6.00"],
    "Land": ["UK", "FR", "DE"],
    "Note": ["never", "mapped", "at all"],
}
# Every row otherwise, and still readable; the invoice turns a sale into a refund and back.
OTHERWISE = {
    "Invoice": ["C1", "A2", "C3"],
    "Who": ["7", "8", "9"],
    "When": ["2024-04-15 10:00", "2024-04-16 11:00", "2024-04-17 12:00"],
    "Known": ["2024-05-09", "2024-05-10", "2024-05-11"],
    "Total": ["11.00", "-21.00", "31.00"],
    "Pieces": ["4", "-5", "6"],
    "Price": ["12.00", "13.00", "14.00"],
    "Off": ["-1.50", "-2.50", "-3.50"],
    "Profit": ["4.50", "5.50", "6.50"],
    "Land": ["CH", "AT", "IT"],
    "Note": ["other", "words", "here"],
}
TURNED = {
    "Total": ["-10.00", "-20.00", "-30.00"],
    "Pieces": ["-1", "-2", "-3"],
    "Price": ["-10.00", "-10.00", "-10.00"],
}
COLUMNS = {
    "customer_id": "Who",
    "order_id": "Invoice",
    "occurred_at": "When",
    "known_at": "Known",
    "amount": "Total",
    "quantity": "Pieces",
    "unit_price": "Price",
    "discount": "Off",
    "margin": "Profit",
    "country": "Land",
}
BY_INVOICE = Condition(column="Invoice", starts_with="C")


def source(refund_when: Condition | None, *without: str, row_id: str = "") -> Source:
    columns = {name: column for name, column in COLUMNS.items() if name not in without}
    return Source(table="transactions", files=("x.csv",), columns=columns, refund_when=refund_when, row_id=row_id)


SOURCES = {
    "plain": source(None),
    "with a rule for refunds": source(BY_INVOICE),
    "priced by the piece": source(None, "amount"),
    "priced by the piece, with a rule": source(BY_INVOICE, "amount", "known_at"),
    "with ids of rows": source(None, row_id="Invoice"),
}


def parsed(told: Source, rows: dict[str, list[str]]) -> dict[str, list[object]]:
    batch = pa.RecordBatch.from_pydict({"line": pa.array([1, 2, 3], pa.int64()), **rows})
    found = Parser(told, source_table(told.table)).parse(batch)
    assert not found.rejected
    return {name: found.rows.column(name).to_pylist() for name in found.rows.column_names if name != "line"}


@pytest.mark.parametrize("told", SOURCES.values(), ids=SOURCES)
def test_a_source_column_changes_the_columns_declared_from_it_and_no_other(told: Source) -> None:
    before = parsed(told, ROWS)
    declared = parsed_from(told, TRANSACTIONS, "bronze.raw_x")
    for column in ROWS:
        others = [parsed(told, ROWS | {column: rows[column]}) for rows in (OTHERWISE, TURNED) if column in rows]
        changed = {name for after in others for name in before if before[name] != after[name]}
        assert changed == {made.column for made in declared if f"bronze.raw_x.{column}" in made.sources}, column


@pytest.mark.parametrize("table", [t for t in SOURCE_TABLES if t is not TRANSACTIONS], ids=lambda table: table.name)
def test_of_every_other_table_each_column_is_its_own_source_column(table: Table) -> None:
    told = Source(table=table.name, files=("x.csv",), columns={name: name.upper() for name in table.names})
    declared = {made.column: made.sources for made in parsed_from(told, table, "bronze.raw_x")}
    assert declared == {name: (f"bronze.raw_x.{name.upper()}",) for name in table.names}
