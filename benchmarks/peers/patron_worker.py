"""Patron's own models, measured like any other contestant."""

from __future__ import annotations

import numpy as np
from measuring import TIMES, asked, customers_of, seconds, tell

from patron.models import BGNBD, GammaGamma, ParetoNBD, Summary
from patron.models.buying.fitted import Fitted
from patron.models.buying.lifetime_value import lifetime_value
from patron.models.buying.live import LiveValue

WEEKS, YEARLY_RATE = 52.0, 1.01**12 - 1
Answer = tuple[dict[str, float], dict[str, float]]


def purchases(path: str, most: int | None = None) -> Answer:
    columns = customers_of(path, most)
    found: dict[str, Fitted] = {}
    m = columns["monetary_value"]
    buyers = m > 0

    # One for each time a step is done, made before the clock starts as the peers' tables are: what a summary was asked
    # before is not computed again. Only the fit makes its own, since checking the columns belongs to it.
    unasked = [Summary(**columns, unit="week") for _ in range(2 * TIMES)]

    def fit_purchases() -> None:
        found["process"] = BGNBD().fit(Summary(**columns, unit="week"))

    def fit_spend() -> None:
        found["spend"] = GammaGamma().fit(columns["frequency"][buyers], m[buyers])

    took = {"fit BG/NBD": seconds(fit_purchases, TIMES), "fit Gamma-Gamma": seconds(fit_spend, TIMES)}
    process, spend = found["process"], found["spend"]

    def activity() -> None:
        customers = unasked.pop()
        process.probability_alive(customers)  # type: ignore[attr-defined]
        process.expected_purchases(customers, WEEKS)  # type: ignore[attr-defined]

    took["activity and purchases"] = seconds(activity, TIMES)
    took["12-month value"] = seconds(lambda: lifetime_value(process, spend, unasked.pop(), WEEKS, YEARLY_RATE), TIMES)  # type: ignore[arg-type]
    return took, {**process.params, **spend.params}


def pareto(path: str, most: int | None = None) -> Answer:
    columns = customers_of(path, most)
    found = []
    took = seconds(lambda: found.append(ParetoNBD().fit(Summary(**columns, unit="week"))))
    return {"fit Pareto/NBD": took}, dict(found[-1].params)


def collapsed(path: str) -> None:
    columns = customers_of(path)
    del columns["monetary_value"]
    rows = Summary(**columns, unit="week").collapse()
    found = []
    took = seconds(lambda: found.append(BGNBD().fit(rows)), times=5)
    tell(seconds={"fit BG/NBD": took}, rows=len(rows), params=dict(found[-1].params))


def live(path: str) -> None:
    columns = customers_of(path)
    summary = Summary(**columns, unit="week")
    process = BGNBD().fit(summary)
    repeat = columns["monetary_value"] > 0
    spend = GammaGamma().fit(columns["frequency"][repeat], columns["monetary_value"][repeat])
    value_of = LiveValue(process, spend, WEEKS, YEARLY_RATE)
    customers = [
        tuple(map(float, row))
        for row in np.column_stack([columns[name] for name in ("frequency", "recency", "T", "monetary_value")])
    ]

    def all_of_them() -> None:
        for customer in customers:
            value_of(*customer)

    tell(microseconds=seconds(all_of_them, times=3) / len(customers) * 1e6)


if __name__ == "__main__":
    task, path = asked()
    if task in ("collapsed", "live"):
        {"collapsed": collapsed, "live": live}[task](path)
    else:
        run = {"purchases": purchases, "pareto": pareto}[task]
        run(path, 2_000)
        took, params = run(path)
        tell(seconds=took, params={name: round(value, 5) for name, value in params.items()})
