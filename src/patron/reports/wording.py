"""Numbers, money, dates and verdicts in words: one wording for the report and the terminal.

Money is never written more precisely than its interval warrants: it is rounded to the second figure of
the interval's half-width.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Final

from patron.currencies import with_currency

_SCALES: Final = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
_SHORT_SCALES: Final = ((1e12, "tn"), (1e9, "bn"), (1e6, "m"), (1e3, "k"))
_ORDINALS: Final = ("top", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "lowest")
NONE: Final = "–"


def rounding_step(low: float, high: float) -> float:
    """The power of ten to which a value with this interval is rounded: whole units, or hundredths of small ones."""
    half_width = abs(high - low) / 2
    if not 0 < half_width < math.inf:
        return 0.01
    return max(1.0 if half_width >= 1 else 0.01, 10.0 ** (math.floor(math.log10(half_width)) - 1))


def _step_for(value: float, step: float) -> float:
    """The step, unless it would leave no figure of the value: then that of its first figure."""
    if value == 0 or abs(value) >= step:
        return step
    return max(0.01, min(step, 10.0 ** math.floor(math.log10(abs(value)))))


def rounded(value: float, step: float) -> float:
    """The value rounded to the step, keeping at least its first figure."""
    fitting = _step_for(value, step)
    return round(value / fitting) * fitting + 0.0


def _plain(value: float, step: float) -> str:
    decimals = 0 if step >= 1 else 2
    return f"{abs(value):,.{decimals}f}"


def money(value: float, currency: str, step: float = 1.0) -> str:
    """An amount to this precision: '£1,240', '−€12.50', '£3.21 million'."""
    amount = rounded(float(value), step)
    for size, word in _SCALES:
        if abs(amount) >= size:
            decimals = max(0, min(2, round(math.log10(size / _step_for(amount, step)))))
            return with_currency(f"{abs(amount) / size:,.{decimals}f}\u00a0{word}", amount < 0, currency)
    return with_currency(_plain(amount, _step_for(amount, step)), amount < 0, currency)


def short_money(value: float, currency: str, step: float = 0.0) -> str:
    """An amount for axes and small labels: '£1.2k'. In three figures at most, or, where a step is given, to that step."""
    size = abs(float(value))
    scale, letter = next((one for one in _SHORT_SCALES if size >= one[0] * 0.9995), (1.0, ""))
    text = f"{size / scale:,.{max(0, round(math.log10(scale / step)))}f}" if step else f"{size / scale:.3g}"
    return with_currency(f"{text}{letter}", value < 0, currency)


def short_number(value: float) -> str:
    """A number in three figures at most: '1.2k'."""
    return short_money(value, "")


def exact_money(value: float, currency: str) -> str:
    """A counted amount to the hundredth: what the books say, not a prediction."""
    amount = round(float(value), 2) + 0.0
    return with_currency(f"{abs(amount):,.2f}", amount < 0, currency)


def money_range(low: float, high: float, currency: str) -> str:
    """An interval in words: '£2.9 million to £3.6 million'."""
    step = rounding_step(low, high)
    return f"{money(low, currency, step)} to {money(high, currency, step)}"


def share(value: float | None, decimals: int = 0) -> str:
    """A share as a percentage; never '100%' or '0%' for what is not quite that."""
    if value is None:
        return NONE
    text = f"{value * 100:.{decimals}f}"
    least = 10.0**-decimals
    if value != 0 and float(text) == 0:
        return f"under {least:g}%" if value > 0 else "0%"
    if 0 < value < 1 and float(text) == 100:
        return f"over {100 - least:g}%"
    return f"{text.replace('-', '−')}%"


def signed_share(value: float | None) -> str:
    """A difference as a signed percentage: '+4%'."""
    if value is None:
        return NONE
    text = f"{value * 100:+.0f}".replace("-", "−")
    return f"{'0' if text in {'+0', '−0'} else text}%"


def number(value: float | None, decimals: int = 0) -> str:
    """A number with thousands separated, or a dash where there is none."""
    return NONE if value is None else f"{value:,.{decimals}f}".replace("-", "−")


def count(amount: int, noun: str, plural: str = "") -> str:
    """'1 customer', '4,372 customers'."""
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"


def day(moment: date | None) -> str:
    """'9 December 2011'."""
    return NONE if moment is None else f"{moment.day} {moment:%B} {moment.year}"


def short_day(moment: date | None) -> str:
    """'9 Dec 2011'."""
    return NONE if moment is None else f"{moment.day} {moment:%b} {moment.year}"


def span(start: date | None, end: date | None) -> str:
    """Two days as a window: '3 Jan to 9 Mar 2012'."""
    if start is None or end is None:
        return NONE
    if start == end:
        return short_day(start)
    first = f"{start.day} {start:%b}" if start.year == end.year else short_day(start)
    return f"{first} to {short_day(end)}"


def period(days: int) -> str:
    """A horizon in words: '90 days', 'year'."""
    return "year" if days == 365 else count(days, "day")


def figures_warranted(expected: float, low: float, high: float) -> int:
    """How many figures of an expected value its interval warrants, from 1 to 3."""
    if expected == 0:
        return 1
    step = rounding_step(low, high)
    return min(3, max(1, math.floor(math.log10(abs(expected))) - round(math.log10(step)) + 1))


def estimate(value: float | None, currency: str, figures: int = 3) -> str:
    """An estimated amount in so many figures, or a dash where there is none."""
    if value is None:
        return NONE
    if value == 0:
        return money(0.0, currency)
    least = 1.0 if abs(value) >= 10 else 0.01
    return money(value, currency, max(least, 10.0 ** (math.floor(math.log10(abs(value))) - figures + 1)))


def listed(words: Sequence[str]) -> str:
    """'one', 'one and two', 'one, two and three'."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def in_words(code: str) -> str:
    """A code as words: 'future_date' becomes 'future date'."""
    return code.replace("_", " ").replace("-", " ")


def sentence(words: str) -> str:
    """The words with a capital first and a full stop at the end."""
    text = words.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")


def printable(text: str) -> str:
    """Text from a file with control and direction-changing characters made visible, so that it cannot mislead."""
    return "".join("\ufffd" if _misleads(letter) else letter for letter in text)


def _misleads(letter: str) -> bool:
    turns = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return unicodedata.category(letter) in {"Cc", "Cs"} or unicodedata.bidirectional(letter) in turns


def tenth(position: int, groups: int) -> str:
    """The name of a group of customers by predicted value, the highest first."""
    if position == groups - 1:
        return _ORDINALS[-1]
    return _ORDINALS[position] if position < len(_ORDINALS) - 1 else f"{position + 1}th"
