"""Values of drivers and of JSON, as text that parses back to the same value."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.sources.arrow_text import bad_text_rows
from patron.sources.connectors.exact_text import text_column, text_of


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", None),
        (" a ", " a "),
        (True, "true"),
        (10**40, "1" + "0" * 40),
        (17850.0, "17850"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.0500"), "-0.0500"),
        (datetime(2024, 1, 2, 3, 4, 5, 6, UTC), "2024-01-02 03:04:05.000006Z"),
        (datetime(2024, 1, 2, 1, tzinfo=timezone(timedelta(hours=2))), "2024-01-01 23:00:00Z"),
        (datetime.fromisoformat("2024-01-02T03:04:05"), "2024-01-02 03:04:05"),
        (date(2024, 2, 29), "2024-02-29"),
        (time(3, 4), "03:04:00"),
        (timedelta(hours=30), "1 day, 6:00:00"),
        (b"abc", "abc"),
        (memoryview(b"\xff\x00"), "ff00"),
        ({"a": Decimal("1.10")}, '{"a":"1.10"}'),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.RED, "Colour.RED"),
    ],
)
def test_a_value_is_told_with_all_its_digits(value: Any, text: str | None) -> None:
    assert text_of(value) == text


def test_numbers_are_written_with_the_sources_decimal_sign_and_texts_as_they_are() -> None:
    assert [text_of(value, ",") for value in (1.5, Decimal("1.50"), 2, "1.5")] == ["1,5", "1,50", "2", "1.5"]


@given(
    st.lists(
        st.one_of(
            st.none(), st.integers(), st.floats(allow_nan=False), st.decimals(allow_nan=False, allow_infinity=False)
        )
    )
)
def test_every_number_comes_back_as_it_was(values: list[Any]) -> None:
    texts = text_column(values).to_pylist()
    for value, text in zip(values, texts, strict=True):
        assert (value is None) is (text is None)
        if text is not None:
            assert type(value)(text) == value


def test_bytes_that_are_no_text_stay_for_the_reader_to_find() -> None:
    column = text_column(["a", b"\xff".decode("utf-8", "surrogateescape"), None])
    assert column.cast(pa.binary()).to_pylist() == [b"a", b"\xff", None]
    assert bad_text_rows([column]) == {1: (0, "bad_encoding", "the value is not UTF-8 text")}
