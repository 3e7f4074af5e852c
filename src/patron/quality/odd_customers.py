"""Customers who are odd but possible: ages, first days, and the same person twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import ibis
import ibis.expr.types as ir

from patron.settings import QualitySettings

# Columns that the customers' own source may have beside those that Patron maps; they are looked up in bronze.
PERSON_COLUMNS: Final = ("email", "person_name", "phone")
_EARLIEST_BIRTH: Final = date(1900, 1, 1)
MOST_ALIKE: Final = 5  # more customers with one e-mail share a placeholder, or the shop's own address
_FEWEST_DIGITS: Final = 7
_FEWEST_LETTERS: Final = 5


def extreme_age(rows: ir.Table, last_day: date, settings: QualitySettings) -> ir.Table:
    """Customers whose birth date makes an age that few have, as of the last day of the history."""
    born = rows.birth_date
    words = ibis.cases(
        (born > last_day, f"lies after {last_day}"),
        (born < _EARLIEST_BIRTH, f"is before {_EARLIEST_BIRTH}"),
        (born < _years_before(last_day, settings.oldest_age + 1), f"makes an age of more than {settings.oldest_age}"),
        (born > _years_before(last_day, settings.youngest_age), f"makes an age of less than {settings.youngest_age}"),
        else_=ibis.null("string"),
    )
    told = rows.mutate(_words=words)
    odd = told.filter(told._words.notnull())
    return _flagged(odd, ibis.literal("birth_date: ") + odd.birth_date.cast("string") + " " + odd._words)


def impossible_start(rows: ir.Table, filled: frozenset[str]) -> ir.Table:
    """Customers who became one after their file arrived, or before they were born."""
    start, came = rows.acquired_on, rows.arrived_at.date()
    cases = [(start > came, "lies after the file arrived")]
    if "birth_date" in filled:
        cases.append((start < rows.birth_date, "is before birth"))
    told = rows.mutate(_words=ibis.cases(*cases, else_=ibis.null("string")))
    odd = told.filter(told._words.notnull())
    return _flagged(odd, ibis.literal("acquired_on: ") + odd.acquired_on.cast("string") + " " + odd._words)


def same_person(rows: ir.Table, *, by_place: bool) -> ir.Table:
    """Customers who share what two people hardly share; of each group, all but the first are told.

    ``rows`` have email, person_name and phone beside their own columns, NULL where the source has none. ``by_place`` is
    whether birth date, place and gender are enough to tell people apart (``chance_pairs``).
    """
    mail, name, phone = _email(rows.email), _letters(rows.person_name), _digits(rows.phone)
    born = rows.birth_date.cast("string")
    place = _place(rows)
    marks = [
        (mail, ibis.literal("e-mail ") + mail),
        (name + "/" + born, ibis.literal("the name ") + rows.person_name + ", born " + born),
        (name + "/" + phone, ibis.literal("the name ") + rows.person_name + ", phone " + rows.phone),
    ]
    if by_place:
        marks.append((born + "/" + place, ibis.literal("born ") + born + ", " + place))
    found = ibis.union(*(_sharing(rows, mark, told, rank) for rank, (mark, told) in enumerate(marks)))
    row = [found.source, found.file_id, found.line]
    first = found.mutate(_place=ibis.row_number().over(ibis.window(group_by=row, order_by=found.rank)))
    return first.filter(first._place == 0).select("source", "file_id", "line", "detail")


def pairs_by_chance(rows: ir.Table) -> ir.Table:
    """One row: ``customers`` with birth date and place, and the ``pairs`` of them that agree in both by chance alone."""
    told = rows.select(_day=rows.birth_date.cast("string"), _place=_place(rows))
    known = told.filter(told._day.notnull() & told._place.notnull())
    day, place = _agreement(known, "_day"), _agreement(known, "_place")
    both = day.rename(day="alike").cross_join(place.select(place=place.alike))
    customers = both.customers.cast("float64")
    return both.select("customers", pairs=both.day * both.place * customers * (customers - 1.0) / 2.0)


def _agreement(rows: ir.Table, name: str) -> ir.Table:
    """How often two different rows taken at random have one value."""
    counted = rows.group_by(name).aggregate(_copies=rows.count())
    copies = counted._copies.cast("float64")
    summed = counted.aggregate(alike=(copies * (copies - 1.0)).sum(), customers=counted._copies.sum().cast("int64"))
    customers = summed.customers.cast("float64")
    return summed.select("customers", alike=summed.alike / (customers * (customers - 1.0)).nullif(0.0))


def _sharing(rows: ir.Table, mark: ir.StringValue, told: ir.StringValue, rank: int) -> ir.Table:
    """The rows of several customers with one mark, all but those of the customer with the least id."""
    marked = rows.mutate(_mark=mark, _told=told)
    marked = marked.filter(marked._mark.notnull())
    alike = ibis.window(group_by=marked._mark)
    marked = marked.mutate(
        _least=marked.customer_id.min().over(alike),
        _most=marked.customer_id.max().over(alike),
        _rows=marked.customer_id.count().over(alike),
    )
    odd = marked.filter((marked.customer_id != marked._least) & (marked._rows <= MOST_ALIKE))
    detail = ibis.literal("customer_id: ") + odd.customer_id + " and " + odd._least + " share " + odd._told
    return odd.select("source", "file_id", "line", detail=detail, rank=ibis.literal(rank))


def _email(text: ir.StringValue) -> ir.StringValue:
    """An address in small letters; NULL for what is none."""
    plain = text.strip().lower()
    return plain.contains("@").ifelse(plain, ibis.null("string"))


def _letters(text: ir.StringValue) -> ir.StringValue:
    """A name without what people write in several ways; NULL where little is left."""
    return _without(text.lower(), (" ", "-", ".", ",", "'"), _FEWEST_LETTERS)


def _digits(text: ir.StringValue) -> ir.StringValue:
    """A number's last digits, so that it is the same with and without the country's; NULL where there are few."""
    bare = _without(text, (" ", "-", ".", "/", "(", ")", "+"), _FEWEST_DIGITS)
    return bare.right(_FEWEST_DIGITS)


def _without(text: ir.StringValue, signs: Sequence[str], fewest: int) -> ir.StringValue:
    for sign in signs:
        text = text.replace(sign, "")
    return (text.length() >= fewest).ifelse(text, ibis.null("string"))


def _place(rows: ir.Table) -> ir.StringValue:
    """Where customers live, and their gender, as far as the source tells; NULL where it tells no place."""
    told = ibis.coalesce(rows.region, rows.branch_id)
    return told + "/" + rows.country.fill_null("") + "/" + rows.gender.fill_null("")


def _years_before(day: date, years: int) -> date:
    return day.replace(year=day.year - years, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _flagged(rows: ir.Table, detail: ir.StringValue) -> ir.Table:
    return rows.select("source", "file_id", "line", detail=detail)
