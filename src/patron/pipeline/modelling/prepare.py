"""The step that sums lines up to orders, once, so that each cutoff's work is on orders."""

from __future__ import annotations

import ibis.expr.types as ir

from patron.errors import BrokenContract
from patron.features.prepared import needed_tables
from patron.pipeline.mapped import mapped_columns, silver_tables
from patron.pipeline.step import Run, StepReport
from patron.segments.rules import refuse_unmet
from patron.tables import TRANSACTIONS


def prepare(run: Run) -> StepReport:
    """Build the tables that features are made from, out of the silver rows that hold now."""
    refuse_unmet(run.settings.segments.rules, mapped_columns(run))
    tables = silver_tables(run)
    _refuse_no_customers(run, tables[TRANSACTIONS.name])
    counts: dict[str, int] = {}
    for prepared in needed_tables(mapped_columns(run)):
        run.say(f"Sum up orders: {prepared.meaning} …")
        counts[prepared.name] = run.warehouse.replace(
            "work", prepared.name, prepared.build(tables, mapped_columns(run))
        )
        tables[prepared.name] = run.warehouse.table("work", prepared.name)
    return StepReport(f"{counts['customer_keys']:,} customers", counts)


def _refuse_no_customers(run: Run, transactions: ir.Table) -> None:
    known = transactions.filter(transactions.superseded_at.isnull() & transactions.customer_id.notnull())
    if not run.warehouse.fetch(known.count().as_table()).column(0)[0].as_py():
        raise BrokenContract(
            "No accepted row names a customer, so there is nobody to value.",
            allowed="At least one transaction must carry a customer_id.",
            to_do="Map customer_id in the transactions source of patron.toml.",
        )
