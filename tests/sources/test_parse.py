"""Text becomes typed values, exactly; what does not fit is set aside with a reason."""

# ruff: noqa: DTZ001 - times in tables are UTC and carry no zone

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patron.errors import UsageError
from patron.settings import Condition
from patron.sources.parse import Parser
from patron.tables import CUSTOMERS, SOURCE_TABLES, TRANSACTIONS
from sources.reading import a_source, parsed

ANNA = {"order_id": "O1", "customer_id": "Anna", "date": "2024-01-05", "amount": "10"}


def one(**options: Any) -> Any:
    """The typed row of Anna's order with some values changed, or the reason it is set aside."""
    row = {name: options.pop(name) for name in list(options) if name in ANNA}
    outcome = parsed([{**ANNA, **row}], **options)
    assert outcome.rows.num_rows + len(outcome.rejected) == 1
    return outcome.rejected[0].reason if outcome.rejected else outcome.rows.to_pylist()[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.5", "12.5"),
        (" 12.5 ", "12.5"),
        ("\u00a012.5\t", "12.5"),
        ("-12", "-12"),
        ("+12", "12"),
        ("−12", "-12"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e3", "1000"),
        ("1.5E-2", "0.015"),
        ("(12.00)", "-12"),
        ("£12.50", "12.5"),
        ("-£12.50", "-12.5"),
        ("$-12.50", "-12.5"),
        ("12.50 €", "12.5"),
        ("(£12.50)", "-12.5"),
        ("£(12.50)", "-12.5"),
        ("12.50-", "-12.5"),
        ("0.00005", "0.0001"),
        ("-0.00005", "-0.0001"),
        ("0.000049999999", "0"),
        ("2.550000000000000266", "2.55"),
        ("99999999999999.9999", "99999999999999.9999"),
        ("007", "7"),
        ("-0", "0"),
    ],
)
def test_numbers_are_exact_and_rounded_away_from_zero(text: str, value: str) -> None:
    assert one(amount=text)["amount"] == Decimal(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("abc", "unparseable_number"),
        ("1,5", "unparseable_number"),
        ("1_000", "unparseable_number"),
        ("--5", "unparseable_number"),
        ("-5-", "unparseable_number"),
        ("(-5)", "unparseable_number"),
        ("(5", "unparseable_number"),
        ("5 5", "unparseable_number"),
        ("EUR 5", "unparseable_number"),
        ("1e", "unparseable_number"),
        ("#N/A", "missing_amount"),
        ("null", "missing_amount"),
        ("", "missing_amount"),
        ("NaN", "non_finite"),
        ("nan", "non_finite"),
        ("Infinity", "non_finite"),
        ("-inf", "non_finite"),
        ("1.#INF", "non_finite"),
        ("1e309", "non_finite"),
        ("£1e400", "non_finite"),
        ("1e14", "amount_out_of_range"),
        ("99999999999999.99995", "amount_out_of_range"),
        ("9" * 60, "amount_out_of_range"),
    ],
)
def test_what_is_no_amount_is_set_aside_with_the_reason(text: str, reason: str) -> None:
    assert one(amount=text) == reason


@pytest.mark.parametrize(
    ("text", "signs", "value"),
    [
        ("1.234,50", (",", "."), "1234.5"),
        ("12,5", (",", ""), "12.5"),
        ("12", (",", "."), "12"),
        ("1 234 567,89 €", (",", " "), "1234567.89"),
        ("1\u202f234,5", (",", " "), "1234.5"),
        ("1'234.50", (".", "'"), "1234.5"),
        ("(1,234.50)", (".", ","), "-1234.5"),
        ("12,34,567.8", (".", ","), "1234567.8"),
    ],
)
def test_declared_signs_are_honoured(text: str, signs: tuple[str, str], value: str) -> None:
    assert one(amount=text, decimal=signs[0], thousands=signs[1])["amount"] == Decimal(value)


@pytest.mark.parametrize(
    ("text", "signs"), [("12.5", (",", "")), ("1,23", (".", ",")), ("1.23.456", (",", ".")), ("12,3456.5", (".", ","))]
)
def test_signs_in_wrong_places_are_not_guessed_at(text: str, signs: tuple[str, str]) -> None:
    assert one(amount=text, decimal=signs[0], thousands=signs[1]) == "unparseable_number"


@settings(max_examples=15, deadline=None)
@given(st.lists(st.decimals(min_value=-(10**13), max_value=10**13, places=6), min_size=1, max_size=100))
def test_any_decimal_survives_to_the_fourth_place(numbers: list[Decimal]) -> None:
    outcome = parsed([{**ANNA, "amount": format(number, "f")} for number in numbers])
    expected = [number.quantize(Decimal("0.0001"), rounding="ROUND_HALF_UP") for number in numbers]
    assert outcome.rows["amount"].to_pylist() == expected


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2011-12-09", datetime(2011, 12, 9)),
        ("2011-12-09 12:50", datetime(2011, 12, 9, 12, 50)),
        ("2011-12-09T12:50:00.123", datetime(2011, 12, 9, 12, 50, 0, 123000)),
        ("2011-12-09T12:50:00.123456789", datetime(2011, 12, 9, 12, 50, 0, 123456)),
        ("2011-12-09T12:50:00Z", datetime(2011, 12, 9, 12, 50)),
        ("2011-12-09 12:50+02:00", datetime(2011, 12, 9, 10, 50)),
        ("2011-12-09 12:50:00 -0530", datetime(2011, 12, 9, 18, 20)),
        ("2012-02-29", datetime(2012, 2, 29)),
    ],
)
def test_iso_times_are_utc(text: str, moment: datetime) -> None:
    assert one(date=text)["occurred_at"] == moment


@pytest.mark.parametrize(
    "text",
    [
        "2011-02-29",
        "2011-13-01",
        "09/12/2011",
        "2011-1-9",
        "20111209",
        "2011-12-09 24:30",
        "epoch",
        "2011-12-09 12:50 Europe/Prague",
        "0999-01-01",
    ],
)
def test_what_is_not_iso_is_not_guessed_at(text: str) -> None:
    assert one(date=text) == "unparseable_date"


@pytest.mark.parametrize(
    ("text", "form", "moment"),
    [
        ("9/12/2011", "%d/%m/%Y", datetime(2011, 12, 9)),
        ("09/12/2011 8:26", "%d/%m/%Y %H:%M", datetime(2011, 12, 9, 8, 26)),
        ("09/12/2011", "%d/%m/%Y %H:%M", datetime(2011, 12, 9)),
        ("2011-12-09", "%d/%m/%Y", datetime(2011, 12, 9)),
        ("12/9/2011 1:05 PM", "%m/%d/%Y %I:%M %p", datetime(2011, 12, 9, 13, 5)),
        ("20111209", "%Y%m%d", datetime(2011, 12, 9)),
        ("09.12.11", "%d.%m.%y", datetime(2011, 12, 9)),
        ("9 Dec 2011", "%d %b %Y", datetime(2011, 12, 9)),
        ("09/12/2011 12:00 +0200", "%d/%m/%Y %H:%M %z", datetime(2011, 12, 9, 10)),
    ],
)
def test_a_declared_format_is_followed(text: str, form: str, moment: datetime) -> None:
    assert one(date=text, date_format=form)["occurred_at"] == moment


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2011129", "%Y%m%d"),
        ("09/12/11", "%d/%m/%Y"),
        ("31/02/2011", "%d/%m/%Y"),
        ("2011-31-12", "%Y-%m-%d"),
        ("2011-12-31", "%Y-%d-%m"),
    ],
)
def test_a_date_that_does_not_follow_the_format_is_set_aside(text: str, form: str) -> None:
    assert one(date=text, date_format=form) == "unparseable_date"


def test_times_without_a_zone_are_in_the_declared_one_and_bare_days_stay() -> None:
    assert one(date="2011-07-01 00:30", timezone="Europe/Prague")["occurred_at"] == datetime(2011, 6, 30, 22, 30)
    assert one(date="2011-07-01T00:30Z", timezone="Europe/Prague")["occurred_at"] == datetime(2011, 7, 1, 0, 30)
    assert (
        one(date="2011-07-01", timezone="Europe/Prague")["occurred_day"] == (date(2011, 7, 1) - date(1970, 1, 1)).days
    )
    there = one(date="01/07/2011 00:30", timezone="Europe/Prague", date_format="%d/%m/%Y %H:%M")
    assert there["occurred_at"] == datetime(2011, 6, 30, 22, 30)


@pytest.mark.parametrize(
    ("options", "named"), [({"date_format": "%Q"}, "%Q"), ({"timezone": "Europe/Atlantis"}, "Atlantis")]
)
def test_settings_that_mean_nothing_are_refused_before_any_row(options: dict[str, str], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Parser(a_source(**options), TRANSACTIONS)


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("17850.0", "17850"),
        ("17850", "17850"),
        (" A1 ", "A1"),
        ("1.50", "1.50"),
        ("v2.0", "v2.0"),
        ("-5.0", "-5"),
        ("00123", "00123"),
        ("Zoë", "Zoë"),
    ],
)
def test_ids_are_compared_as_they_are_written(text: str, identity: str) -> None:
    assert one(customer_id=text)["customer_id"] == identity


@pytest.mark.parametrize("text", ["", "  ", "nan", "NaN", "NULL", "None", "<NA>", "\\N", "\u00a0"])
def test_a_sale_without_a_customer_is_anonymous(text: str) -> None:
    assert one(customer_id=text)["customer_id"] is None


def test_a_country_called_na_is_namibia() -> None:
    columns = {"occurred_at": "date", "amount": "amount", "country": "customer_id"}
    assert one(customer_id="NA", columns=columns)["country"] == "NA"


def test_the_amount_is_quantity_times_price_where_none_is_mapped() -> None:
    columns = {"occurred_at": "date", "quantity": "q", "unit_price": "p"}
    rows = [
        {"date": "2024-01-05", "q": q, "p": p}
        for q, p in (
            ("3", "2.55"),
            ("-2", "0.0125"),
            ("0.0125", "0.0060"),
            ("-0.0125", "0.0060"),
            ("", "1"),
            ("9e13", "9e13"),
            ("1e9", "1"),
        )
    ]
    outcome = parsed(rows, columns=columns)
    assert outcome.rows["amount"].to_pylist() == [
        Decimal(text) for text in ("7.65", "-0.025", "0.0001", "-0.0001", "1000000000")
    ]
    assert [(row.line, row.reason) for row in outcome.rejected] == [(6, "missing_amount"), (7, "amount_out_of_range")]


def test_a_refund_rule_marks_rows_and_turns_their_signs() -> None:
    columns = {"order_id": "order", "occurred_at": "date", "amount": "amount", "quantity": "q", "margin": "m"}
    rows = [
        {"order": order, "date": "2024-01-05", "amount": amount, "q": quantity, "m": "1"}
        for order, amount, quantity in (
            ("C1", "10", "2"),
            ("C2", "-10", "-2"),
            ("1", "-3", "1"),
            ("2", "5", "1"),
            (None, "5", "1"),
        )
    ]
    outcome = parsed(rows, columns=columns, refund_when=Condition(column="order", starts_with="C"))
    found = [(row["amount"], row["quantity"], row["margin"], row["is_refund"]) for row in outcome.rows.to_pylist()]
    assert found == [(-10, -2, -1, True), (-10, -2, 1, True), (-3, 1, 1, True), (5, 1, 1, False), (5, 1, 1, False)]


@pytest.mark.parametrize(
    ("rule", "marked"),
    [
        (Condition(column="customer_id", equals=("refund", "5")), ["refund", "5.0"]),
        (Condition(column="customer_id", less_than=0.5), ["-1", "(3)"]),
        (Condition(column="customer_id", starts_with="re"), ["refund"]),
    ],
)
def test_a_rule_may_read_any_column(rule: Condition, marked: list[str]) -> None:
    rows = [{**ANNA, "customer_id": kind} for kind in ("refund", "5.0", "-1", "(3)", "sale")]
    outcome = parsed(
        rows, refund_when=rule, columns={"occurred_at": "date", "amount": "amount", "channel": "customer_id"}
    )
    assert [row["channel"] for row in outcome.rows.to_pylist() if row["is_refund"]] == marked


def test_a_discount_is_a_positive_number() -> None:
    assert one(columns={"occurred_at": "date", "amount": "amount", "discount": "order_id"}, order_id="-2.5")[
        "discount"
    ] == Decimal("2.5")


def test_a_row_may_be_seen_from_the_later_of_its_two_days() -> None:
    columns = {"occurred_at": "date", "amount": "amount", "known_at": "order_id"}
    days = [one(order_id=known, columns=columns)["visible_day"] for known in ("2024-01-09", "2024-01-01", None)]
    assert days == [19731, 19727, 19727]


def test_a_row_set_aside_tells_line_value_and_the_whole_row() -> None:
    row = parsed([ANNA, {**ANNA, "amount": "abc", "customer_id": None}]).rejected[0]
    assert (row.line, row.reason, row.detail) == (3, "unparseable_number", "amount: 'abc' is not a number")
    assert json.loads(row.raw) == {"order_id": "O1", "customer_id": None, "date": "2024-01-05", "amount": "abc"}


def test_an_optional_column_that_cannot_be_read_sets_the_row_aside_too() -> None:
    columns = {"occurred_at": "date", "amount": "amount", "quantity": "order_id"}
    outcome = parsed([ANNA], columns=columns)
    assert outcome.rejected[0].detail == "quantity: 'O1' is not a number"


def test_a_declared_row_id_is_filled_and_may_not_be_missing() -> None:
    outcome = parsed(
        [ANNA, {**ANNA, "order_id": ""}], row_id="order_id", columns={"occurred_at": "date", "amount": "amount"}
    )
    assert outcome.rows["row_id"].to_pylist() == ["O1"]
    assert [row.reason for row in outcome.rejected] == ["missing_row_id"]


def test_a_customer_needs_an_id() -> None:
    columns = {"customer_id": "id", "acquired_on": "since", "birth_date": "born"}
    rows = [
        {"id": "Anna", "since": "2024-01-05 23:30", "born": None},
        {"id": "", "since": "2024-01-05", "born": "1980-02-30"},
    ]
    outcome = parsed(rows, table="customers", columns=columns, timezone="America/New_York")
    assert outcome.rows["acquired_on"].to_pylist() == [date(2024, 1, 5)]
    assert [row.reason for row in outcome.rejected] == ["unparseable_date"]
    assert set(CUSTOMERS.names) < set(outcome.rows.column_names)


@pytest.mark.parametrize(("text", "flag"), [("yes", True), ("N", False), ("TRUE", True), ("0", False), ("", None)])
def test_flags_are_read_in_the_usual_words(text: str, flag: bool | None) -> None:
    columns = {"customer_id": "c", "campaign_id": "k", "held_out": "h"}
    outcome = parsed(
        [{"c": "Anna", "k": "1", "h": text}, {"c": "Anna", "k": "1", "h": "maybe"}], table="contacts", columns=columns
    )
    assert outcome.rows["held_out"].to_pylist() == [flag]
    assert [row.reason for row in outcome.rejected] == ["unparseable_flag"]


def test_the_hash_depends_on_content_and_on_nothing_else() -> None:
    base = one()["row_hash"]
    assert base == 6064647174493780506
    assert one(amount="10.00", order_id=" O1 ", date="2024-01-05T00:00:00Z")["row_hash"] == base
    changed = [
        one(amount="10.01"),
        one(order_id="O2"),
        one(customer_id=""),
        one(date="2024-01-06"),
        one(order_id="Anna", customer_id="O1"),
    ]
    assert len({base, *(row["row_hash"] for row in changed)}) == 6
    assert one(order_id="x" * 70)["row_hash"] != one(order_id="x" * 71)["row_hash"]


def test_every_declared_column_is_there_in_its_type() -> None:
    for table in SOURCE_TABLES:
        columns = {name: name for name in table.names}
        source = a_source(table=table.name, columns=columns)
        batch = pa.RecordBatch.from_arrays(
            [pa.array([], pa.int64()), *([pa.array([], pa.string())] * len(table.names))], ["line", *table.names]
        )
        rows = Parser(source, table).parse(batch).rows
        assert rows.column_names[: 1 + len(table.names)] == ["line", *table.names]
        assert all(rows.schema.field(c.name).type == pa.decimal128(18, 4) for c in table.columns if c.kind == "money")


def test_rows_keep_their_order_and_none_is_lost() -> None:
    rows = [{**ANNA, "order_id": f"O{n}", "amount": "oops" if n % 7 == 0 else f"{n}.25"} for n in range(5000)]
    outcome = parsed(rows)
    lines = outcome.rows["line"].to_pylist()
    assert lines == sorted(lines)
    assert sorted([*lines, *(row.line for row in outcome.rejected)]) == list(range(2, 5002))
    assert outcome.rows["amount"].to_pylist() == [Decimal(f"{line - 2}.25") for line in lines]
