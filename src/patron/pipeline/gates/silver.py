"""The third gate: the silver tables, and each new file's accepted rows against earlier ones'."""

from __future__ import annotations

from collections.abc import Mapping

import ibis.expr.types as ir
import pyarrow as pa

from patron.pipeline.gates.batch_history import history_verdicts
from patron.pipeline.gates.batches import counting_files, judged_files
from patron.pipeline.landing.landed import LandedFile
from patron.pipeline.mapped import mapped_columns
from patron.pipeline.step import Run
from patron.quality.batch_profile import profile
from patron.quality.declared import references, silver_expectations
from patron.quality.expectations import Expectation, Verdict, figure
from patron.quality.measures import measured, measured_reference, measured_table
from patron.quality.own_rules import expectation_of
from patron.tables import BATCH_PROFILES, INTAKE, SOURCE_TABLES, TRANSACTIONS, Table, silver_columns

_SECONDS_PER_DAY = 86_400
_ENOUGH_SALES = 100
_LARGEST_SHARE = 0.1
_PROFILES = ("silver", BATCH_PROFILES.name)
_PROFILE_SCHEMA = pa.schema(
    [*((name, pa.string()) for name in ("source", "file_id", "table_name", "column_name", "bin")), ("rows", pa.int64())]
)


def silver_gate(run: Run) -> list[Verdict]:
    """What holds now is whole and well formed, keeps the SLAs and the user's rules, and new files are like earlier ones."""
    run.warehouse.create(*_PROFILES, BATCH_PROFILES.columns)
    fresh = _profiled(run)
    tables = filled_tables(run)
    verdicts = freshness(run) + _largest_sale(run)
    for table in _tables(run):
        rows = tables[table.name]
        asked = [one for one in silver_expectations(table) if not one.allowed_share]
        verdicts += measured_table(run.warehouse, rows, silver_columns(table), asked)
        verdicts += [_reconciled(run, table)]
        verdicts += _of_batch(run, table, rows, tables, fresh)
    return verdicts + history_verdicts(run, fresh)


def filled_tables(run: Run) -> dict[str, ir.Table]:
    """The rows that hold now of each silver table that a source fills."""
    return {table.name: _holding(run, table) for table in _tables(run)}


def freshness(run: Run) -> list[Verdict]:
    """How old the newest transaction was when the run began, where an SLA asks."""
    from patron.periods import parse_period

    asked = run.settings.quality.sla.freshness
    if not asked or not run.warehouse.exists("silver", TRANSACTIONS.name):
        return []
    rows = _holding(run, TRANSACTIONS)
    newest = run.warehouse.fetch(rows.aggregate(newest=rows.occurred_at.max()))["newest"][0].as_py()
    if newest is None:
        return []
    age = (run.started_at.replace(tzinfo=None) - newest).total_seconds() / _SECONDS_PER_DAY
    to_do = "Load newer data, or change quality.sla.freshness in patron.toml."
    expectation = Expectation("silver", TRANSACTIONS.name, "freshness", ("occurred_at",), to_do=to_do, rule="sla")
    words = (
        f"the newest transaction, of {newest:%Y-%m-%d %H:%M}, was {figure(round(age, 1))} days old when the run began"
    )
    return [Verdict(expectation, age, None, float(parse_period(asked)), words)]


def _largest_sale(run: Run) -> list[Verdict]:
    """Whether one sale alone is a large part of all: it would carry every value that follows, true or mistyped."""
    if not run.warehouse.exists("silver", TRANSACTIONS.name):
        return []
    rows = _holding(run, TRANSACTIONS)
    sales = rows.filter(rows.amount > 0)
    amounts = sales.aggregate(sales=sales.count(), largest=sales.amount.max(), whole=sales.amount.sum())
    told = run.warehouse.fetch(amounts).to_pylist()[0]
    if told["sales"] < _ENOUGH_SALES:
        return []
    largest, share = float(told["largest"]), float(told["largest"]) / float(told["whole"])
    to_do = "If it is no true sale, drop or fix it: patron queue list"
    expectation = Expectation(
        "silver", TRANSACTIONS.name, "distribution", ("amount",), severity="warn", to_do=to_do, rule="largest"
    )
    words = f"one sale of {figure(largest)} is {share:.0%} of all sales"
    return [Verdict(expectation, share, None, _LARGEST_SHARE, words)]


def _tables(run: Run) -> list[Table]:
    filled = {source.table for source in run.settings.sources.values()}
    return [table for table in SOURCE_TABLES if table.name in filled and run.warehouse.exists("silver", table.name)]


def _holding(run: Run, table: Table) -> ir.Table:
    rows = run.warehouse.table("silver", table.name)
    return rows.filter(rows.superseded_at.isnull())


def _profiled(run: Run) -> list[LandedFile]:
    """The files that were judged and have no profile yet, in the order they came; they are given one."""
    profiles = run.warehouse.table(*_PROFILES)
    known = {
        (row["source"], row["file_id"])
        for row in run.warehouse.fetch(profiles.select("source", "file_id").distinct()).to_pylist()
    }
    judged = judged_files(run)
    fresh = [file for file in counting_files(run) if file.identity in judged and file.identity not in known]
    mapped = mapped_columns(run)
    for table in SOURCE_TABLES:
        mine = [file for file in fresh if file.source.table == table.name]
        if mine:
            rows = _rows_of(run.warehouse.table("silver", table.name), mine)
            columns = [name for name in table.names if name in mapped[table.name] or name == "amount"]
            found = profile(run.warehouse, table, rows, columns)
            run.warehouse.append(*_PROFILES, pa.Table.from_pylist(found, schema=_PROFILE_SCHEMA))
    return fresh


def _rows_of(rows: ir.Table, files: list[LandedFile]) -> ir.Table:
    """The rows of these files; an id that stands in two sources is one file in each."""
    return rows.filter(
        rows.source.isin(sorted({file.source_name for file in files}))
        & rows.file_id.isin(sorted({file.file_id for file in files}))
    )


def _reconciled(run: Run, table: Table) -> Verdict:
    """Every row that was accepted is in silver, and no other."""
    intake = run.warehouse.table("silver", INTAKE.name)
    accepted = intake.filter(intake.table_name == table.name).accepted.sum().fill_null(0)
    told = int(run.warehouse.fetch(accepted.as_table()).column(0)[0].as_py())
    kept = run.warehouse.count("silver", table.name)
    to_do = "This is a fault in Patron, not in your file; please report it."
    expectation = Expectation("silver", table.name, "reconciles", to_do=to_do)
    return Verdict(expectation, kept, told, told, f"{kept:,} rows kept, of {told:,} accepted")


def _of_batch(
    run: Run, table: Table, rows: ir.Table, tables: Mapping[str, ir.Table], fresh: list[LandedFile]
) -> list[Verdict]:
    """What each new batch keeps: rules of the user's own, references, completeness; nothing where no file is new."""
    mine = [file for file in fresh if file.source.table == table.name]
    if not mine:
        return []
    batch, subject = _rows_of(rows, mine), mine[0].name if len(mine) == 1 else f"{len(mine)} new files"
    rules = [expectation_of(rule) for rule in run.settings.quality.rules if rule.table == table.name]
    few = [one for one in silver_expectations(table) if one.allowed_share]
    asked = [*few, *rules, *_completeness(run, table)]
    verdicts = measured(run.warehouse, batch, asked, subject)
    for one in [*references(table, tables), *(rule for rule in rules if rule.kind == "reference")]:
        if one.columns[0] in mapped_columns(run)[table.name]:
            verdict = measured_reference(run.warehouse, batch, tables, one, subject)
            verdicts += [verdict] if verdict else []
    return verdicts


def _completeness(run: Run, table: Table) -> list[Expectation]:
    asked = run.settings.quality.sla.completeness if table is TRANSACTIONS else {}
    to_do = "Export it again with these values, take it out, or change quality.sla.completeness in patron.toml."
    return [
        Expectation(
            "silver",
            table.name,
            "required",
            (name,),
            allowed_share=1 - share,
            words=f"{name} is empty",
            to_do=to_do,
            rule="sla",
        )
        for name, share in asked.items()
    ]
