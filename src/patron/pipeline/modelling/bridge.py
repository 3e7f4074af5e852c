"""The step that tells why the portfolio's value has changed since the release before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from patron.features.prepared import needed_tables
from patron.models.arrays import Integers
from patron.periods import day_number, day_of
from patron.pipeline.mapped import mapped_columns, silver_tables
from patron.pipeline.modelling.backtest import recalled_plan
from patron.pipeline.modelling.bridge_labels import Labelled, branch_labels, segment_labels
from patron.pipeline.modelling.bridge_states import Later, build_bridge, settings_of
from patron.pipeline.modelling.earlier import recalled_earlier
from patron.pipeline.modelling.settings_told import settings_told
from patron.pipeline.step import Run, StepReport
from patron.releases.contents import SEGMENTS, Release
from patron.reports.bridge_words import bridge_sentence
from patron.scores.bridge import BRIDGE, Bridge
from patron.version import VERSION

LARGEST: Final = 10


def bridge(run: Run) -> StepReport:
    """Write gold.bridge, a row per customer of this run or the release before, and remember what it adds up to.

    Where there is no release to compare with, the table is empty and what is remembered says why.
    """
    earlier = recalled_earlier(run)
    if isinstance(earlier, str):
        run.warehouse.replace("gold", "bridge", BRIDGE.empty_table())
        run.remember("bridge", {"previous": None, "why": earlier})
        return StepReport(f"nothing to compare with: {earlier}", {"customers": 0})
    later = _today(run)
    found = build_bridge(earlier, later)
    run.warehouse.replace("gold", "bridge", found.table())
    changed = what_changed(earlier, later.settings, run.recall("contest")["champion"], later.horizon_days, VERSION)
    told = told_bridge(found, earlier, day_of(later.day), _labels(run, earlier, later, found.customer_id), changed)
    run.remember("bridge", told)
    return StepReport(told["sentence"], {"customers": len(found.now)})


def what_changed(
    earlier: Release, settings: Mapping[str, str], champion: str, horizon_days: int, version: str
) -> list[str]:
    """What, beside the data that it learnt from, makes the later model another one; in words."""
    then, was = earlier.manifest, settings_of(earlier)
    told = []
    if then.champion != champion:
        told.append(f"{champion} instead of {then.champion}")
    if then.horizon_days != horizon_days:
        told.append(f"{horizon_days} days ahead instead of {then.horizon_days}")
    told += [f"{name} {settings[name]} instead of {was[name]}" for name in sorted(was.keys() & settings.keys())
             if was[name] != settings[name]]  # fmt: skip
    return told + ([f"Patron {version} instead of {then.code_version}"] if then.code_version != version else [])


def told_bridge(
    bridge: Bridge, earlier: Release, today: date, labels: Mapping[str, Labelled], changed: list[str]
) -> dict[str, Any]:  # Any: plain data
    """A bridge as plain data: its totals, those of every segment, the customers who changed most, and a sentence.

    Money is exact decimal text.
    """
    manifest, total = earlier.manifest, bridge.total()
    since = date.fromisoformat(manifest.as_of)
    return {
        "previous": earlier.id,
        "why": "",
        "previous_as_of": manifest.as_of,
        "as_of": today.isoformat(),
        "currency": manifest.currency,
        "total": total.to_dict(),
        "groups": {
            by: [{"label": name, **sums.to_dict()} for name, sums in bridge.by(*both).items()]
            for by, both in labels.items()
        },
        "up": _largest(bridge, -bridge.change),
        "down": _largest(bridge, bridge.change),
        "changed": changed,
        "undivided": bridge.undivided,
        "sentence": bridge_sentence(
            total, manifest.currency, since, today, changed=changed, undivided=bridge.undivided
        ),
    }


def _largest(bridge: Bridge, fall: Integers) -> list[dict[str, Any]]:  # Any: plain data
    """The customers of the greatest falls, the greatest first; of equal ones the first by id."""
    first = np.argsort(fall, kind="stable")[:LARGEST]
    ids = bridge.customer_id.take(pa.array(first[fall[first] < 0])).to_pylist()
    return [{"customer_id": one, **bridge.of(one).to_dict()} for one in ids]


def _today(run: Run) -> Later:
    plan, present = recalled_plan(run), mapped_columns(run)
    scores = run.warehouse.table("gold", "scores")
    return Later(
        warehouse=run.warehouse,
        prepared={table.name: run.warehouse.table("work", table.name) for table in needed_tables(present)},
        present=present,
        day=plan.now,
        horizon_days=plan.horizon_days,
        published=run.warehouse.fetch(scores.select("customer_id", "expected_value")),
        settings=settings_told(run.settings),
        features=run.warehouse.table("gold", "customer_features"),
        say=run.say,
    )


def _labels(run: Run, earlier: Release, later: Later, customer_id: pa.Array) -> dict[str, Labelled]:
    """Every grouping that both releases have: segments as they were published, branches as known on both days."""
    segments = run.warehouse.fetch(run.warehouse.table("gold", "segments"))
    labels = segment_labels(pq.read_table(earlier.folder / SEGMENTS), segments, customer_id)
    days = (day_number(date.fromisoformat(earlier.manifest.as_of)), later.day)
    tables = {**silver_tables(run), **later.prepared}
    return labels | branch_labels(run.warehouse, tables, later.present, days, customer_id)
