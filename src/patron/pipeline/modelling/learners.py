"""The customers of today whom a champion learns from: all of them, or the backtest's sample beside counts of everybody."""

from __future__ import annotations

from patron.models.customers import Customers
from patron.models.valuing.activity import INPUTS
from patron.pipeline.modelling.describe import sample_of
from patron.pipeline.step import Run
from patron.scores.views import customers_of


def learners(run: Run, today: int) -> Customers:
    """Today's customers, at most ``models.sample_customers``; of more, purchase processes still learn from everybody."""
    features = run.warehouse.table("gold", "customer_features")
    sample = sample_of(run, run.warehouse.count("gold", "customer_features"))
    if sample is None:
        return customers_of(run.warehouse.fetch(features), today)
    chosen = features.semi_join(sample, "customer_id")
    drawn = customers_of(run.warehouse.fetch(chosen), today)
    # Summed up where the rows live: everybody with the same purchases becomes one row.
    alike = run.warehouse.fetch(features.group_by(*INPUTS).aggregate(weight=features.count()).order_by(*INPUTS))
    counted = {name: alike[name].to_numpy().astype(float) for name in (*INPUTS, "weight")}
    return Customers(today, drawn.customer_id, drawn.columns, counted)
