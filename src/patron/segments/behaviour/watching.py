"""Behaviour told where the rows live: a function of one batch of scored customers, which holds what was learnt and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patron.models.customers import Customers
from patron.models.valuing.activity import summary_of
from patron.models.valuing.process_value import FittedProcessValue
from patron.scores.views import numbered
from patron.segments.behaviour.alerts import CALM, Alerts, Signs, alert_levels
from patron.segments.behaviour.at_risk import DAYS, AtRisk, at_risk, usual_value
from patron.segments.behaviour.engagement import POINTS, Engagement
from patron.segments.behaviour.rising import Rising

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

WATCHED: Final = pa.schema(
    [
        ("customer_id", pa.string()),
        ("as_of", pa.date32()),
        ("churn_chance", pa.float64()),
        ("engagement", pa.float64()),
        *((f"engagement_{part}", pa.float64()) for part in POINTS),
        ("alert", pa.string()),
        ("alert_chance", pa.float64()),
        ("alert_because", pa.string()),
        ("usual_value", pa.float64()),
        ("value_at_risk", pa.float64()),
        ("value_at_risk_tail", pa.float64()),
        ("savable_value", pa.float64()),
        ("rising", pa.bool_()),
        ("potential", pa.float64()),
        # What the total's tail is summed from; it is no column of the behaviour.
        ("loss_variance", pa.float64()),
    ]
)
"""Behaviour as it is made batch by batch: ``tables.BEHAVIOUR``, and the variance of each loss."""


@dataclass(frozen=True, eq=False)
class Watching:
    """Makes rows of ``WATCHED`` of any batch of scored customers; it can be pickled.

    ``process`` says of each customer whether they are still there and whether they buy; ``begins`` are the chances from
    which the levels of alerts begin.
    """

    process: FittedProcessValue
    engagement: Engagement
    alerts: Alerts | None
    begins: tuple[float, ...]
    spread: float
    rising: Rising
    as_of_day: int
    horizon_days: int

    def __call__(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        customers = numbered(rows, self.as_of_day)
        parts = self.engagement.parts(customers.columns)
        signs = signs_of(self.process, self.engagement, customers, self.horizon_days)
        expected, brought = customers.column("expected_value"), customers.column("trailing_value")
        risk = risk_of(self.process, customers, expected, self.horizon_days, self.spread)
        chances = self.alerts.chances(signs) if self.alerts else np.full(len(customers), np.nan)
        levels = alert_levels(np.nan_to_num(chances, nan=-1.0), brought > 0, self.begins)
        made: dict[str, object] = {
            "customer_id": rows.column("customer_id").cast(pa.string()),
            "as_of": rows.column("as_of").cast(pa.date32()),
            "churn_chance": customers.column("probability_no_purchase"),
            "engagement": np.round(sum(parts.values()), 2),
            **{f"engagement_{part}": parts.get(part) for part in POINTS},
            "alert": levels,
            "alert_chance": pa.array(np.round(chances, 6), from_pandas=True),
            "alert_because": self._because(customers, signs, levels != CALM),
            "usual_value": _money(risk.usual),
            "value_at_risk": _money(risk.expected),
            "value_at_risk_tail": _money(risk.tail),
            "savable_value": _money(risk.savable),
            "rising": self.rising.flags(brought, expected),
            "potential": _money(expected - brought),
            "loss_variance": risk.variance,
        }
        return pa.RecordBatch.from_arrays(
            [_array(made[field.name], field.type, len(customers)) for field in WATCHED], schema=WATCHED
        )

    def _because(self, customers: Customers, signs: Signs, alerted: NDArray[np.bool_]) -> Texts:
        told = np.full(len(customers), None, dtype=object)
        days = np.nan_to_num(customers.column("days_since_last_purchase"))
        churn = customers.column("probability_no_purchase")
        usual = self.engagement.rhythm.own_gap(customers.columns)
        for row in np.flatnonzero(alerted):
            told[row] = (
                f"The last purchase was {_days(days[row])} ago, {signs.pauses[row]:.1f} times the usual pause of "
                f"{_days(usual[row])}; engagement is {signs.engagement[row]:.0f} of 100, and the chance of no purchase {_chance(churn[row])}."
            )
        return told


def signs_of(process: FittedProcessValue, engagement: Engagement, customers: Customers, horizon_days: int) -> Signs:
    """What alerts are told from, of each customer."""
    no_purchase = process.activity.process.probability_no_purchase(summary_of(customers), horizon_days)
    pauses = engagement.rhythm.pauses(customers.columns)
    return Signs(np.asarray(no_purchase), pauses, engagement.score(customers.columns))


def risk_of(
    process: FittedProcessValue,
    customers: Customers,
    expected_value: Floats,
    horizon_days: int,
    spread: float,
    days: int = DAYS,
) -> AtRisk:
    """Value at risk over so many days; ``expected_value`` is of the horizon."""
    return at_risk(*ahead_of(process, customers, expected_value, horizon_days, days), spread)


def ahead_of(
    process: FittedProcessValue, customers: Customers, expected_value: Floats, horizon_days: int, days: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Of so many days: the usual value, the expected one, and the chance of no purchase; and that of being active today.

    ``expected_value`` is of the horizon and counts in proportion.
    """
    summary = summary_of(customers)
    lost = np.asarray(process.activity.process.probability_no_purchase(summary, days))
    alive = np.maximum(np.asarray(process.activity.process.probability_alive(summary)), 1 - lost)
    usual = usual_value(customers.column("trailing_value"), horizon_days, days)
    return usual, expected_value * days / horizon_days, lost, alive


def _days(days: float) -> str:
    whole = max(0, round(days))
    return "1 day" if whole == 1 else f"{whole} days"


def _chance(chance: float) -> str:
    return "over 99%" if 0.995 <= chance < 1 else "under 1%" if 0 < chance < 0.005 else f"{chance:.0%}"


def _money(values: Floats) -> Floats:
    return np.asarray(np.round(values, 4) + 0.0, dtype=np.float64)


def _array(values: object, kind: pa.DataType, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, kind)
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)
