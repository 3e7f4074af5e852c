"""What came in and what it adds up to: the counts that every surface shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.features.day_arithmetic import year_and_month
from patron.pipeline.mapped import silver_tables
from patron.pipeline.step import Run
from patron.reports.evidence import Finding, MonthValue, SourceFile
from patron.tables import FILES, INTAKE, QUARANTINE, REVIEW, TRANSACTIONS

_SETTLED = "settled_flags"


@dataclass(frozen=True)
class Totals:
    """Sums over all files read so far. Customers, invoices, items and net revenue count identified customers only."""

    customers: int
    invoices: int
    items: Decimal
    net_revenue: Decimal
    anonymous_revenue: Decimal
    rows_in: int
    accepted: int
    anonymous: int
    duplicate: int
    quarantined: int


def totals(run: Run) -> Totals:
    """The totals of the transactions that hold now, and the fate of every transaction row read."""
    rows = _holding(run)
    identified = rows.customer_id.notnull()
    nothing = ibis.literal(0).cast("decimal(38, 4)")
    sums = rows.aggregate(
        customers=rows.customer_id.nunique(where=identified),
        invoices=rows.order_id.nunique(where=identified),
        items=rows.quantity.fill_null(1).sum(where=identified).coalesce(nothing),
        net_revenue=rows.amount.sum(where=identified).coalesce(nothing),
        anonymous_revenue=rows.amount.sum(where=~identified).coalesce(nothing),
    )
    intake = run.warehouse.table("silver", INTAKE.name)
    ours = intake.filter(intake.source.isin(_transaction_sources(run)), intake.superseded_at.isnull())
    names = ("rows_in", "accepted", "anonymous", "duplicate", "quarantined")
    counts = ours.aggregate(**{name: ours[name].sum().fill_null(0) for name in names})
    fates = {name: int(count) for name, count in _row(run, counts).items()}  # engines sum whole numbers as decimals
    return Totals(**(_row(run, sums) | fates))


def source_files(run: Run) -> tuple[SourceFile, ...]:
    """Every file whose rows count, oldest first."""
    judged = run.warehouse.table("silver", INTAKE.name)
    judged = judged.filter(judged.superseded_at.isnull()).select("source", "file_id")
    files = run.warehouse.table("bronze", FILES.name).semi_join(judged, ["source", "file_id"])
    files = files.order_by(["arrived_at", "source", "name"])
    return tuple(
        SourceFile(row["source"], row["name"], row["rows_in"], run.settings.sources[row["source"]].table)
        for row in run.warehouse.fetch(files).to_pylist()
        if row["source"] in run.settings.sources
    )


def quarantine_findings(run: Run) -> tuple[Finding, ...]:
    """Quarantined rows by reason, most first, each with one in words."""
    return _findings(run, QUARANTINE.name, "reason")


def review_findings(run: Run) -> tuple[Finding, ...]:
    """Rows flagged for review and not settled by a person, by flag, most first, each with one in words."""
    settled = [decision.entry for decision in run.decisions if decision.standing == "flagged"]
    return _findings(run, REVIEW.name, "flag", settled)


def monthly_value(run: Run) -> tuple[MonthValue, ...]:
    """Net value of identified customers by calendar month."""
    rows = _holding(run)
    known = rows.filter(rows.customer_id.notnull())
    year, month = year_and_month(known.occurred_day)
    months = known.select("value", year=year, month=month).group_by("year", "month")
    summed = months.aggregate(value=lambda rows: rows["value"].sum()).order_by("year", "month")
    return tuple(
        MonthValue(f"{row['year']:04}-{row['month']:02}", row["value"])
        for row in run.warehouse.fetch(summed).to_pylist()
    )


def _findings(run: Run, table: str, code: str, settled: Sequence[str] = ()) -> tuple[Finding, ...]:
    rows = run.warehouse.table("silver", table)
    if settled:
        run.warehouse.replace("work", _SETTLED, pa.table({"entry": pa.array(settled, pa.string())}))
        rows = rows.anti_join(run.warehouse.table("work", _SETTLED), "entry")
    first = ibis.row_number().over(ibis.window(group_by=rows[code], order_by=[rows.file_id, rows.line]))
    numbered = rows.mutate(place=first)
    firsts = numbered.filter(numbered.place == 0).select(code, "line", "detail")
    counted = rows.group_by(code).aggregate(count=rows.count()).join(firsts, code)
    found = run.warehouse.fetch(counted.order_by([ibis.desc("count"), code])).to_pylist()
    return tuple(Finding(row[code], row["count"], f"line {row['line']}, {row['detail']}") for row in found)


def _transaction_sources(run: Run) -> list[str]:
    return [name for name, source in run.settings.sources.items() if source.table == TRANSACTIONS.name]


def _holding(run: Run) -> ir.Table:
    rows = silver_tables(run)[TRANSACTIONS.name]
    return rows.filter(rows.superseded_at.isnull())


def _row(run: Run, expression: ir.Table) -> dict[str, Any]:
    """One row of the warehouse, by column; types are the columns'."""
    return dict(run.warehouse.fetch(expression).to_pylist()[0])
