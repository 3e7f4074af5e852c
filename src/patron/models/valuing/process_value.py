"""The value models of buy-till-you-die: purchases of a process × Gamma-Gamma spend × what is kept after refunds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from patron.models.arrays import Floats
from patron.models.buying.gamma_gamma import FittedGammaGamma, GammaGamma
from patron.models.buying.mbg_nbd import MBGNBD, FittedMBGNBD
from patron.models.buying.pareto_nbd import FittedParetoNBD, ParetoNBD
from patron.models.customers import Customers, History, Prediction
from patron.models.valuing import activity
from patron.models.valuing.activity import (
    FittedActivity,
    as_json,
    fit_activity,
    plain_facts,
    stored_activity,
    summary_of,
    summary_to_learn_from,
)
from patron.models.valuing.once import once_per_table

FEWEST_REPEAT_BUYERS: Final = 30
PRIOR_PURCHASES: Final = 5.0
"""A customer's own refund share and orders per day count as much as everybody's after this many purchases."""


@dataclass(frozen=True)
class FittedProcessValue:
    """Purchase process, spend and the shop's ratios, for one horizon.

    ``spend`` is None with too few repeat buyers to see how spend spreads; then everybody's mean stands in.
    """

    activity: FittedActivity
    spend: FittedGammaGamma | None
    mean_spend: float
    kept_share: float
    mean_orders: float

    def predict(self, customers: Customers) -> Prediction:
        purchases = self.expected_purchase_days(customers)
        value = purchases * self.value_per_day(customers)
        return self.activity.prediction(customers, value, purchases * self.orders_per_day(customers))

    def expected_purchase_days(self, customers: Customers) -> Floats:
        """Days with a purchase, expected within the horizon."""
        return self.activity.process.expected_purchases(summary_of(customers), self.activity.horizon_days)

    def expected_spend(self, customers: Customers) -> Floats:
        """Gross value expected of each purchase day."""
        if self.spend is None:
            return np.full(len(customers), self.mean_spend)
        spend = self.spend.expected_spend(customers.column("frequency"), customers.column("monetary_value"))
        # With q ≤ 1 the model gives unknown customers an infinite mean; the mean that was seen is the sane answer.
        return np.where(np.isfinite(spend), spend, self.mean_spend)

    def value_per_day(self, customers: Customers) -> Floats:
        """Net value expected of each purchase day."""
        return self.expected_spend(customers) * self._kept(customers)

    def orders_per_day(self, customers: Customers) -> Floats:
        """Orders expected of each purchase day: the customer's own number, shrunk towards everybody's; at least 1."""
        orders = customers.column("orders") + PRIOR_PURCHASES * self.mean_orders
        return np.maximum(orders / (customers.column("purchase_days") + PRIOR_PURCHASES), 1.0)

    def artifacts(self) -> dict[str, bytes]:
        spend = None if self.spend is None else self.spend.to_dict()
        ratios = {
            "model": self.activity.process.NAME,
            "horizon_days": self.activity.horizon_days,
            "mean_spend": self.mean_spend,
            "kept_share": self.kept_share,
            "orders_per_day": self.mean_orders,
        }
        return {"value.json": as_json(ratios), "gamma_gamma.json": as_json(spend)} | self.activity.artifact()

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes], process: str, also: str = "") -> FittedProcessValue:
        """The model of this process that ``artifacts`` wrote; DataError when the files hold something else.

        ``also`` names another process filed beside it, with the same spend and ratios, to be read in its place.
        """
        facts = plain_facts(files, "value.json", process)
        spend = json.loads(files["gamma_gamma.json"])
        return cls(
            activity=stored_activity(files, facts["horizon_days"], also or process),
            spend=None if spend is None else FittedGammaGamma.from_dict(spend),
            mean_spend=facts["mean_spend"],
            kept_share=facts["kept_share"],
            mean_orders=facts["orders_per_day"],
        )

    def _kept(self, customers: Customers) -> Floats:
        """The share of gross value that is kept after refunds: the customer's own, shrunk towards everybody's.

        A huge order that was cancelled leaves its customer a large mean spend, but next to nothing kept.
        """
        gross = np.maximum(customers.column("gross_value"), 0.0)
        prior = PRIOR_PURCHASES * self.mean_spend
        net = customers.column("historic_value") + prior * self.kept_share
        return np.clip(net / np.maximum(gross + prior, 1e-12), 0.0, 1.0)


INPUTS: Final = (*activity.INPUTS, "monetary_value", "historic_value", "gross_value", "orders", "purchase_days")


@dataclass(frozen=True)
class BGNBDValue:
    """Learns from the customers at the cutoff alone; earlier windows are not needed."""

    name: str = "bg_nbd"
    title: str = "Buy till you die: BG/NBD purchases, Gamma-Gamma spend"
    complexity: int = 1
    inputs: tuple[str, ...] = INPUTS

    def fit(self, history: History, seed: int) -> FittedProcessValue:  # noqa: ARG002 - nothing random
        return bg_nbd_value(history.now, history.horizon_days)


@dataclass(frozen=True)
class ParetoNBDValue:
    """Pareto/NBD in place of BG/NBD: who bought once and stayed away has probably left."""

    name: str = "pareto_nbd"
    title: str = "Buy till you die: Pareto/NBD purchases, Gamma-Gamma spend"
    complexity: int = 1
    inputs: tuple[str, ...] = INPUTS

    def fit(self, history: History, seed: int) -> FittedProcessValue:  # noqa: ARG002 - nothing random
        """Raises DataError when there are no customers or none was observed past its first day."""
        return pareto_nbd_value(history.now, history.horizon_days)


@dataclass(frozen=True)
class MBGNBDValue:
    """MBG/NBD in place of BG/NBD: customers may leave right after their first purchase too."""

    name: str = "mbg_nbd"
    title: str = "Buy till you die: MBG/NBD purchases, Gamma-Gamma spend"
    complexity: int = 1
    inputs: tuple[str, ...] = INPUTS

    def fit(self, history: History, seed: int) -> FittedProcessValue:  # noqa: ARG002 - nothing random
        """Raises DataError when there are no customers or none was observed past its first day."""
        return _with_spend(FittedActivity(_mbg_nbd(history.now), history.horizon_days), history.now)


def bg_nbd_value(customers: Customers, horizon_days: int) -> FittedProcessValue:
    """Value by BG/NBD and Gamma-Gamma over so many days, fitted to these customers."""
    return _with_spend(fit_activity(customers, horizon_days), customers)


def pareto_nbd_value(customers: Customers, horizon_days: int) -> FittedProcessValue:
    """Value by Pareto/NBD and Gamma-Gamma over so many days, fitted to these customers."""
    return _with_spend(FittedActivity(_pareto_nbd(customers), horizon_days), customers)


def _with_spend(process: FittedActivity, customers: Customers) -> FittedProcessValue:
    gross, days = float(customers.column("gross_value").sum()), float(customers.column("purchase_days").sum())
    kept = float(customers.column("historic_value").sum()) / gross if gross > 0 else 1.0
    return FittedProcessValue(
        activity=process,
        spend=_fit_spend(customers),
        mean_spend=max(gross / days, 0.0) if days > 0 else 0.0,
        kept_share=float(np.clip(kept, 0.0, 1.0)),
        mean_orders=max(float(customers.column("orders").sum()) / days, 1.0) if days > 0 else 1.0,
    )


@once_per_table
def _mbg_nbd(customers: Customers) -> FittedMBGNBD:
    return MBGNBD().fit(summary_to_learn_from(customers))


@once_per_table
def _pareto_nbd(customers: Customers) -> FittedParetoNBD:
    return ParetoNBD().fit(summary_to_learn_from(customers))


@once_per_table
def _fit_spend(customers: Customers) -> FittedGammaGamma | None:
    frequency, spend = customers.column("frequency"), np.maximum(customers.column("monetary_value"), 0.0)
    repeat = (frequency > 0) & (spend > 0)
    return GammaGamma().fit(frequency[repeat], spend[repeat]) if repeat.sum() >= FEWEST_REPEAT_BUYERS else None
