"""Learning where customers are heading, and measuring it on a day that lies after everything learnt from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patron.features.cutoffs import CutoffPlan
from patron.models.customers import Customers
from patron.scores.views import Past
from patron.segments.heading import Heading
from patron.segments.movement.migration import Flow, migration
from patron.segments.movement.next_label import Foresight, NextLabel, Step, learn_next_label, measure_foresight
from patron.segments.movement.outlook import Outlook
from patron.segments.rfm import RFM_NAMES, RfmCuts, rfm_segments
from patron.segments.tiers import TIERS, TierThresholds, tier_thresholds
from patron.settings import SegmentSettings

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

_RFM_PLACE = {name: place for place, name in enumerate(RFM_NAMES)}


@dataclass(frozen=True, eq=False)
class Day:
    """Customers as of a day, with the labels that the day gives them."""

    customers: Customers
    outlook: Outlook
    brought: TierThresholds
    tier: Integers
    rfm: Integers

    @property
    def trailing(self) -> Floats:
        return self.customers.column("trailing_value")


@dataclass(frozen=True, eq=False)
class Learnt:
    """What is told of the way ahead: the model, and by view how it did, what is served, and the flows of the last horizon."""

    heading: Heading
    foresight: dict[str, Any]  # Any: plain data
    flows: dict[str, tuple[Flow, ...]]


def day_of_customers(customers: Customers, horizon_days: int, settings: SegmentSettings) -> Day:
    """A day's customers with their outlook, the tier of what they brought, and their RFM name."""
    trailing = customers.column("trailing_value")
    brought = tier_thresholds(trailing, settings)
    outlook = Outlook.of(customers, horizon_days, brought.high or 0.0)
    return Day(customers, outlook, brought, brought.places(trailing), _rfm_places(customers))


def learn_headings(today: Customers, past: Past, plan: CutoffPlan, settings: SegmentSettings, seed: int) -> Learnt:
    """Trees for the next tier and the next RFM name; where they did not beat persistence on the newest day, nothing moves.

    ``today`` are the customers learnt from, as of now. What is served has been taught by all days whose future is known;
    what is measured by those known on the day that it is measured on.
    """
    horizon = plan.horizon_days
    days = {day: day_of_customers(past.features[day], horizon, settings) for day in sorted(past.features)}
    now = day_of_customers(today, horizon, settings)
    newest = plan.tests[0] if plan.tests else None
    told: dict[str, Any] = {}
    models: dict[str, NextLabel | None] = {}
    for view, labels in (("tier", TIERS), ("rfm_segment", RFM_NAMES)):
        steps = _tier_steps if view == "tier" else _rfm_steps
        foresight = None
        if newest is not None:
            taught = learn_next_label(list(steps(days, now, past, plan, newest)), labels, seed)
            test = list(steps(days, now, past, plan, plan.now, only=newest))
            foresight = measure_foresight(taught, test[0]) if taught and test else None
        serves = foresight is not None and foresight.beats_persistence
        models[view] = learn_next_label(list(steps(days, now, past, plan, plan.now)), labels, seed) if serves else None
        told[view] = {"test_day": newest, "served": "model" if models[view] else "persistence", **_plain(foresight)}
    heading = Heading(now.outlook, now.brought, models["tier"], models["rfm_segment"])
    return Learnt(heading, told, _flows(days, now, plan))


def _tier_steps(
    days: dict[int, Day], _now: Day, past: Past, plan: CutoffPlan, known_by: int, only: int | None = None
) -> Iterable[Step]:
    """The tier of what was brought, then and a horizon later by the same borders."""
    for day in plan.training_of(known_by) if only is None else (only,):
        if day in days and (day, known_by) in past.outcomes:
            one, future = days[day], past.window(day, known_by).future_value
            money = np.maximum(np.maximum(one.trailing, future), 0.0)
            yield Step(one.customers, one.outlook, one.tier, one.brought.places(future), money)


def _rfm_steps(
    days: dict[int, Day], now: Day, _past: Past, plan: CutoffPlan, known_by: int, only: int | None = None
) -> Iterable[Step]:
    """The RFM name, then and a horizon later, each among the customers of its own day."""
    for day in sorted(days) if only is None else (only,):
        end = day + plan.horizon_days
        later = now if end == plan.now else days.get(end)
        if day not in days or later is None or end > known_by:
            continue
        one = days[day]
        places, there = _found(one.customers, later.customers)
        money = np.maximum(np.maximum(one.trailing[there], later.trailing[places]), 0.0)
        yield Step(one.customers.rows(there), one.outlook, one.rfm[there], later.rfm[places], money)


def _flows(days: dict[int, Day], now: Day, plan: CutoffPlan) -> dict[str, tuple[Flow, ...]]:
    """From one horizon ago to today: customers and what they brought, by tier of that and by RFM name."""
    before = days.get(plan.now - plan.horizon_days)
    if before is None:
        return {}
    ids = now.customers.customer_id
    places, there = _found(now.customers, before.customers)
    brought = np.zeros(len(ids))
    brought[there] = before.trailing[places]
    flows = {}
    for view, names, then, today in (
        ("tier", TIERS, before.tier, now.tier),
        ("rfm_segment", RFM_NAMES, before.rfm, now.rfm),
    ):
        was = np.full(len(ids), "", dtype="<U18")
        was[there] = np.array(names)[then[places]]
        flows[view] = migration(was, np.array(names)[today], brought, now.trailing, names)
    return flows


def _found(some: Customers, others: Customers) -> tuple[Integers, NDArray[np.bool_]]:
    """The places among others (sorted by id) of those of some who are there, and who they are."""
    places = np.searchsorted(others.customer_id, some.customer_id)
    held = np.minimum(places, max(len(others) - 1, 0))
    there = others.customer_id[held] == some.customer_id if len(others) else np.zeros(len(some), dtype=np.bool_)
    return held[there].astype(np.int64), np.asarray(there, dtype=np.bool_)


def _rfm_places(customers: Customers) -> Integers:
    columns = [customers.column(name) for name in ("days_since_last_purchase", "orders", "historic_value")]
    names = rfm_segments(*RfmCuts.of(*columns).scores(*columns))
    return np.array([_RFM_PLACE[name] for name in names.tolist()], dtype=np.int64)


def _plain(foresight: Foresight | None) -> dict[str, Any]:
    return {**asdict(foresight), "beats_persistence": foresight.beats_persistence} if foresight else {"customers": 0}
