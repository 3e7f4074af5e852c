"""How the numbers and dates of a proposed source are written."""

from __future__ import annotations

from patron.errors import AmbiguousData
from patron.sources.candidates import show_whole
from patron.sources.column_looks import ColumnLook, DateCheck
from patron.sources.date_formats import ISO, decide
from patron.sources.files import format_by_ending
from patron.sources.mapping import Fit
from patron.sources.number_signs import NumberSigns, agreed_signs, is_ambiguous
from patron.sources.proposal import Choice, Group


def _of_kinds(fit: Fit, *kinds: str) -> list[str]:
    return [guess.source_column for guess in fit.guesses if fit.table.column(guess.column).kind in kinds]


def number_signs(group: Group, fit: Fit, looks: dict[str, ColumnLook], choice: Choice) -> NumberSigns:
    if format_by_ending(group.files[0]) == "parquet":
        return NumberSigns()
    columns = [looks[name] for name in _of_kinds(fit, "money", "quantity")]
    signs = agreed_signs(look.signs for look in columns)
    if choice.decimal in (".", ","):
        fitting = [s for look in columns for s in look.signs if s.decimal == choice.decimal]
        return fitting[0] if fitting else NumberSigns(choice.decimal)
    for look in columns:
        if is_ambiguous(look.values):
            example = next(value for value in look.values if "," in value)
            raise AmbiguousData(
                f"{group.files[0]}: '{example}' in column '{look.name}' can be read as thousands and as a decimal fraction, and the column does not tell which.",
                allowed="decimal = ',' or decimal = '.' with thousands = ','.",
                to_do="Write patron.toml with the sign that is meant, or export numbers without signs between thousands.",
            )
    return signs


def date_format(group: Group, fit: Fit, looks: dict[str, ColumnLook], choice: Choice) -> tuple[str, list[str]]:
    """The one date format of the source's date columns, found in the whole of them."""
    columns = [looks[name] for name in _of_kinds(fit, "moment", "date")]
    if not columns:
        return ISO, []
    if choice.date_format and not all(look.date_formats == (ISO,) for look in columns):
        return choice.date_format, []
    found = {look.name: _format_of(group, look) for look in columns}
    leading = found[columns[0].name]
    notes = [
        f"'{name}' is written as {other}, unlike '{columns[0].name}' ({leading}): leave it out, or export it alike"
        for name, other in found.items()
        if other != leading
    ]
    return leading, notes


def _format_of(group: Group, look: ColumnLook) -> str:
    readings = {form.replace("%B", "%b"): form for form in look.date_formats}
    if len(readings) == 1:
        return look.date_formats[0]
    check = DateCheck(look.name, tuple(readings.values()))
    show_whole(group, [check])
    return decide(f"{group.files[0]}, column '{look.name}'", dict(check.counts), check.rows, check.example)
