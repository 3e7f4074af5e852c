"""What the steps make in Python rather than by a query, column by column, and from which columns: declarations that tests prove."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from patron.models.valuing.activity import INPUTS as ACTIVITY
from patron.origins import How, Made

FEATURES: Final = "gold.customer_features"
PAST: Final = "work.past_features"
_OUTCOMES: Final = ("work.past_outcomes.future_value", "work.past_outcomes.future_orders")
_MODELS: Final = ("setting.models.seed", "setting.models.sample_customers")
_CONTEST: Final = ("candidates", "metric", "max_bias", "folds", "seed")


def described() -> tuple[Made, ...]:
    """work.facts of the step ``describe``."""
    days = ("work.order_parts.occurred_day", "work.order_parts.visible_day")
    return (
        Made("span", "computed", (*days, "setting.as_of"), "first day of history, and the day to score as of"),
        Made(
            "horizon", "computed", ("work.facts.span", "setting.value.horizon"), "days ahead; auto: what history proves"
        ),
        Made(
            "plan",
            "computed",
            ("work.facts.span", "work.facts.horizon", "setting.models.folds"),
            "the days as of which customers are described",
        ),
    )


def drawn() -> tuple[Made, ...]:
    """work.sample_customers, where there are more customers than the backtest takes."""
    sources = ("work.customer_keys.customer_id", *_MODELS)
    return (
        Made("customer_id", "copied", sources[:1], "drawn by chance"),
        Made("customer_id", "filtered", sources[1:], ""),
    )


def contested(features: Iterable[str]) -> tuple[Made, ...]:
    """work.facts of the step ``backtest``, given all features."""
    learnt = (*(f"{PAST}.{name}" for name in features), *_OUTCOMES, "work.facts.plan", "work.facts.span")
    told = (*learnt, *(f"setting.models.{name}" for name in _CONTEST), f"{FEATURES}.frequency")
    return (
        Made("contest", "learnt", told, "which model wins on the past"),
        Made("intervals", "learnt", told, "how far off the champion was, by predicted value"),
        Made("totals_by_fold", "learnt", told, "predicted and actual total at each past day"),
    )


def scored(inputs: Sequence[str]) -> tuple[Made, ...]:
    """gold.scores, given the features that the champion reads."""
    now = tuple(f"{FEATURES}.{name}" for name in inputs)
    past = (*(f"{PAST}.{name}" for name in inputs), *_OUTCOMES)
    learnt = (*now, *past, "work.facts.contest", "work.facts.plan", "setting.models.seed")
    bounds = (*learnt, "work.facts.intervals", f"{FEATURES}.historic_value")
    certain = ("gold.scores.expected_value", "gold.scores.value_low", "gold.scores.value_high", "work.facts.intervals")
    total = ("gold.scores.historic_value", "gold.scores.expected_value")
    return (
        Made("customer_id", "copied", (f"{FEATURES}.customer_id",), ""),
        Made("as_of", "computed", ("work.facts.plan",), "the day as of which everything is known"),
        Made("horizon_days", "copied", ("work.facts.plan",), ""),
        Made("expected_orders", "learnt", learnt, "what the champion expects"),
        Made("expected_value", "learnt", learnt, "what the champion expects"),
        Made(
            "value_low",
            "learnt",
            bounds,
            "the champion's errors on the past, below; without any, the model's own bounds",
        ),
        Made(
            "value_high",
            "learnt",
            bounds,
            "the champion's errors on the past, above; without any, the model's own bounds",
        ),
        Made("probability_alive", "learnt", learnt, "what the champion expects"),
        Made("probability_no_purchase", "learnt", learnt, "what the champion expects"),
        Made("historic_value", "computed", (f"{FEATURES}.historic_value",), "rounded to a ten-thousandth"),
        Made("total_value", "computed", total, "historic_value + expected_value"),
        Made("next_purchase_from", "learnt", learnt, "as_of + the days within which one in ten buys"),
        Made("next_purchase_to", "learnt", learnt, "as_of + the days within which nine in ten buy"),
        Made(
            "confidence",
            "computed",
            certain,
            "how wide the interval is beside what is expected; low without a backtest",
        ),
        Made("model", "copied", ("work.facts.contest",), "the champion"),
    )


def kept(inputs: Sequence[str]) -> tuple[Made, ...]:
    """work.artifacts, given the features that the champion reads."""
    (learnt,) = (made.sources for made in scored(inputs) if made.column == "expected_value")
    return (
        Made("name", "computed", ("work.facts.contest",), "the file that the model is kept in"),
        Made("body", "learnt", learnt, "the fitted model"),
    )


def forecast_months(revenue: Sequence[str], newcomers: Sequence[str], nobody: Sequence[str]) -> tuple[Made, ...]:
    """gold.forecast, given what revenue by cohort, newcomers by month and revenue of nobody are made from."""
    plan = ("work.facts.plan",)
    history = _each(revenue, newcomers, nobody, plan)
    values = _each(history, _customers(FEATURES), ("gold.scores.expected_value",))
    past = _each(values, _customers(PAST), ("work.facts.totals_by_fold",))
    views = ("gold.forecast.bottom_up", "gold.forecast.top_down")
    how: How = "learnt"
    return (
        Made("month", "computed", plan, "the months that the horizon touches"),
        Made("expected", how, _each(views, past), "both views, weighted by how they did on the past"),
        Made("low", how, _each(views, past), "how far off both views together were on the past, below"),
        Made("high", how, _each(views, past), "how far off both views together were on the past, above"),
        Made("so_far", "computed", history, "revenue of the month that has begun"),
        Made("bottom_up", how, values, "expected values by the month in which purchases are expected, and newcomers"),
        Made("top_down", how, history, "the monthly series carried on"),
        Made("anonymous", how, past, "the part that names no customer"),
    )


def forecast_cohorts(revenue: Sequence[str], newcomers: Sequence[str], nobody: Sequence[str]) -> tuple[Made, ...]:
    """gold.forecast_cohorts, given the same."""
    cohort = ("work.facts.plan", f"{FEATURES}.first_day")
    values = _each(revenue, newcomers, nobody, _customers(FEATURES), _customers(PAST))
    values = _each(values, ("gold.scores.expected_value", "work.facts.totals_by_fold", "work.facts.plan"))
    return (
        Made("cohort", "computed", cohort, "the month in which they came, or will come"),
        Made("month", "computed", ("work.facts.plan",), "the months that the horizon touches"),
        Made("customers", "computed", _each(newcomers, cohort), "counted, or as many as came per day of late"),
        Made("expected", "learnt", values, "the customers' part of the forecast"),
    )


def _customers(table: str) -> tuple[str, ...]:
    return (f"{table}.first_day", *(f"{table}.{name}" for name in ACTIVITY))


def _each(*groups: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source for group in groups for source in group))
