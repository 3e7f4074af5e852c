"""Calendar parts of day numbers, in whole-number arithmetic that every engine does alike."""

from __future__ import annotations

from typing import Final

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from patron.periods import EPOCH

# Days from 0000-03-01 to 1970-01-01: with years that begin in March, the leap day comes last.
_MARCH_ERA: Final = 719_468
# A whole number of weeks, so that days before 1970 keep a remainder that is not negative.
_MANY_WEEKS: Final = 700_000


def whole(number: ir.NumericValue) -> ir.IntegerValue:
    """A sum or count as a 64-bit whole number.

    Engines widen sums (to 128 bits, or to NUMERIC) while Ibis still calls them int64 and would leave an
    ordinary cast out.
    """
    return ops.Cast(number, to="int64").to_expr()


def is_weekend(day: ir.IntegerValue) -> ir.BooleanValue:
    """Whether the day is a Saturday or Sunday (1970-01-01 was a Thursday)."""
    return (day.cast("int64") + (_MANY_WEEKS + 3)) % 7 >= 5


def year_and_month(day: ir.IntegerValue) -> tuple[ir.IntegerValue, ir.IntegerValue]:
    """The calendar year and month (1 to 12) of a day number.

    Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    """
    since = day.cast("int64") + _MARCH_ERA
    era = since // 146_097
    of_era = since - era * 146_097
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (year_of_era * 365 + year_of_era // 4 - year_of_era // 100)
    from_march = (of_year * 5 + 2) // 153
    month = from_march + 3 - (from_march >= 10).ifelse(12, 0)
    year = year_of_era + era * 400 + (month <= 2).ifelse(1, 0)
    return year, month


def quarter(day: ir.IntegerValue) -> ir.IntegerValue:
    """The quarter of the calendar year, 1 to 4, of a day number.

    Remainders by the lengths of the Gregorian cycles leave the days since 1 March; 29 February, the last
    day of a longer cycle, is left as 1 March, which lies in the same quarter.
    """
    since_march = (day.cast("int32") + _MARCH_ERA) % 146_097 % 36_524 % 1461 % 365
    return ibis.cases(
        (since_march < 31, 1), (since_march < 122, 2), (since_march < 214, 3), (since_march < 306, 4), else_=1
    )


def day_of_date(date: ir.DateValue) -> ir.IntegerValue:
    """The day number of a calendar date."""
    return date.delta(ibis.date(EPOCH.year, EPOCH.month, EPOCH.day), unit="day").cast("int32")


def day_of_moment(moment: ir.TimestampValue) -> ir.IntegerValue:
    """The day number of a UTC moment."""
    return day_of_date(moment.date())
