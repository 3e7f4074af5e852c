"""Which groups the customers of each fold belong to, in the order of the folds' customers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.models.arrays import Floats, Integers
from patron.models.customers import Customers
from patron.models.validation.fold import Fold
from patron.models.validation.pooled import Labels
from patron.periods import EPOCH
from patron.pipeline.columns import labels_of
from patron.pipeline.step import Run
from patron.scores.study import UNKNOWN, Words
from patron.scores.views import Past

MOST_QUARTERS = 12
_KEY = ("as_of_day", "customer_id")


def fold_groups(run: Run, past: Past, folds: Sequence[Fold]) -> dict[str, list[Words]]:
    """By name of a grouping, the words of each fold's customers: the cohort, and what ``work.customer_groups`` tells."""
    table = run.warehouse.fetch(run.warehouse.table("work", "customer_groups"))
    told = [_words(table, fold) for fold in folds]
    cohorts = _cohorts([past.features[fold.cutoff_day] for fold in folds])
    return {"cohort": cohorts, **{name: [words[name] for words in told] for name in told[0]}}


def groups_today(run: Run, today: int, tenure: Floats) -> Iterator[tuple[str, Labels]]:
    """The same groups of all customers today, in the order of their ids; one grouping at a time, for the sake of memory."""
    yield "cohort", _cohort_labels(_first_month(today, tenure))
    told = run.warehouse.table("work", "customer_groups")
    told = told.filter(told.as_of_day == today).drop("as_of_day")
    customers = run.warehouse.table("gold", "customer_features").select("customer_id")
    for name in told.columns:
        if name not in _KEY:
            words = told.select(told_id=told.customer_id, **{name: told[name]})
            joined = customers.left_join(words, customers.customer_id == words.told_id)
            yield name, labels_of(run.warehouse, joined, name)


def _words(table: pa.Table, fold: Fold) -> dict[str, Words]:
    """A word per customer of the fold, who are sorted by id; no word is 'unknown'."""
    rows = table.filter(pc.equal(table["as_of_day"], fold.cutoff_day))
    wanted = pa.array(fold.customer_id, rows.schema.field("customer_id").type)
    place = pc.index_in(wanted, rows["customer_id"].combine_chunks())
    names = [name for name in rows.column_names if name not in _KEY]
    return {
        name: pc.fill_null(rows[name].combine_chunks().take(place).cast(pa.string()), UNKNOWN)
        .to_numpy(zero_copy_only=False)
        .astype(np.str_)
        for name in names
    }


def _cohorts(tables: Sequence[Customers]) -> list[Words]:
    """The quarter of the first purchase, such as '2011 Q1'; the year, where there would be over twelve quarters."""
    months = [_first_month(table.as_of_day, table.column("T")) for table in tables]
    parts = np.split(_cohort_labels(np.concatenate(months)).words, np.cumsum([len(part) for part in months])[:-1])
    return list(parts)


def _cohort_labels(months: Integers) -> Labels:
    span = 3 if len(np.unique(months // 3)) <= MOST_QUARTERS else 12
    cohorts, place = np.unique(months // span, return_inverse=True)
    write = _quarter if span == 3 else _year
    return Labels(place, tuple(write(int(cohort) * span) for cohort in cohorts))


def _first_month(as_of_day: int, tenure: Floats) -> Integers:
    """Months since 1970-01, from the age as a customer."""
    days = (as_of_day - tenure).astype(np.int64)
    return np.asarray((np.datetime64(EPOCH) + days.astype("timedelta64[D]")).astype("datetime64[M]").astype(np.int64))


def _quarter(month: int) -> str:
    return f"{1970 + month // 12} Q{month % 12 // 3 + 1}"


def _year(month: int) -> str:
    return str(1970 + month // 12)
