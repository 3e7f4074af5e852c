"""Which groups a customer belongs to, as known at a cutoff: to see where a model is off and whether it serves groups alike.

No model reads these words. What a customer's record says (country, gender, …) is taken as it stands today; what only
purchases tell (channel, branch, …) is what most of the customer's lines known by the cutoff say, and is as old as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import ibis
import ibis.expr.types as ir

from patron.features.at_cutoffs import KEY, chosen_customers, cutoff_rows
from patron.features.day_arithmetic import day_of_date
from patron.features.order_parts import Present, purchase_lines
from patron.settings import Group

AGE_BANDS: Final = (25, 35, 45, 55, 65)
_DAYS_PER_YEAR: Final = 365.25


@dataclass(frozen=True)
class GroupSource:
    """Where a group's word comes from: a column of the customer's record, else one of the purchase lines."""

    name: Group
    of_customer: str = ""
    of_line: str = ""


SOURCES: Final = (
    GroupSource("country", "country", "country"),
    GroupSource("region", "region"),
    GroupSource("branch", "branch_id", "branch_id"),
    GroupSource("channel", "", "channel"),
    GroupSource("acquisition_channel", "acquisition_channel"),
    GroupSource("plan", "plan"),
    GroupSource("gender", "gender"),
    GroupSource("age", "birth_date"),
)


def available_groups(present: Present) -> tuple[Group, ...]:
    """The groups that these mapped columns tell; ``present`` gives the mapped columns of each silver table."""
    return tuple(source.name for source in SOURCES if _home(source, present))


def customer_groups(
    tables: Mapping[str, ir.Table], present: Present, cutoffs: Sequence[int], customers: ir.Table | None = None
) -> ir.Table:
    """One row per cutoff and customer: as_of_day, customer_id and a text column for each available group.

    ``tables`` holds the silver tables and ``customer_keys``. A customer of whom nothing is known has no row at a cutoff,
    or an empty value; ``customers`` restricts the rows to those whose customer_id stands in it.
    """
    keys = chosen_customers(tables, customers).select("customer_id", "customer_key")
    rows = keys.cross_join(cutoff_rows(cutoffs))
    names = available_groups(present)
    record = _record(tables, present)
    if record is not None:
        rows = rows.left_join(record, rows.customer_id == record.record_id).drop("record_id")
    for source in SOURCES:
        if _home(source, present) == "transactions":
            habit = _habit(tables, source, cutoffs)
            rows = rows.left_join(habit, list(KEY)).drop(*(f"{name}_right" for name in KEY))
    if "age" in names:
        rows = rows.mutate(age=_age_band(rows.birth_day, rows.as_of_day))
    return rows.select("as_of_day", "customer_id", *names)


def _home(source: GroupSource, present: Present) -> str:
    """The table that tells this group: customers before transactions; empty where neither does."""
    if source.of_customer and source.of_customer in present.get("customers", frozenset()):
        return "customers"
    return "transactions" if source.of_line and source.of_line in present.get("transactions", frozenset()) else ""


def _record(tables: Mapping[str, ir.Table], present: Present) -> ir.Table | None:
    """One row per customer with what the customers table says; of several records the greatest word."""
    told = [source for source in SOURCES if _home(source, present) == "customers"]
    if not told:
        return None
    rows = tables["customers"]
    rows = rows.filter(rows.superseded_at.isnull() & rows.customer_id.notnull())
    words: dict[str, ir.Value] = {
        source.name: rows[source.of_customer].max() for source in told if source.name != "age"
    }
    if any(source.name == "age" for source in told):
        words["birth_day"] = day_of_date(rows.birth_date.max())
    return rows.group_by(record_id="customer_id").aggregate(**words)


def _habit(tables: Mapping[str, ir.Table], source: GroupSource, cutoffs: Sequence[int]) -> ir.Table:
    """At each cutoff, the word that most of a customer's known lines carry; of equal ones the first by name."""
    lines = purchase_lines(tables)
    lines = lines.mutate(word=lines[source.of_line]).filter(lambda rows: rows.word.notnull())
    days = lines.group_by("customer_key", "word", "visible_day").aggregate(lines=lines.count())
    pairs = days.cross_join(cutoff_rows(cutoffs))
    pairs = pairs.filter(pairs.visible_day <= pairs.as_of_day)
    counted = pairs.group_by(*KEY, "word").aggregate(lines=pairs.lines.sum())
    best = ibis.window(group_by=list(KEY), order_by=[counted.lines.desc(), counted.word])
    ranked = counted.mutate(place=ibis.row_number().over(best))
    return ranked.filter(ranked.place == 0).select(*KEY, **{source.name: ranked.word})


def _age_band(birth_day: ir.IntegerColumn, as_of_day: ir.IntegerColumn) -> ir.StringColumn:
    age = ((as_of_day - birth_day).cast("float64") / _DAYS_PER_YEAR).floor()
    words = [f"under {AGE_BANDS[0]}", *(f"{low}–{high - 1}" for low, high in pairwise(AGE_BANDS))]
    branches = [(age < high, word) for high, word in zip(AGE_BANDS, words, strict=True)]
    return birth_day.isnull().ifelse(ibis.null("string"), ibis.cases(*branches, else_=f"{AGE_BANDS[-1]} and over"))
