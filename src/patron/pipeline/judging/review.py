"""Rows that are odd but possible, flagged anew whenever rows were judged: what is usual changes with every file."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from patron.periods import day_of
from patron.pipeline.judging.people import with_person
from patron.pipeline.judging.set_aside import flag
from patron.pipeline.mapped import mapped_columns
from patron.pipeline.step import Run
from patron.quality.odd_customers import pairs_by_chance
from patron.quality.oddities import ASKED_COLUMNS, ODDITIES, Look, usual_amount
from patron.tables import CUSTOMERS, REVIEW, TRANSACTIONS

# Customers who agree in birth date, place and gender are flagged where at most this share of all would by chance.
_BY_CHANCE: Final = 0.005


def review(run: Run) -> int:
    """Flag every odd row that holds now; gives how many flags there are."""
    looks = _looks(run)
    for oddity in ODDITIES:
        run.warehouse.delete("silver", REVIEW.name, {"flag": oddity.flag})
        look = looks.get(oddity.table)
        if look is not None and oddity.is_told_by(look.filled):
            flag(run, oddity.find(look).mutate(flag=ibis.literal(oddity.flag)))
    return run.warehouse.count("silver", REVIEW.name)


def _looks(run: Run) -> dict[str, Look]:
    """What there is to look at, by table."""
    filled, found = mapped_columns(run), {}
    first_day, last_day = _days(run)
    quality = run.settings.quality
    if run.warehouse.exists("silver", TRANSACTIONS.name):
        rows = _holding(run, TRANSACTIONS.name)
        usual = float(_row(run, usual_amount(rows).name("usual").as_table())["usual"] or 0)
        columns = filled.get(TRANSACTIONS.name, frozenset())
        found[TRANSACTIONS.name] = Look(rows, columns, first_day, last_day, quality, usual)
    if run.warehouse.exists("silver", CUSTOMERS.name):
        rows = with_person(run, _holding(run, CUSTOMERS.name))
        chance = _row(run, pairs_by_chance(rows))
        columns = filled.get(CUSTOMERS.name, frozenset())
        tells = (chance["pairs"] or 0.0) <= _BY_CHANCE * (chance["customers"] or 0)
        found[CUSTOMERS.name] = Look(rows, columns, first_day, last_day, quality, place_tells_people_apart=tells)
    return found


def _days(run: Run) -> tuple[date, date]:
    """The first and last day of the transactions that hold; the day of the run where there are none."""
    today = run.started_at.date()
    if not run.warehouse.exists("silver", TRANSACTIONS.name):
        return today, today
    rows = _holding(run, TRANSACTIONS.name)
    span = _row(run, rows.aggregate(first=rows.occurred_day.min(), last=rows.occurred_day.max()))
    return (today, today) if span["first"] is None else (day_of(span["first"]), day_of(span["last"]))


def _holding(run: Run, table: str) -> ir.Table:
    """The rows that hold, with the columns that some oddity asks for: wide tables make long queries."""
    rows = run.warehouse.table("silver", table)
    return rows.filter(rows.superseded_at.isnull()).select(*ASKED_COLUMNS[table])


def _row(run: Run, expression: ir.Table) -> dict[str, Any]:  # Any: a row of the warehouse
    return dict(run.warehouse.fetch(expression).to_pylist()[0])
