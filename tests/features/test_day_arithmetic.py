from __future__ import annotations

from datetime import date

import ibis
import pyarrow as pa

from features.silver_cast import warehouse
from patron.features.day_arithmetic import day_of_date, day_of_moment, is_weekend, quarter, year_and_month
from patron.periods import day_number, day_of


def test_calendar_parts_of_a_day_number_are_those_of_the_calendar() -> None:
    numbers = [
        *range(day_number(date(1899, 12, 1)), day_number(date(1905, 1, 1))),
        *range(-400, 400, 7),
        *range(11_000, 11_100),
    ]
    numbers += list(range(19_000, 21_000))
    with warehouse() as house:
        house.replace("work", "days", pa.table({"day": pa.array(numbers, pa.int32())}))
        days = house.table("work", "days")
        year, month = year_and_month(days.day)
        rows = house.fetch(
            days.select("day", year=year, month=month, quarter=quarter(days.day), weekend=is_weekend(days.day))
        )
    for row in rows.to_pylist():
        calendar = day_of(row["day"])
        assert (row["year"], row["month"], row["quarter"], row["weekend"]) == (
            calendar.year,
            calendar.month,
            (calendar.month + 2) // 3,
            calendar.weekday() >= 5,
        )


def test_dates_and_moments_become_the_day_numbers_of_periods() -> None:
    with warehouse() as house:
        for day in (date(1969, 12, 31), date(1970, 1, 1), date(2024, 2, 29)):
            assert house.fetch(day_of_date(ibis.date(day.isoformat())).as_table()).column(0)[0].as_py() == day_number(
                day
            )
            late = ibis.timestamp(f"{day.isoformat()} 23:59:59")
            assert house.fetch(day_of_moment(late).as_table()).column(0)[0].as_py() == day_number(day)
