"""Which sign is the decimal one, and which stands between thousands, as the numbers themselves tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Decimal = Literal[".", ","]
Thousands = Literal["", ",", ".", " ", "'"]
MOST_ODD: Final = 0.02


@dataclass(frozen=True)
class NumberSigns:
    """The decimal sign and the one between thousands."""

    decimal: Decimal = "."
    thousands: Thousands = ""


# In the order in which they are believed when several fit.
READINGS: Final = (
    NumberSigns(".", ""),
    NumberSigns(",", ""),
    NumberSigns(".", ","),
    NumberSigns(",", "."),
    NumberSigns(".", " "),
    NumberSigns(",", " "),
    NumberSigns(".", "'"),
)
_SEPARATOR: Final = {"": "", ",": ",", ".": r"\.", " ": "[ \u00a0\u202f]", "'": "['\u2019]"}
_SIGN: Final = r"[-+\u2212]?\s*"
_CURRENCY: Final = r"[$\u00a2-\u00a5\u20a0-\u20c0]?\s*"
_THOUSANDS_LOOKALIKE: Final = re.compile(r"^[-+\u2212]?[1-9]\d{0,2}(,\d{3})$")


def _pattern(signs: NumberSigns) -> re.Pattern[str]:
    point, between = re.escape(signs.decimal), _SEPARATOR[signs.thousands]
    whole = rf"(?:\d{{1,3}}(?:{between}\d{{3}})+|\d+)" if between else r"\d+"
    body = rf"(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][-+]?\d+)?"
    return re.compile(rf"^(?:{_SIGN}{_CURRENCY}{_SIGN}{body}\s*{_CURRENCY}-?|{_CURRENCY}\(\s*{_CURRENCY}{body}\s*\))$")


_PATTERNS: Final = {signs: _pattern(signs) for signs in READINGS}


def fitting_signs(values: Sequence[str]) -> tuple[NumberSigns, ...]:
    """The readings under which most of these values are numbers, if all but 2 % are.

    Of 1.50, 12.30 and a single 1,234.50, plain readings fit all but the one that matters most.
    """
    if not values:
        return ()
    fits = {signs: sum(1 for value in values if pattern.match(value)) for signs, pattern in _PATTERNS.items()}
    most = max(fits.values())
    return tuple(signs for signs, fit in fits.items() if fit == most and fit >= len(values) * (1 - MOST_ODD))


def agreed_signs(columns: Iterable[tuple[NumberSigns, ...]]) -> NumberSigns:
    """One reading for all numeric columns of a file: the first that fits the most of them."""
    fitting = [column for column in columns if column]
    if not fitting:
        return NumberSigns()
    return max(READINGS, key=lambda signs: (sum(signs in column for column in fitting), -READINGS.index(signs)))


def is_ambiguous(values: Sequence[str]) -> bool:
    """Whether every value with a comma could be thousands or decimals alike: 1,234 and nothing like 12,5 or 1,234.50."""
    with_comma = [value for value in values if "," in value]
    return bool(with_comma) and all(_THOUSANDS_LOOKALIKE.match(value) for value in with_comma)
