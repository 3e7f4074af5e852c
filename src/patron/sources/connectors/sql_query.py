"""The one statement that is asked of a database: a table's or query's rows from the watermark on, in its order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from patron.sources.connectors.session import Dialect
from patron.sources.connectors.watermark import Watermark, WatermarkValue

_PARTS: Final = re.compile(r'^\s*((?:"[^"\0]+"|[^".\0]+)(?:\.(?:"[^"\0]+"|[^".\0]+)){0,2})\s*$')
_PART: Final = re.compile(r'"[^"]+"|[^".]+')


@dataclass(frozen=True)
class Question:
    """What to ask for: a table or a query, which columns, and from where on."""

    table: str
    query: str
    columns: tuple[str, ...]
    watermark: str
    after: Watermark | None


def table_parts(table: str) -> tuple[str, ...]:
    """A table's name and what stands before it; a part that holds a dot stands in double quotes."""
    if not _PARTS.match(table):
        raise ValueError('it is no name of a table: write orders, sales.orders or sales."my.orders"')
    return tuple(part.strip('"') for part in _PART.findall(table.strip()))


def statement(dialect: Dialect, question: Question) -> tuple[str, tuple[WatermarkValue, ...]]:
    """The statement and the values that are bound to it. Names are quoted; no value stands in its text.

    From the watermark on, itself included: rows may have come since that have the same. Those that have landed are left
    out when they land. A row whose watermark is empty is asked for each time, so that it is noticed.
    """
    quoted = dialect.quoted
    asked = ", ".join(quoted(name) for name in question.columns) or "*"
    if question.query:
        where_from = f"({question.query.strip().rstrip(';')}\n) {quoted('asked')}"
    else:
        where_from = ".".join(quoted(part) for part in table_parts(question.table))
    text = f"SELECT {asked} FROM {where_from}"  # noqa: S608 - names are quoted, the query is the user's own
    if not question.watermark:
        return text, ()
    column = quoted(question.watermark)
    order = f" ORDER BY {column}"
    if question.after is None:
        return text + order, ()
    since = f" WHERE {column} >= {dialect.place} OR {column} IS NULL"
    return dialect.literal(text) + since + dialect.literal(order), (question.after.value(),)
