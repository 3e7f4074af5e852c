"""Which groups the customers of each fold belong to, in the order of the folds' customers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.models.arrays import Integers
from patron.models.customers import Customers
from patron.models.validation.fold import Fold
from patron.periods import EPOCH
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
    months = [_first_month(table) for table in tables]
    quarters = len(np.unique(np.concatenate(months) // 3))
    write = _quarter if quarters <= MOST_QUARTERS else _year
    return [np.array([write(int(month)) for month in np.unique(part)])[_codes(part)] for part in months]


def _first_month(customers: Customers) -> Integers:
    """Months since 1970-01, from the age as a customer."""
    days = (customers.as_of_day - customers.column("T")).astype(np.int64)
    return np.asarray((np.datetime64(EPOCH) + days.astype("timedelta64[D]")).astype("datetime64[M]").astype(np.int64))


def _codes(values: Integers) -> Integers:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def _quarter(month: int) -> str:
    return f"{1970 + month // 12} Q{month % 12 // 3 + 1}"


def _year(month: int) -> str:
    return str(1970 + month // 12)
