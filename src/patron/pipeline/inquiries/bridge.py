"""The bridge between any two releases of a workspace; nothing is published.

Between a release and the newest one it is told from the tables of the last run. For an older pair the rows are taken that
held when the later of the two was published, by when they arrived and when others took their place, and summed up anew
with today's mapping of sources. Rows that were judged by other settings since then are not brought back as they were: what
that makes stands in ``model_change``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from patron.errors import UsageError
from patron.features.order_parts import Present
from patron.features.prepared import needed_tables
from patron.periods import day_number
from patron.pipeline.mapped import columns_that_sources_fill
from patron.pipeline.modelling.bridge import told_bridge, what_changed
from patron.pipeline.modelling.bridge_labels import branch_labels, segment_labels
from patron.pipeline.modelling.bridge_states import Later, build_bridge, published_values, settings_of
from patron.pipeline.modelling.earlier import unlike
from patron.pipeline.step import FACTS
from patron.pipeline.workspace import Workspace
from patron.quality.value import with_value
from patron.releases.contents import Release, load_release
from patron.scores.bridge import Bridge
from patron.settings import Settings, Value
from patron.tables import TRANSACTIONS
from patron.warehouse import Warehouse

_PREFIX: Final = "bridge_"
Tables = dict[str, ir.Table]


@dataclass(frozen=True, eq=False)
class BridgeBetween:
    """A bridge between two releases, customer by customer, and the same as plain data (as the step ``bridge`` tells it).

    ``rebuilt`` is whether the later release's rows had to be gathered again, since newer ones hold by now.
    """

    bridge: Bridge
    told: Mapping[str, Any]  # Any: plain data
    rebuilt: bool


def bridge_between(
    folder: Path,
    earlier: str,
    later: str | None = None,
    *,
    says: Callable[[str], None] = lambda _: None,
    now: datetime | None = None,
) -> BridgeBetween:
    """Why the values of two releases differ, by their names; ``later`` is the current one unless named.

    Raises NothingThere or UnknownName for a release that is not there, UsageError for two that cannot be compared,
    DamagedRelease, and WorkspaceBusy while a run is at work.
    """
    workspace = Workspace.at(folder)
    before, after = (load_release(workspace.folder, name) for name in (earlier, later))
    _refuse_unlike(before, after)
    for release in (before, after):
        release.verify()
    with workspace.locked(now or datetime.now(UTC)), workspace.made_warehouse() as warehouse:
        present = _present(warehouse, workspace.settings)
        newest = _made_last(warehouse, present) == after.id
        silver = _silver(warehouse, present, _contract(workspace.settings, after))
        rows = _rows_of_now if newest else _rows_of_then
        with rows(warehouse, silver, present, after) as (held, prepared), warehouse.transaction():
            side = _later(warehouse, after, prepared, present, newest, says)
            found, told = _told(before, after, side, held)
    return BridgeBetween(found, told, not newest)


def _told(
    before: Release, after: Release, side: Later, silver: Tables
) -> tuple[Bridge, dict[str, Any]]:  # Any: plain data
    manifest, found = after.manifest, build_bridge(before, side)
    labels = segment_labels(before.segments(), after.segments(), found.customer_id)
    tables, days = {**silver, **side.prepared}, (_day(before), side.day)
    labels |= branch_labels(side.warehouse, tables, side.present, days, found.customer_id)
    changed = what_changed(before, side.settings, manifest.champion, manifest.horizon_days, manifest.code_version)
    told = told_bridge(found, before, date.fromisoformat(manifest.as_of), labels, changed)
    return found, {**told, "release": after.id}


def _refuse_unlike(before: Release, after: Release) -> None:
    if before.id == after.id:
        raise UsageError(f"Both are release {after.id}.", to_do="Name two releases; 'patron release list' shows them.")
    why = unlike(before, after.manifest.currency, date.fromisoformat(after.manifest.as_of))
    if why:
        raise UsageError(
            f"Releases {before.id} and {after.id} cannot be compared: {why}.",
            allowed="The earlier one first, both in the same currency.",
        )


def _present(warehouse: Warehouse, settings: Settings) -> Present:
    """The mapped columns of the silver tables that a run has made; a source added since then has none yet."""
    mapped = columns_that_sources_fill(settings)
    return {name: columns for name, columns in mapped.items() if warehouse.exists("silver", name)}


def _made_last(warehouse: Warehouse, present: Present) -> str | None:
    """The release whose tables the warehouse holds, whole; None while a newer run has not finished."""
    tables = [("work", table.name) for table in needed_tables(present)]
    if not all(warehouse.exists(*table) for table in (*tables, FACTS)):
        return None
    facts = warehouse.table(*FACTS)
    found = warehouse.fetch(facts.filter(facts.name == "release").select("body"))["body"].to_pylist()
    return str(json.loads(found[0])) if found else None


def _contract(settings: Settings, release: Release) -> Value:
    """What counted as value when a release was made; what its model card does not tell is as it is today."""
    told = settings_of(release)
    then = {name: told[f"value.{name}"] for name in ("basis", "margin_rate", "refunds") if f"value.{name}" in told}
    return Value.model_validate(settings.value.model_dump() | then)


def _later(
    warehouse: Warehouse,
    release: Release,
    prepared: Tables,
    present: Present,
    newest: bool,
    says: Callable[[str], None],
) -> Later:
    return Later(
        warehouse=warehouse,
        prepared=prepared,
        present=present,
        day=_day(release),
        horizon_days=release.manifest.horizon_days,
        published=published_values(release),
        settings=settings_of(release),
        features=warehouse.table("gold", "customer_features") if newest else None,
        say=says,
    )


@contextmanager
def _rows_of_now(
    warehouse: Warehouse, silver: Tables, present: Present, _release: Release
) -> Iterator[tuple[Tables, Tables]]:
    """Silver as it holds now, and what the last run summed up of it."""
    yield silver, {table.name: warehouse.table("work", table.name) for table in needed_tables(present)}


@contextmanager
def _rows_of_then(
    warehouse: Warehouse, silver: Tables, present: Present, release: Release
) -> Iterator[tuple[Tables, Tables]]:
    """Silver as it held when a release was published, summed up in tables of their own that are gone afterwards."""
    # Moments in manifests are cut to the second, those of rows are not.
    moment = datetime.strptime(release.manifest.created_at, "%Y-%m-%dT%H:%M:%SZ") + timedelta(seconds=1)  # noqa: DTZ007
    held = {name: _held_at(rows, moment) for name, rows in silver.items()}
    prepared: Tables = {}
    try:
        with warehouse.transaction():
            for table in needed_tables(present):
                warehouse.replace("work", _PREFIX + table.name, table.build({**held, **prepared}, present))
                prepared[table.name] = warehouse.table("work", _PREFIX + table.name)
        yield held, prepared
    finally:
        with warehouse.transaction():
            for name in prepared:
                warehouse.drop("work", _PREFIX + name)


def _silver(warehouse: Warehouse, present: Present, contract: Value) -> Tables:
    """The silver tables that some source fills; transactions carry their value."""
    tables = {name: warehouse.table("silver", name) for name in present}
    return tables | {TRANSACTIONS.name: with_value(tables[TRANSACTIONS.name], contract)}


def _held_at(rows: ir.Table, moment: datetime) -> ir.Table:
    """The rows that held at a moment, as they stood then."""
    at = ibis.literal(moment).cast("timestamp")
    held = rows.filter((rows.arrived_at < at) & (rows.superseded_at.isnull() | (rows.superseded_at >= at)))
    return held.mutate(superseded_at=ibis.null(rows.superseded_at.type()))


def _day(release: Release) -> int:
    return day_number(date.fromisoformat(release.manifest.as_of))
