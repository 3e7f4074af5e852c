"""From which of a source's own columns each column is made that ``parse`` gives: a declaration that a test proves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from patron.origins import Made
from patron.settings import Source
from patron.sources.rows import stored_name
from patron.tables import TRANSACTIONS, Table

_TURNED: Final = ("amount", "quantity", "margin")
"""What changes its sign in a row that the source's rule marks as a refund while its amount is positive."""


def parsed_from(source: Source, table: Table, home: str) -> tuple[Made, ...]:
    """The columns that a source fills, each with the source's columns it is made from; ``home`` is where those are kept.

    Only content counts: that a row is set aside because one of its values cannot be read is no lineage of the others.
    """
    named = {name: f"{home}.{stored_name(column)}" for name, column in _mapped(source, table).items()}
    if table.name != TRANSACTIONS.name:
        return tuple(Made(name, "copied", (column,), "") for name, column in named.items())
    return tuple(_transactions(source, named, home))


def _mapped(source: Source, table: Table) -> dict[str, str]:
    own_id = {"row_id": source.row_id} if source.row_id and "row_id" in table.names else {}
    return {name: column for name, column in ({**source.columns, **own_id}).items() if name in table.names}


def _transactions(source: Source, named: dict[str, str], home: str) -> Iterator[Made]:
    rule = (f"{home}.{stored_name(source.refund_when.column)}",) if source.refund_when else ()
    priced = (named["amount"],) if "amount" in named else (named["quantity"], named["unit_price"])
    for name, column in named.items():
        sources = _each((column, *rule, *priced)) if rule and name in _TURNED else (column,)
        computed = len(sources) > 1 or name == "discount"
        yield Made(name, "computed" if computed else "copied", sources, _WORDS.get(name, "") if computed else "")
    if "amount" not in named:
        words = "quantity × unit_price" + ("; negative where the row is a refund" if rule else "")
        yield Made("amount", "computed", _each((*priced, *rule)), words)
    refund = _each((*rule, *priced))
    clocks = _each((named["occurred_at"], *([named["known_at"]] if "known_at" in named else [])))
    yield Made("occurred_day", "computed", (named["occurred_at"],), "the day of occurred_at")
    yield Made("visible_day", "computed", clocks, "the later of the days of occurred_at and known_at")
    yield Made("is_refund", "computed", refund, "the source's rule says so, or the amount is negative")
    yield Made("row_hash", "computed", _each((*named.values(), *refund)), "64-bit hash of everything in the row")


_WORDS: Final = {
    **dict.fromkeys(_TURNED, "negative where the source's rule marks a refund"),
    "discount": "as a positive number",
}


def _each(columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(columns))
