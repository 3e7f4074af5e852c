"""Columns of text as the values that they seem to be, for a profile: each text that is no such value is marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pyarrow as pa
import pyarrow.compute as pc

from patron.settings import Source
from patron.sources.column_looks import ColumnLook, look_at
from patron.sources.date_formats import ISO
from patron.sources.number_signs import NumberSigns
from patron.sources.typed_columns import ColumnTyper, parsing_engine
from patron.sources.typed_sql import MISSING_WORDS
from patron.tables import TRANSACTIONS, Column

Kind = Literal["whole", "number", "date", "moment", "text"]
UNREAD: Final = "unread_"
_ARROW: Final[dict[Kind, pa.DataType]] = {
    "whole": pa.int64(),
    "number": pa.float64(),
    "date": pa.date32(),
    "moment": pa.timestamp("us"),
    "text": pa.string(),
}
_WHOLE: Final = r"^[-+]?\d{1,15}(\.0+)?$"
_NUMBER: Final = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?$"
_LONGEST_NUMBER: Final = 15  # more digits than a 64-bit float keeps: rather an id


PLAIN: Final = NumberSigns()


@dataclass(frozen=True)
class TextType:
    """What a column of text seems to hold, and how that is written."""

    name: str
    kind: Kind
    signs: NumberSigns = PLAIN
    date_format: str = ISO

    @property
    def seen(self) -> str:
        """The type in words."""
        comma = ", with a decimal comma" if self.signs.decimal == "," else ""
        how = "" if self.date_format == ISO else f", written as {self.date_format}"
        words = {"whole": "whole number", "number": f"number{comma}", "text": "text"}
        return words.get(self.kind) or f"{'date' if self.kind == 'date' else 'date and time'}{how}"


@dataclass(frozen=True)
class Typing:
    """Turns batches of text into batches of values, with a mark for each text that is no value of its column's type."""

    columns: tuple[TextType, ...]
    kept: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """What it makes."""
        values = [pa.field(column.name, _ARROW[column.kind]) for column in self.columns]
        marks = [pa.field(f"{UNREAD}{place}", pa.bool_()) for place in range(len(self.columns))]
        places = [pa.field(name, pa.string() if name != "line" else pa.int64()) for name in self.kept]
        return pa.schema([*values, *marks, *places])

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        typed = [_typed(column, batch.column(batch.schema.get_field_index(column.name))) for column in self.columns]
        kept = [batch.column(batch.schema.get_field_index(name)) for name in self.kept]
        arrays = [*(values for values, _ in typed), *(marks for _, marks in typed), *kept]
        cast = [array.cast(field.type) for array, field in zip(arrays, self.schema, strict=True)]
        return pa.RecordBatch.from_arrays(cast, schema=self.schema)


def text_types(sample: pa.Table, names: Sequence[str]) -> tuple[TextType, ...]:
    """What each column of a sample seems to hold."""
    return tuple(_type_of(look_at(name, sample[name].combine_chunks())) for name in names)


def unread_texts(column: TextType, sample: pa.Table, most: int = 3) -> tuple[str, ...]:
    """A few sampled texts that are no value of the column's type."""
    texts = sample[column.name].combine_chunks()
    _, marks = _typed(column, texts)
    return tuple(pc.unique(texts.filter(marks)).to_pylist()[:most])


def _type_of(look: ColumnLook) -> TextType:
    is_day = look.is_day and (not look.is_number or look.date_formats[0] == "%Y%m%d")
    if is_day:
        form = look.date_formats[0]
        timed = any(":" in value for value in look.values)
        return TextType(look.name, "moment" if timed else "date", date_format=form)
    if not look.is_number or any(_is_rather_id(value) for value in look.values):
        return TextType(look.name, "text")
    return TextType(look.name, "whole" if look.is_whole_number else "number", look.signs[0])


def _is_rather_id(value: str) -> bool:
    digits = value.lstrip("-+")
    return digits.isdigit() and ((len(digits) > 1 and digits[0] == "0") or len(digits) > _LONGEST_NUMBER)


def _typed(column: TextType, texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """A column's values, and which texts are none; each different text is typed once."""
    encoded = texts.dictionary_encode()
    distinct = pc.utf8_trim_whitespace(encoded.dictionary)
    nothing = pc.is_in(distinct, value_set=pa.array(["", *MISSING_WORDS]))
    distinct = pc.if_else(nothing, pa.scalar(None, pa.string()), distinct)
    values = _values(column, distinct)
    unread = pc.and_(pc.is_valid(distinct), pc.is_null(values))
    return values.take(encoded.indices), pc.fill_null(unread.take(encoded.indices), False)


def _values(column: TextType, texts: pa.Array) -> pa.Array:
    if column.kind == "text":
        return texts
    if column.kind in ("date", "moment"):
        source = Source.model_construct(
            table=TRANSACTIONS.name, files=(), columns={}, date_format=column.date_format, timezone="UTC"
        )
        typer = ColumnTyper(
            parsing_engine(), source, Column(column.name, "date" if column.kind == "date" else "moment", "")
        )
        return typer.type_column(texts).values
    plain = _plain(column, texts)
    fits = pc.match_substring_regex(plain, _WHOLE if column.kind == "whole" else _NUMBER)
    number = pc.if_else(fits, plain, pa.scalar(None, pa.string())).cast(pa.float64())
    return number.cast(_ARROW[column.kind])


def _plain(column: TextType, texts: pa.Array) -> pa.Array:
    """Numbers with a decimal point and nothing else: no currency, no sign between thousands, a minus in front."""
    plain = pc.replace_substring_regex(texts, r"[\s\x{00A0}\x{202F}]|\p{Sc}", "")
    if column.signs.thousands.strip():
        plain = pc.replace_substring(plain, column.signs.thousands, "")
    if column.signs.decimal != ".":
        plain = pc.replace_substring(plain, column.signs.decimal, ".")
    plain = pc.replace_substring(plain, "\u2212", "-")
    return pc.replace_substring_regex(plain, r"^\((.*)\)$|^([^-].*)-$", r"-\1\2")
