"""pymc-marketing 1.3.0 (maximum a posteriori), in its own environment."""

from __future__ import annotations

import logging
import warnings

warnings.simplefilter("ignore")

import pandas as pd  # noqa: E402
from measuring import TIMES, asked, customers_of, seconds, tell  # noqa: E402
from pymc_marketing import clv  # noqa: E402

logging.disable(logging.CRITICAL)
MAP = {"method": "map", "progressbar": False}


def purchases(path: str, most: int | None = None) -> tuple[dict[str, float], dict[str, float]]:
    table = _table(path, most)
    process, spend = clv.BetaGeoModel(), clv.GammaGammaModel()
    buyers = table[table["monetary_value"] > 0]

    def activity() -> None:
        process.expected_probability_alive(table)
        process.expected_purchases(table, future_t=52.0)

    def value() -> object:
        return spend.expected_customer_lifetime_value(
            transaction_model=process, data=table, future_t=12, discount_rate=0.01, time_unit="W"
        )

    took = {
        "fit BG/NBD": seconds(lambda: process.fit(data=table, **MAP), TIMES),
        "fit Gamma-Gamma": seconds(lambda: spend.fit(data=buyers, **MAP), TIMES),
        "activity and purchases": seconds(activity, TIMES),
        "12-month value": seconds(value, TIMES),
    }
    return took, {**_params(process, ("r", "alpha", "a", "b")), **_params(spend, ("p", "q", "v"))}


def pareto(path: str, most: int | None = None) -> tuple[dict[str, float], dict[str, float]]:
    table = _table(path, most)
    process = clv.ParetoNBDModel()
    took = seconds(lambda: process.fit(data=table, **MAP), TIMES)
    return {"fit Pareto/NBD": took}, _params(process, ("r", "alpha", "s", "beta"))


def _table(path: str, most: int | None) -> pd.DataFrame:
    columns = customers_of(path, most)
    table = pd.DataFrame({"customer_id": range(len(columns["T"])), **columns})
    return table.astype({"frequency": int})


def _params(model: object, names: tuple[str, ...]) -> dict[str, float]:
    return {name: float(model.fit_result[name].mean()) for name in names}  # type: ignore[attr-defined]  # untyped peer


if __name__ == "__main__":
    task, path = asked()
    run = {"purchases": purchases, "pareto": pareto}[task]
    run(path, 2_000)
    took, params = run(path)
    tell(seconds=took, params={name: round(float(value), 5) for name, value in params.items()})
