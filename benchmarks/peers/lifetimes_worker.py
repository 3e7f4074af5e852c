"""lifetimes 0.11.3, in its own environment."""

from __future__ import annotations

import warnings

warnings.simplefilter("ignore")

import pandas as pd  # noqa: E402
from lifetimes import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter  # noqa: E402
from measuring import TIMES, asked, customers_of, seconds, tell  # noqa: E402


def purchases(path: str, most: int | None = None) -> tuple[dict[str, float], dict[str, float]]:
    columns = {name: pd.Series(values) for name, values in customers_of(path, most).items()}
    x, t_x, T, m = (columns[name] for name in ("frequency", "recency", "T", "monetary_value"))
    process, spend, buyers = BetaGeoFitter(), GammaGammaFitter(), m > 0

    def activity() -> None:
        process.conditional_probability_alive(x, t_x, T)
        process.conditional_expected_number_of_purchases_up_to_time(52.0, x, t_x, T)

    def value() -> object:
        return spend.customer_lifetime_value(process, x, t_x, T, m, time=12, discount_rate=0.01, freq="W")

    took = {
        "fit BG/NBD": seconds(lambda: process.fit(x, t_x, T), TIMES),
        "fit Gamma-Gamma": seconds(lambda: spend.fit(x[buyers], m[buyers]), TIMES),
        "activity and purchases": seconds(activity, TIMES),
        "12-month value": seconds(value, TIMES),
    }
    return took, {**process.params_.to_dict(), **spend.params_.to_dict()}


def pareto(path: str, most: int | None = None) -> tuple[dict[str, float], dict[str, float]]:
    columns = {name: pd.Series(values) for name, values in customers_of(path, most).items()}
    process = ParetoNBDFitter()
    took = seconds(lambda: process.fit(columns["frequency"], columns["recency"], columns["T"]))
    return {"fit Pareto/NBD": took}, process.params_.to_dict()


if __name__ == "__main__":
    task, path = asked()
    run = {"purchases": purchases, "pareto": pareto}[task]
    run(path, 2_000)
    took, params = run(path)
    tell(seconds=took, params={name: round(float(value), 5) for name, value in params.items()})
