"""SQL expressions that turn text into typed values, or tell why they cannot.

They run in DuckDB on the distinct texts of a column. Every expression takes the name of a text column whose
empty and missing values are NULL; ``value`` is NULL where the text is not what the kind asks for, and
``reason`` and ``complaint`` then tell why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from patron.settings import Source
from patron.tables import Column, Kind

MONEY_TYPE: Final = "DECIMAL(18,4)"
# What exports write for "nothing"; 'NA' is not among them, since it is Namibia.
MISSING_WORDS: Final = ("nan", "NaN", "NULL", "null", "None", "<NA>", "#N/A", "N/A", "NaT", "\\N")
NOT_A_NUMBER_WORDS: Final = ("nan", "NaN")
EARLIEST: Final = "1000-01-01"
LATEST: Final = "9999-12-31"
TRUE_WORDS: Final = ("true", "t", "yes", "y", "1", "1.0")
FALSE_WORDS: Final = ("false", "f", "no", "n", "0", "0.0")
SHOWN_LENGTH: Final = 80

_DIGITS_OF_CODE: Final = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2}
_SPACES: Final = r"[\s\x{00A0}\x{202F}]"
_WIDE_SPACES: Final = "".join(chr(code) for code in (9, 10, 11, 12, 13, 32, 0xA0, 0x202F, 0x3000, 0xFEFF))
_SIGN: Final = "[-+\u2212]"
_ISO_DAY: Final = r"[1-9]\d{3}-\d{2}-\d{2}"
_ISO_NAIVE: Final = rf"{_ISO_DAY}([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{{1,9}})?)?)?"
_ZONE: Final = r"(?:Z|z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)"
_ISO_ZONED: Final = rf"{_ISO_DAY}[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{{1,9}})?)? ?{_ZONE}"


@dataclass(frozen=True)
class Typed:
    """A column's value, and the reason and complaint that hold where text is there but no value."""

    value: str
    reason: str
    complaint: str


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def is_one_of(text: str, words: Iterable[str]) -> str:
    """Whether a text is one of these words. A list, since a long IN becomes a join, which may reorder rows."""
    return f"list_contains([{', '.join(literal(word) for word in words)}]::VARCHAR[], {text})"


def trimmed(column: str) -> str:
    """Text without any kind of space around it, NULL if nothing is left."""
    return f"nullif(trim({column}, {literal(_WIDE_SPACES)}), '')"


def without_missing_words(text: str, kind: Kind) -> str:
    """NULL for the words that mean "nothing"; in a numeric column 'NaN' is a number that is none, and stays."""
    numeric = kind in ("money", "quantity")
    words = tuple(word for word in MISSING_WORDS if not (numeric and word in NOT_A_NUMBER_WORDS))
    return f"CASE WHEN length({text}) <= 4 AND {is_one_of(text, words)} THEN NULL ELSE {text} END"


def typed(column: Column, text: str, source: Source) -> Typed:
    """The typed value of a declared column, from its trimmed text."""
    match column.kind:
        case "money" | "quantity":
            return _number(text, source)
        case "moment":
            return _moment(text, source)
        case "date":
            return _date(text, source)
        case "flag":
            return _flag(text)
        case "id":
            return _identity(text)
        case "count":
            return _version(text, source)
        case _:
            return Typed(text, "NULL", "NULL")


def plain_id(text: str) -> str:
    """An id without the '.0' that tools add to whole numbers once a value is missing in their column."""
    return (
        f"CASE WHEN ends_with({text}, '.0') AND regexp_full_match({text}, '-?\\d+\\.0') "
        f"THEN left({text}, length({text}) - 2) ELSE {text} END"
    )


def _identity(text: str) -> Typed:
    control = f"regexp_matches({text}, '[\\x00-\\x1f\\x7f]')"
    value = f"CASE WHEN {control} THEN NULL ELSE {plain_id(text)} END"
    return Typed(value, "'control_character'", "' holds a control character'")


def _flag(text: str) -> Typed:
    lower = f"lower({text})"
    value = f"CASE WHEN {is_one_of(lower, TRUE_WORDS)} THEN TRUE WHEN {is_one_of(lower, FALSE_WORDS)} THEN FALSE END"
    return Typed(value, "'unparseable_flag'", "' is not true or false'")


def _version(text: str, source: Source) -> Typed:
    """A version's place among others: a whole number as it is, a moment as its microseconds since 1970-01-01."""
    number = f"regexp_full_match({text}, '[-+]?\\d{{1,18}}(\\.0+)?')"
    moment = f"epoch_us({believable(moment_value(text, source))})"
    value = f"CASE WHEN {number} THEN TRY_CAST(regexp_extract({text}, '^[-+]?\\d+') AS BIGINT) ELSE {moment} END"
    expected = "ISO (2011-12-09 12:50)" if source.date_format == "iso" else source.date_format
    complaint = literal(f" is neither a whole number nor a date written as {expected}")
    return Typed(value, "'unreadable_version'", complaint)


# Numbers


def number_value(text: str, source: Source) -> str:
    """The exact value of a number's text, NULL if it is none."""
    return _number(text, source).value


def _number(text: str, source: Source) -> Typed:
    body, whole = number_patterns(source)
    digits = _digits(f"regexp_extract({text}, {literal(body)})", source)
    is_number = f"regexp_full_match({text}, {literal(whole)})"
    negative = f"regexp_matches({text}, '^[^0-9]*[-\u2212(]|[-\u2212]{_SPACES}*\\p{{Sc}}?$')"
    signed = f"CASE WHEN {negative} THEN '-' ELSE '' END || {digits}"
    slow = f"CASE WHEN {is_number} THEN TRY_CAST({signed} AS {MONEY_TYPE}) END"
    value = f"COALESCE({_plain_number(text, source)}, {slow})"
    endless = (
        f"regexp_full_match(lower({text}), '[-+]?(nan|inf|infinity|1\\.#(inf|ind|qnan|snan|nan))') "
        f"OR ({is_number} AND COALESCE(isinf(TRY_CAST({digits} AS DOUBLE)), TRUE))"
    )
    reason = (
        f"CASE WHEN {endless} THEN 'non_finite' WHEN {is_number} THEN 'amount_out_of_range' "
        "ELSE 'unparseable_number' END"
    )
    complaint = (
        f"CASE WHEN {endless} THEN ' is not a finite number' WHEN {is_number} "
        "THEN ' is beyond 99,999,999,999,999.9999' ELSE ' is not a number' END"
    )
    return Typed(value, reason, complaint)


def _plain_number(text: str, source: Source) -> str:
    """The quick way for numbers without signs between thousands; NULL sends the rest the slow way.

    DuckDB's cast rounds half away from zero, knows exponents, and allows underscores, which no export writes.
    """
    if source.decimal == ".":
        return f"CASE WHEN NOT contains({text}, '_') THEN TRY_CAST({text} AS {MONEY_TYPE}) END"
    other = f"contains({text}, '_') OR contains({text}, '.')"
    pointed = f"replace({text}, {literal(source.decimal)}, '.')"
    return f"CASE WHEN NOT ({other}) THEN TRY_CAST({pointed} AS {MONEY_TYPE}) END"


def _digits(body: str, source: Source) -> str:
    """A number's body in the engine's notation: no signs between thousands, a decimal point."""
    if source.thousands:
        body = f"regexp_replace({body}, {literal(_thousands_class(source))}, '', 'g')"
    return body if source.decimal == "." else f"replace({body}, {literal(source.decimal)}, '.')"


def _thousands_class(source: Source) -> str:
    variants = {" ": r"[ \x{00A0}\x{202F}]", "'": "['\u2019]"}
    return variants.get(source.thousands, re.escape(source.thousands))


def _grouped(source: Source) -> str:
    """Digits in groups of three; with commas also of two, as India writes 12,34,567."""
    between = _thousands_class(source)
    inner = "2,3" if source.thousands == "," else "3"
    return f"\\d{{1,3}}(?:{between}\\d{{{inner}}})*{between}\\d{{3}}"


def number_patterns(source: Source) -> tuple[str, str]:
    """Two regular expressions: a number's digits, and a whole number with sign, currency or brackets.

    Allowed: 12.50, -12.50, 12.50-, £12.50, -£12.50, £-12.50, 12.50 €, (12.50), £(12.50), (£12.50), 1e3.
    """
    point = re.escape(source.decimal)
    groups = f"{_grouped(source)}|" if source.thousands else ""
    body = f"(?:(?:{groups}\\d+)(?:{point}\\d*)?|{point}\\d+)(?:[eE][-+]?\\d{{1,9}})?"
    space, money = f"{_SPACES}*", "\\p{Sc}"
    forms = (
        f"(?:{_SIGN}{space})?(?:{money}{space})?{body}(?:{space}{money})?",
        f"{money}{space}{_SIGN}{space}{body}",
        f"(?:{money}{space})?{body}{space}[-\u2212](?:{space}{money})?",
        f"(?:{money}{space})?\\({space}(?:{money}{space})?{body}(?:{space}{money})?{space}\\)(?:{space}{money})?",
    )
    return body, "|".join(f"(?:{form})" for form in forms)


# Dates and times


def _moment(text: str, source: Source) -> Typed:
    expected = "ISO (2011-12-09 12:50)" if source.date_format == "iso" else source.date_format
    complaint = literal(f" is not a date written as {expected}")
    return Typed(moment_value(text, source), "'unparseable_date'", complaint)


def _date(text: str, source: Source) -> Typed:
    """A calendar day as it is written: no zone moves it."""
    moment = _moment(text, source)
    local = _iso_local(text) if source.date_format == "iso" else _formatted(text, source, in_utc=False)
    return Typed(f"CAST({local} AS DATE)", moment.reason, moment.complaint)


def moment_value(text: str, source: Source) -> str:
    """UTC of a written time: one without a zone is in the source's; a bare day is that day and is not moved."""
    if source.date_format == "iso":
        return _iso_moment(text, source)
    return _formatted(text, source, in_utc=True)


def _iso_moment(text: str, source: Source) -> str:
    naive = f"CASE WHEN regexp_full_match({text}, {literal(_ISO_NAIVE)}) THEN TRY_CAST({text} AS TIMESTAMP) END"
    if source.timezone != "UTC":
        naive = f"CASE WHEN length({text}) > 10 THEN {_to_utc(naive, source)} ELSE {naive} END"
    return f"COALESCE({naive}, {_iso_zoned(text)})"


def _iso_zoned(text: str) -> str:
    """A time with Z or an offset. DuckDB wants seconds, a capital Z and no space before it."""
    seconds = f"COALESCE(nullif(regexp_extract({text}, '^.{{16}}(:\\d{{2}}(?:\\.\\d+)?)', 1), ''), ':00')"
    zone = f"upper(regexp_extract({text}, '({_ZONE})$', 1))"
    whole = f"left({text}, 10) || ' ' || substr({text}, 12, 5) || {seconds} || {zone}"
    cast = f"CAST(TRY_CAST({whole} AS TIMESTAMPTZ) AS TIMESTAMP)"
    return f"CASE WHEN regexp_full_match({text}, {literal(_ISO_ZONED)}) THEN {cast} END"


def _iso_local(text: str) -> str:
    """The day and time as written, whatever the zone."""
    known = f"regexp_full_match({text}, {literal(f'(?:{_ISO_NAIVE}|{_ISO_ZONED})')})"
    return f"CASE WHEN {known} THEN TRY_CAST(left({text}, 10) AS TIMESTAMP) END"


def _to_utc(naive: str, source: Source) -> str:
    return f"CAST(timezone({literal(source.timezone)}, {naive}) AS TIMESTAMP)"


def _formatted(text: str, source: Source, *, in_utc: bool) -> str:
    """By strptime codes; then, where it has a time of day, by the day alone; then, where no one can err, as ISO."""
    whole = _strptime(text, source.date_format)
    if in_utc and source.timezone != "UTC" and _has_time(source.date_format) and "%z" not in source.date_format.lower():
        whole = _to_utc(whole, source)
    ways = [whole]
    if day := _day_part(source.date_format):
        ways.append(_strptime(text, day))
    if not source.date_format.startswith("%Y-%d"):
        ways.append(_iso_moment(text, source) if in_utc else _iso_local(text))
    return f"COALESCE({', '.join(ways)})"


def _strptime(text: str, date_format: str) -> str:
    """A time by its format. Codes that touch need all their digits, or 2011129 would pass for a day."""
    value = f"CAST(try_strptime({text}, {literal(date_format)}) AS TIMESTAMP)"
    codes = re.findall("%.", date_format)
    if "".join(codes) != date_format or not all(code in _DIGITS_OF_CODE for code in codes):
        return value
    return f"CASE WHEN length({text}) = {sum(_DIGITS_OF_CODE[code] for code in codes)} THEN {value} END"


def believable(moment: str) -> str:
    """A time within four-digit years: %Y reads '11' as the year 11."""
    return f"CASE WHEN {moment} BETWEEN '{EARLIEST}' AND '{LATEST}' THEN {moment} END"


def _has_time(date_format: str) -> bool:
    return any(code in date_format for code in ("%H", "%I", "%-H", "%-I", "%T", "%X", "%c"))


def _day_part(date_format: str) -> str:
    """The format up to its time of day; '' if it has none, or if the time comes first."""
    match = re.match(r"^(.*%[dmYyjbB].*?)[ T,]*%-?[HI]", date_format)
    return match[1] if match else ""
