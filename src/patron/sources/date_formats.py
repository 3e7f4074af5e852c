"""How the dates of a column are written, decided by its values and never by a guess between day and month."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import product
from typing import Final

from patron.errors import AmbiguousData

ISO: Final = "iso"
MOST_ODD: Final = 0.02
# Of two readings, one is believed although some values deny it, if so many times more values deny the other.
OUTWEIGHS: Final = 20
_ISO: Final = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?(Z|z|[+-]\d{2}(:?\d{2})?))?)?$")
_DAYS: Final = (
    *(day.replace("/", sign) for day in ("%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d/%m/%y", "%m/%d/%y") for sign in "/-."),
    *("%y-%m-%d", "%Y%m%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%b %d, %Y", "%b %d %Y"),
    *("%d %B %Y", "%B %d, %Y", "%d. %B %Y"),
)
_TIMES: Final = (
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S.%f",
    "T%H:%M:%S",
    "T%H:%M",
    " %I:%M %p",
    " %I:%M:%S %p",
    ", %H:%M",
    ", %H:%M:%S",
)
FORMATS: Final = (*(day + time for day, time in product(_DAYS, _TIMES)), "%Y%m%d%H%M%S", "%Y%m%d %H%M%S")
_QUICK_LOOK: Final = 5
_EARLIEST_YEAR, _LATEST_YEAR = 1900, 2100


def fitting_formats(values: Sequence[str]) -> tuple[str, ...]:
    """The formats under which these values, but for 2 %, are days; ('iso',) where they are ISO.

    Where no format fits that many but some do together, these: then the column is written in several ways.
    """
    if not values or not any(sign.isdigit() for sign in values[0]):
        return ()
    least = len(values) * (1 - MOST_ODD)
    if sum(1 for value in values if _ISO.match(value)) >= least:
        return (ISO,)
    hopeful = [form for form in FORMATS if any(fits(value, form) for value in values[:_QUICK_LOOK])]
    fitted = {form: {value for value in values if fits(value, form)} for form in hopeful}
    whole = tuple(form for form, found in fitted.items() if len(found) >= least)
    if whole or len(set().union(*fitted.values())) < least:
        return whole
    return tuple(fitted)


def fits(value: str, date_format: str) -> bool:
    """Whether a value, read by this format, is a day of this or the last century."""
    try:
        moment = datetime.strptime(value, date_format)  # noqa: DTZ007 - only the fit is asked
    except ValueError:
        return False
    compact = date_format.startswith("%Y%m%d") and not re.match(r"^\d{8}", value)
    return _EARLIEST_YEAR <= moment.year <= _LATEST_YEAR and not compact


def decide(where: str, fit_counts: dict[str, int], rows: int, example: str) -> str:
    """The format that fits a whole column. ``fit_counts``: how many of its ``rows`` values each format fits.

    Raises AmbiguousData where two readings are both possible, or each is denied by some of the values.
    """
    ordered = sorted(fit_counts, key=lambda form: -fit_counts[form])
    best, rivals = ordered[0], ordered[1:]
    for rival in rivals:
        denies_best, denies_rival = rows - fit_counts[best], rows - fit_counts[rival]
        if denies_rival == denies_best or denies_rival < OUTWEIGHS * max(denies_best, 0):
            raise AmbiguousData(
                f"{where}: '{example}' can be read as {best} and as {rival}, and the column does not tell which "
                f"({fit_counts[best]:,} of {rows:,} values fit the one, {fit_counts[rival]:,} the other).",
                allowed=f"Formats that fit: {', '.join(ordered)}.",
                to_do=f"Say which: --date-format '{best}'.",
            )
    return best
