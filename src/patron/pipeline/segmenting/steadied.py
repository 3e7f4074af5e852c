"""How calm segments are: the last weeks told again, raw and with hysteresis, for some of the customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.cutoffs import CutoffPlan
from patron.features.outcomes import outcomes
from patron.features.prepared import needed_tables
from patron.models.arrays import Floats, hashed
from patron.models.customers import Customers
from patron.models.valuing.stored import read_model
from patron.pipeline.mapped import mapped_columns
from patron.pipeline.step import Run
from patron.scores.views import customers_of
from patron.segments.calm import Steadiness, steadiness
from patron.segments.clustered import NO_CLUSTER, Clustered
from patron.segments.labels import RFM_NEEDS, Labeller
from patron.segments.lifecycle import Rhythm
from patron.segments.rfm import RfmCuts, rfm_segments
from patron.segments.separation import separation
from patron.segments.tiers import tier_thresholds

Words = NDArray[np.str_]
Teller = Callable[[int, Words], tuple[Words, Words]]

WEEK: Final = 7
MOST_WEEKS: Final = 13
MOST_CUSTOMERS: Final = 4_000
SAMPLE: Final = ("work", "calm_customers")


def measure_calm(
    run: Run, plan: CutoffPlan, labeller: Labeller, clustered: Clustered | None
) -> dict[str, Any] | None:  # Any: plain data
    """By view: moves and flaps a week, raw and calm, and how well each tells what came; None where history is too short.

    The weeks lie between the newest test day and today, and what came is what came until today. The champion is today's.
    """
    weeks = min(MOST_WEEKS, plan.horizon_days // WEEK)
    if not plan.tests or weeks < 3 or labeller.margin == 0:
        return None
    run.say("Tell the last weeks again, to see how calm segments are …")
    days = [plan.tests[0] + WEEK * week for week in range(weeks + 1)]
    days = [day for day in days if day <= plan.now]
    tables, came = _weeks(run, plan, days)
    values = _valued(run, plan, tables)
    told = {}
    for view, teller in _tellers(run, tables, values, labeller, clustered).items():
        told[view] = _replayed(days, tables, came, teller)
    return {"weeks": len(days), "customers": len(tables[days[-1]]), "views": told}


def _weeks(run: Run, plan: CutoffPlan, days: Sequence[int]) -> tuple[dict[int, Customers], dict[int, Floats]]:
    """Some customers at each of these days, and what they brought from then until today."""
    present = mapped_columns(run)
    prepared = {table.name: run.warehouse.table("work", table.name) for table in needed_tables(present)}
    ids = run.warehouse.fetch(run.warehouse.table("gold", "customer_features").select("customer_id"))["customer_id"]
    every = ids.cast(pa.string()).combine_chunks()
    order = np.argsort(hashed(every.to_pylist()), kind="stable")[:MOST_CUSTOMERS]
    run.warehouse.replace(*SAMPLE, pa.table({"customer_id": every.take(pa.array(np.sort(order)))}))
    sample = run.warehouse.table(*SAMPLE)
    features = run.warehouse.fetch(
        customer_features(prepared, days, plan.horizon_days, available_features(present), customers=sample)
    )
    future = run.warehouse.fetch(outcomes(prepared, days, plan.horizon_days, customers=sample))
    run.warehouse.drop(*SAMPLE)
    at = {day: features.filter(pc.equal(features["as_of_day"], day)) for day in days}
    then = {day: future.filter(pc.equal(future["as_of_day"], day)).sort_by("customer_id") for day in days}
    came = {day: rows["future_value"].cast(pa.float64()).to_numpy() for day, rows in then.items()}
    return {day: customers_of(rows, day) for day, rows in at.items()}, came


def _valued(run: Run, plan: CutoffPlan, tables: Mapping[int, Customers]) -> dict[int, Floats]:
    rows = run.warehouse.fetch(run.warehouse.table("work", "artifacts"))
    files = dict(zip(rows["name"].to_pylist(), rows["body"].to_pylist(), strict=True))
    champion = read_model(files, run.recall("contest")["champion"], plan.horizon_days)
    return {day: champion.predict(customers).expected_value for day, customers in tables.items()}


def _tellers(
    run: Run,
    tables: Mapping[int, Customers],
    values: Mapping[int, Floats],
    labeller: Labeller,
    clustered: Clustered | None,
) -> dict[str, Teller]:
    """By view: the raw and the calm labels of a day's customers, given the calm ones of the week before."""

    def of_day(day: int) -> Labeller:
        columns = tables[day].columns
        cuts = RfmCuts.of(*(columns[name] for name in RFM_NEEDS))
        tiers = tier_thresholds(values[day], run.settings.segments)
        return replace(labeller, tiers=tiers, cuts=cuts, rhythm=Rhythm.of(columns))

    def tier(day: int, before: Words) -> tuple[Words, Words]:
        that = of_day(day)
        return that.raw_tier(values[day]), that.tier(values[day], before)

    def rfm(day: int, before: Words) -> tuple[Words, Words]:
        that, columns = of_day(day), tables[day].columns
        return rfm_segments(*that.rfm_scores(columns)), that.rfm(columns, before)

    def stage(day: int, before: Words) -> tuple[Words, Words]:
        that, columns = of_day(day), tables[day].columns
        return that.raw_stage(columns), that.stage(columns, before)

    tellers: dict[str, Teller] = {"tier": tier, "rfm_segment": rfm, "lifecycle": stage}
    if clustered is not None:
        tellers["cluster"] = _cluster_teller(tables, clustered)
    return tellers


def _cluster_teller(tables: Mapping[int, Customers], clustered: Clustered) -> Teller:
    def told(day: int, before: Words) -> tuple[Words, Words]:
        was = np.array([int(word) if word else NO_CLUSTER for word in before.tolist()], dtype=np.int64)
        calm, raw, _ = clustered.assigned(tables[day].columns, was)
        return raw.astype(np.str_), calm.astype(np.str_)

    return told


def _replayed(
    days: Sequence[int], tables: Mapping[int, Customers], came: Mapping[int, Floats], teller: Teller
) -> dict[str, Any]:  # Any: plain data
    """Week after week: moves and flaps of raw and of calm labels, and how well each told what came until today."""
    ids = np.unique(np.concatenate([tables[day].customer_id for day in days]))
    raws, calms, told_raw, told_calm = [], [], [], []
    before = np.full(len(ids), "", dtype="<U20")
    for day in days:
        at = np.searchsorted(ids, tables[day].customer_id)
        raw, calm = teller(day, before[at])
        raws.append(_spread(raw, at, len(ids)))
        calms.append(_spread(calm, at, len(ids)))
        before = calms[-1]
        if day < days[-1]:
            told_raw.append(separation(raw, came[day]))
            told_calm.append(separation(calm, came[day]))
    return {
        "raw": _plain(steadiness(raws), told_raw),
        "calm": _plain(steadiness(calms), told_calm),
    }


def _spread(labels: Words, at: NDArray[np.intp], size: int) -> Words:
    wide = np.full(size, "", dtype="<U20")
    wide[at] = labels
    return wide


def _plain(told: Steadiness, quality: Sequence[float]) -> dict[str, Any]:
    rates = {"move_rate": told.move_rate, "flap_rate": told.flap_rate, "quality": float(np.mean(quality))}
    return {**asdict(told), **rates}
