"""Column names in the wild, and the tables they lead to."""

from __future__ import annotations

import pytest

from patron.sources.column_names import NAMES, name_score, plain_name
from patron.sources.date_formats import decide, fitting_formats
from patron.sources.mapping import ORDER
from patron.sources.number_signs import NumberSigns, fitting_signs
from patron.tables import SOURCE_TABLES, source_table


def test_every_table_a_source_can_fill_is_tried() -> None:
    assert sorted(ORDER) == sorted(table.name for table in SOURCE_TABLES)


def test_every_declared_column_has_names_to_go_by() -> None:
    assert {name: set(columns) for name, columns in NAMES.items()} == {
        table.name: set(table.names) for table in SOURCE_TABLES
    }
    assert all(set(columns) <= set(source_table(name).names) for name, columns in NAMES.items())


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("InvoiceNo", "invoice_no"),
        ("CustomerID", "customer_id"),
        ("Customer ID", "customer_id"),
        ("objednávka č.", "objednavka_c"),
        ("Größe", "grosse"),
        ("  Total ($) ", "total"),
    ],
)
def test_names_are_compared_without_case_accents_or_signs(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.parametrize(
    ("better", "worse", "column"),
    [
        ("order_date", "ship_date", "occurred_at"),
        ("customer_id", "id", "customer_id"),
        ("invoice_no", "transaction_id", "order_id"),
        ("total", "price", "amount"),
    ],
)
def test_a_clearer_name_scores_higher(better: str, worse: str, column: str) -> None:
    assert name_score("transactions", column, better) > name_score("transactions", column, worse) > 0


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("customer_name", "customer_id"),
        ("margin_pct", "margin"),
        ("discount %", "discount"),
        ("my_discount", "discount"),
    ],
)
def test_a_name_that_only_sounds_alike_scores_nothing(name: str, column: str) -> None:
    assert name_score("transactions", column, name) == 0


def test_numbers_tell_their_signs() -> None:
    assert fitting_signs(["1.234,50", "12"]) == (NumberSigns(",", "."),)
    assert fitting_signs(["12", "(3)", "-4"])[0] == NumberSigns(".", "")
    assert fitting_signs(["Anna", "12"]) == ()


def test_formats_that_fit_only_together_are_all_named() -> None:
    assert set(fitting_formats(["25/03/2024", "03/25/2024"])) == {"%d/%m/%Y", "%m/%d/%Y"}
    assert fitting_formats(["A1", "B2"]) == ()


def test_a_few_slips_of_the_pen_do_not_make_a_column_ambiguous() -> None:
    assert decide("here", {"%d/%m/%Y": 999, "%m/%d/%Y": 400}, 1000, "01/02/2024") == "%d/%m/%Y"
