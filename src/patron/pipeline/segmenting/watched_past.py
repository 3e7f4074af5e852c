"""Alerts, lists and losses on past days: what they are learnt from, and how they did on the newest."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import spearmanr

from patron.features.cutoffs import CutoffPlan
from patron.models.arrays import Flags, Floats
from patron.models.customers import Customers, History, Window
from patron.models.valuing.process_value import FittedProcessValue, MBGNBDValue, bg_nbd_value
from patron.pipeline.modelling.backtest import PAST_VALUES
from patron.pipeline.step import Run
from patron.scores.views import Past
from patron.segments.behaviour.alerts import Alerts, learn_alerts, measure_alerts
from patron.segments.behaviour.at_risk import AtRisk, fitted_spread, measured_days, realised_loss, usual_value
from patron.segments.behaviour.engagement import Engagement
from patron.segments.behaviour.rising import Rising, hold_list
from patron.segments.behaviour.watching import ahead_of, risk_of, signs_of
from patron.segments.rfm import rfm_scores
from patron.segments.tiers import tier_thresholds

MIDDLING_SPREAD: Final = 0.4
LISTED_SHARE: Final = 0.05


def taught(customers: Customers, horizon_days: int) -> tuple[FittedProcessValue, Engagement]:
    """The purchase process and the measure of engagement of a day's customers."""
    if not (customers.column("T") > 0).any():
        # Nobody was seen past a first day: there is no process to learn, and BG/NBD says so mildly.
        return bg_nbd_value(customers, horizon_days), Engagement.of(customers.columns)
    process = MBGNBDValue().fit(History(customers, (), horizon_days), 0)
    return process, Engagement.of(customers.columns)


def learnt_from(past: Past, plan: CutoffPlan, known_by: int) -> tuple[Alerts | None, float]:
    """Alerts and the spread of buyers' values, from all days whose future was known by this one.

    Alerts are of the horizon; the spread is of the days over which losses are measured.
    """
    lessons, spreads, days = [], [], measured_days(plan.horizon_days)
    for window in past.windows(plan.training_of(known_by), known_by):
        customers, brought = window.customers, window.customers.column("trailing_value")
        process, engagement = taught(customers, plan.horizon_days)
        lessons.append((signs_of(process, engagement, customers, plan.horizon_days), brought, window.future_value))
        told = process.predict(customers).expected_value
        usual, expected, no_purchase, _ = ahead_of(process, customers, told, plan.horizon_days, days)
        lost = float(realised_loss(usual, past.early[customers.as_of_day, known_by]).sum())
        spreads.append(fitted_spread(usual, expected, no_purchase, lost))
    return learn_alerts(lessons), float(np.mean(spreads)) if spreads else MIDDLING_SPREAD


def measure_behaviour(run: Run, plan: CutoffPlan, past: Past) -> dict[str, Any] | None:  # Any: plain data
    """On the newest past day, by what was known then: alerts' precision, and lists beside RFM's; None without such a day."""
    if not plan.tests or not run.warehouse.exists(*PAST_VALUES):
        return None
    day = plan.tests[0]
    window = past.window(day, plan.now)
    customers, brought = window.customers, window.customers.column("trailing_value")
    expected = _expected(run, customers)
    if expected is None:
        return None
    process, engagement = taught(customers, plan.horizon_days)
    alerts, spread = learnt_from(past, plan, day)
    signs = signs_of(process, engagement, customers, plan.horizon_days)
    days = measured_days(plan.horizon_days)
    risk = risk_of(process, customers, expected, plan.horizon_days, spread, days)
    usual = usual_value(brought, plan.horizon_days, days)
    thresholds = tier_thresholds(brought, run.settings.segments)
    flags = Rising.of(brought, expected, thresholds).flags(brought, expected)
    bought = window.future_orders > 0
    return {
        "day": day,
        "customers": len(customers),
        "alerts": [asdict(row) for row in measure_alerts(alerts, signs, brought, window.future_value)]
        if alerts
        else [],
        "engagement_rank": _rank(signs.engagement, bought),
        "rising": _rising(customers, flags, thresholds.places(brought) > 0, window),
        "at_risk": {"days": days, **_lost(customers, risk, realised_loss(usual, past.early[day, plan.now]))},
    }


def _expected(run: Run, customers: Customers) -> Floats | None:
    """What the champion expected on that day, in the order of these customers."""
    rows = run.warehouse.fetch(run.warehouse.table(*PAST_VALUES))
    rows = rows.filter(pc.equal(rows["as_of_day"], customers.as_of_day)).sort_by("customer_id")
    wanted = pa.array(customers.customer_id, rows.schema.field("customer_id").type)
    if len(rows) != len(customers) or not rows["customer_id"].combine_chunks().equals(wanted):
        return None
    return np.asarray(rows["expected_value"].to_numpy(), dtype=np.float64)


def _rank(engagement: Floats, bought: Flags) -> float | None:
    """The rank correlation of engagement with a purchase in the horizon after; None where all or nobody bought."""
    return None if bought.all() or not bought.any() else float(spearmanr(engagement, bought).statistic)


def _rising(
    customers: Customers, flags: Flags, below: Flags, window: Window
) -> dict[str, Any] | None:  # Any: plain data
    """The rising beside as many drawn by the sum of RFM scores: what each brought, and how much more than before."""
    rank = np.sum(_scores(customers), axis=0)
    value = hold_list(flags, below, rank, window.future_value)
    gain = hold_list(flags, below, rank, window.future_value - customers.column("trailing_value"))
    return {"value": asdict(value), "gain": asdict(gain), "beats_rfm": value.beats_rfm} if value and gain else None


def _lost(customers: Customers, risk: AtRisk, lost: Floats) -> dict[str, Any]:  # Any: plain data
    """The loss expected and the one that came, and the list of those with most to save beside RFM's At Risk and Cannot Lose."""
    recency, frequency, monetary = _scores(customers)
    slipping = np.where((recency <= 3) & (frequency >= 3), 10.0 * monetary + frequency + (5 - recency) / 10, -1.0)
    size = max(1, round(LISTED_SHARE * len(customers)))
    listed = np.zeros(len(customers), dtype=np.bool_)
    listed[np.argsort(-risk.savable, kind="stable")[:size]] = True
    held = hold_list(listed, np.ones(len(customers), dtype=np.bool_), slipping, lost)
    expected, tail = risk.total()
    return {
        "expected": expected,
        "tail": tail,
        "came": float(lost.sum()),
        "within_tail": float(np.mean(lost <= risk.tail + 1e-9)),
        "list": asdict(held) if held else None,
        "beats_rfm": held.beats_rfm if held else None,
    }


def _scores(customers: Customers) -> tuple[Floats, ...]:
    columns = (customers.column(name) for name in ("days_since_last_purchase", "orders", "historic_value"))
    return tuple(score.astype(np.float64) for score in rfm_scores(*columns))
