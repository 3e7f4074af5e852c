"""What the values of a raw column look like: numbers, days, unique, negative; by a sample and by the whole file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.sources.date_formats import ISO, fitting_formats
from patron.sources.number_signs import NumberSigns, fitting_signs
from patron.sources.text_look import text_hashes
from patron.sources.typed_columns import parsing_engine
from patron.sources.typed_sql import MISSING_WORDS, literal

MOST_DISTINCT: Final = 2000
MOST_FOR_DATES: Final = 300


@dataclass(frozen=True)
class ColumnLook:
    """A column by its sample: some of its distinct values, and what all of those may be."""

    name: str
    values: tuple[str, ...]
    rows: int
    distinct: int
    filled: int
    signs: tuple[NumberSigns, ...]
    date_formats: tuple[str, ...]

    @property
    def is_number(self) -> bool:
        return bool(self.signs)

    @property
    def is_day(self) -> bool:
        return bool(self.date_formats)

    @property
    def is_whole_number(self) -> bool:
        """Whole numbers, also those that a tool wrote as 17850.0."""
        return bool(self.values) and all(value.removesuffix(".0").lstrip("-").isdigit() for value in self.values)

    @property
    def unique(self) -> bool:
        """Each value of the sample stands in one row only."""
        return self.filled > 0 and self.distinct == self.filled


def look_at(name: str, column: pa.Array) -> ColumnLook:
    """A sample column's look; empty values and words for "nothing" are passed over."""
    text = pc.utf8_trim_whitespace(column)
    missing = pc.is_in(text, value_set=pa.array(["", *MISSING_WORDS]))
    text = text.filter(pc.and_(pc.is_valid(text), pc.invert(pc.fill_null(missing, True))))
    distinct = pc.unique(text)
    step = max(1, len(distinct) // MOST_DISTINCT)
    values = tuple(distinct[::step].to_pylist()[:MOST_DISTINCT])
    dates = fitting_formats(values[:: max(1, len(values) // MOST_FOR_DATES)])
    return ColumnLook(name, values, len(column), len(distinct), len(text), fitting_signs(values), dates)


@dataclass
class UniqueCheck:
    """Whether a column's values are unique and never empty in the whole of a file (or of several)."""

    column: str
    _hashes: list[np.ndarray] = field(default_factory=list)
    _empty: int = 0

    def add(self, batch: pa.RecordBatch) -> None:
        values = batch.column(batch.schema.get_field_index(self.column))
        self._empty += values.null_count
        self._hashes.append(text_hashes(pc.utf8_trim_whitespace(values)))

    @property
    def unique(self) -> bool:
        if self._empty or not self._hashes:
            return False
        hashes = np.concatenate(self._hashes)
        return len(np.unique(hashes)) == len(hashes)


@dataclass
class IdCheck:
    """The distinct ids of a column in the whole of a file, as hashes: 17850 and 17850.0 are one id."""

    column: str
    _hashes: list[np.ndarray] = field(default_factory=list)

    def add(self, batch: pa.RecordBatch) -> None:
        values = pc.utf8_trim_whitespace(pc.drop_null(batch.column(batch.schema.get_field_index(self.column))))
        plain = pc.replace_substring_regex(values.unique(), r"^(-?\d+)\.0$", r"\1")
        self._hashes.append(np.unique(text_hashes(plain)))

    @property
    def ids(self) -> np.ndarray:
        """The hashes, each once."""
        return np.unique(np.concatenate(self._hashes)) if self._hashes else np.zeros(0, np.uint64)


@dataclass
class DateCheck:
    """How many values of a whole column each of several date formats fits."""

    column: str
    formats: tuple[str, ...]
    counts: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    example: str = ""
    _engine: duckdb.DuckDBPyConnection = field(default_factory=parsing_engine)

    def add(self, batch: pa.RecordBatch) -> None:
        found = pc.value_counts(batch.column(batch.schema.get_field_index(self.column)))
        texts = pa.table({"text": pc.utf8_trim_whitespace(found.field("values")), "n": found.field("counts")})
        tries = {form: f"try_strptime(text, {literal(form)})" for form in self.formats if form != ISO}
        fits = [f"sum(n) FILTER ({attempt} IS NOT NULL)" for attempt in tries.values()]
        any_fit = " OR ".join(f"{attempt} IS NOT NULL" for attempt in tries.values())
        self._engine.register("texts", texts)
        query = f"SELECT {', '.join(fits)}, sum(n) FILTER ({any_fit}), any_value(text) FILTER ({any_fit}) FROM texts"  # noqa: S608 - formats are literals
        *counts, rows, example = self._engine.execute(query).fetchone() or ()
        self.counts.update({form: int(count or 0) for form, count in zip(tries, counts, strict=True)})
        self.rows += int(rows or 0)
        self.example = self.example or (example or "")


@dataclass
class PrefixCheck:
    """For each run of letters that order ids start with: rows, and rows that give something back."""

    order_column: str
    value_column: str
    rows: Counter[str] = field(default_factory=Counter)
    negative: Counter[str] = field(default_factory=Counter)

    def add(self, batch: pa.RecordBatch) -> None:
        orders, values = (
            batch.column(batch.schema.get_field_index(name)) for name in (self.order_column, self.value_column)
        )
        prefix = pc.struct_field(
            pc.extract_regex(pc.utf8_trim_whitespace(orders), r"^(?P<letters>[A-Za-z]*)"), "letters"
        )
        below = pc.fill_null(pc.match_substring_regex(pc.utf8_trim_whitespace(values), r"^[-(\x{2212}]|-$"), False)
        for counter, letters in ((self.rows, prefix), (self.negative, prefix.filter(below))):
            for entry in pc.value_counts(letters).to_pylist():
                counter[entry["values"] or ""] += entry["counts"]

    def refund_prefix(self) -> tuple[str, int] | None:
        """The letters that mark refunds, with their rows: nearly all of theirs give back, and few others do."""
        if not self.rows[""] and len(self.rows) < 2:
            return None
        marks = [
            (count, letters)
            for letters, count in self.rows.items()
            if letters and self.negative[letters] >= 0.95 * count and count < 0.5 * sum(self.rows.values())
        ]
        return (max(marks)[1], max(marks)[0]) if marks else None


@dataclass
class ValueCount:
    """How often each value of a column with few values occurs."""

    column: str
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, batch: pa.RecordBatch) -> None:
        for entry in pc.value_counts(batch.column(batch.schema.get_field_index(self.column))).to_pylist():
            if entry["values"]:
                self.counts[entry["values"].strip()] += entry["counts"]


Check = UniqueCheck | IdCheck | DateCheck | PrefixCheck | ValueCount
