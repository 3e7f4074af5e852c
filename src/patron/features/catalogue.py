"""Every feature, declared once: its name, formula, unit, window, and what must be mapped for it.

Words used in formulas. *Known*: the row's visible day is on or before the cutoff. *Purchase*: an order
with at least one line above zero that is no refund. *Purchase day*: a day with a purchase. *Net*: value
under the value contract, refunds included. *Gross*: the same of purchases alone. *Paid*: their amount.
H is the horizon. A feature that cannot be said (the mean gap of one purchase) is missing, not zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from patron.features import beside_purchases
from patron.features.feature import EVER, Feature, Needs, columns_of, is_met

WINDOWS: Final = (30, 90, 180, 365)
TREND_WINDOWS: Final = (90, 180, 365)
HORIZON: Final = "last H days"


def available_features(present: Mapping[str, frozenset[str]]) -> tuple[Feature, ...]:
    """The features that these mapped columns allow; the others are absent, never zero."""
    return tuple(feature for feature in FEATURES if is_met(feature.needs, present))


CATEGORY: Final[Needs] = (("transactions.category",), ("transactions.product_id", "products.category"))
_QUANTITY: Final = columns_of("transactions", "quantity")
_DISCOUNT: Final = columns_of("transactions", "discount")
_PRODUCT: Final = columns_of("transactions", "product_id")
_BRANCH: Final = columns_of("transactions", "branch_id")
_CHANNEL: Final = columns_of("transactions", "channel")

_RFM = (
    Feature("frequency", "purchase_days − 1, at least 0", "days", EVER, "rfm", "repeat purchase days"),
    Feature("recency", "last_day − first_day", "days", EVER, "rfm", "from the first purchase day to the last"),
    Feature("T", "cutoff − first_day", "days", EVER, "rfm", "age as a customer"),
    Feature(
        "monetary_value",
        "(gross − gross of the first purchase day) / frequency; 0 when frequency is 0",
        "money",
        EVER,
        "rfm",
        "mean worth of a repeat purchase day",
    ),
    Feature("orders", "number of orders with a purchase", "orders", EVER, "rfm", "how often, counted in orders"),
    Feature("purchase_days", "number of purchase days", "days", EVER, "rfm", "how often, counted in days"),
    Feature("historic_value", "Σ net", "money", EVER, "rfm", "value so far"),
    Feature("gross_value", "Σ gross", "money", EVER, "rfm", "value so far before refunds"),
    Feature(
        "days_since_last_purchase",
        "cutoff − last_day",
        "days",
        EVER,
        "rfm",
        "how long ago the last purchase was; without one, T",
    ),
    Feature(
        "first_day",
        "first purchase day; without one, the first known day",
        "day number",
        EVER,
        "rfm",
        "when it began, in days since 1970-01-01",
    ),
    Feature(
        "last_day",
        "last purchase day; without one, the first known day",
        "day number",
        EVER,
        "rfm",
        "the latest purchase, in days since 1970-01-01",
    ),
)
_GAPS = (
    Feature("mean_gap", "recency / frequency", "days", EVER, "gaps", "usual time between purchase days"),
    Feature(
        "std_gap",
        "sample standard deviation of the gaps between purchase days; from 2 gaps on",
        "days",
        EVER,
        "gaps",
        "how irregular the gaps are",
    ),
    Feature("gap_variation", "std_gap / mean_gap", "ratio", EVER, "gaps", "irregularity free of pace"),
    Feature("max_gap", "longest gap between purchase days", "days", EVER, "gaps", "the longest pause so far"),
    Feature("last_gap", "last purchase day − the one before", "days", EVER, "gaps", "the latest pause"),
    Feature(
        "gap_ratio",
        "days_since_last_purchase / mean_gap",
        "ratio",
        EVER,
        "gaps",
        "today's pause in usual gaps; above 1 is later than usual",
    ),
)
_WINDOWED = tuple(
    feature
    for days in WINDOWS
    for feature in (
        Feature(f"value_{days}d", "Σ net", "money", f"last {days} days", "trend", f"value in the last {days} days"),
        Feature(
            f"orders_{days}d",
            "number of orders with a purchase",
            "orders",
            f"last {days} days",
            "trend",
            f"orders in the last {days} days",
        ),
    )
)
_TREND = (
    Feature("trailing_value", "Σ net", "money", HORIZON, "trend", "value over one horizon back"),
    Feature(
        "trailing_orders",
        "number of orders with a purchase",
        "orders",
        HORIZON,
        "trend",
        "orders over one horizon back",
    ),
    *_WINDOWED,
    Feature(
        "value_trend_90d",
        "gross of the last 90 days / gross of the last 180",
        "share",
        "last 180 days",
        "trend",
        "half is steady; more is rising",
    ),
    Feature(
        "value_trend_365d",
        "gross of the last 180 days / gross of the last 365",
        "share",
        "last 365 days",
        "trend",
        "half is steady; more is rising",
    ),
    Feature(
        "orders_trend_90d",
        "orders_90d / orders_180d",
        "share",
        "last 180 days",
        "trend",
        "half is steady; more is rising",
    ),
    Feature(
        "orders_trend_365d",
        "orders_180d / orders_365d",
        "share",
        "last 365 days",
        "trend",
        "half is steady; more is rising",
    ),
    Feature(
        "orders_pace_90d",
        "(orders_90d / min(90, T + 1)) / (orders / (T + 1))",
        "ratio",
        "last 90 days, all history",
        "trend",
        "pace of the last 90 days against the pace so far",
    ),
)
_BASKET = (
    Feature("mean_order_value", "gross_value / orders", "money", EVER, "basket", "usual size of an order"),
    Feature("max_order_value", "largest gross of one order", "money", EVER, "basket", "the largest order"),
    Feature(
        "first_day_value", "Σ gross of the first purchase day", "money", EVER, "basket", "what the first day brought"
    ),
    Feature("lines_per_order", "purchase lines / orders", "lines", EVER, "basket", "lines on a usual receipt"),
    Feature("items_per_order", "pieces bought / orders", "pieces", EVER, "basket", "pieces in an order", _QUANTITY),
    Feature("mean_item_value", "gross_value / pieces bought", "money", EVER, "basket", "usual price level", _QUANTITY),
)
_BREADTH = (
    Feature("products", "number of distinct products bought", "products", EVER, "breadth", "variety", _PRODUCT),
    Feature(
        "products_per_order", "products / orders", "products", EVER, "breadth", "appetite for new products", _PRODUCT
    ),
    Feature("categories", "number of distinct categories bought", "categories", EVER, "breadth", "range", CATEGORY),
    Feature(
        "top_category_share",
        "paid in the largest category / paid",
        "share",
        EVER,
        "breadth",
        "how one-sided the purchases are",
        CATEGORY,
    ),
)
_REFUNDS = (
    Feature("refund_value", "Σ net of refund lines, at most 0", "money", EVER, "refunds", "money given back"),
    Feature("refund_lines", "number of refund lines", "lines", EVER, "refunds", "lines given back or cancelled"),
    Feature("refund_share", "−refund_value / gross_value", "share", EVER, "refunds", "share of value given back"),
    Feature(
        "days_since_last_refund", "cutoff − last day with a refund", "days", EVER, "refunds", "how fresh a refund is"
    ),
)
_PLACES = (
    Feature("branches", "number of distinct branches bought at", "branches", EVER, "places", "reach", _BRANCH),
    Feature(
        "main_branch_share",
        "paid at the largest branch / paid",
        "share",
        EVER,
        "places",
        "loyalty to one branch",
        _BRANCH,
    ),
    Feature("channels", "number of distinct channels bought through", "channels", EVER, "places", "reach", _CHANNEL),
    Feature(
        "main_channel_share",
        "paid through the largest channel / paid",
        "share",
        EVER,
        "places",
        "loyalty to one channel",
        _CHANNEL,
    ),
)
_SEASONS = (
    *(
        Feature(
            f"quarter_{number}_share",
            f"orders in quarter {number} of any year / orders",
            "share",
            EVER,
            "seasons",
            "when in the year purchases fall",
        )
        for number in (1, 2, 3, 4)
    ),
    Feature("weekend_share", "orders on Saturdays and Sundays / orders", "share", EVER, "seasons", "weekend shopper"),
    Feature(
        "same_season_value",
        "Σ net in (cutoff − 365, cutoff − 365 + H]; missing when first_day is after it",
        "money",
        "the coming H days, a year earlier",
        "seasons",
        "value in the season that the horizon covers, last year",
    ),
    Feature(
        "same_season_orders",
        "orders in (cutoff − 365, cutoff − 365 + H]; missing when first_day is after it",
        "orders",
        "the coming H days, a year earlier",
        "seasons",
        "orders in the season that the horizon covers, last year",
    ),
)
_COHORT = (
    Feature(
        "acquisition_month",
        "months from 1970-01 to the month of first_day",
        "month number",
        EVER,
        "cohort",
        "which monthly cohort the customer belongs to",
    ),
    Feature(
        "acquisition_season", "month of first_day, 1 to 12", "month", EVER, "cohort", "the season that won the customer"
    ),
    Feature(
        "days_since_acquired",
        "cutoff − acquired_on, where that is on or before the cutoff",
        "days",
        EVER,
        "cohort",
        "age as the customers table has it",
        columns_of("customers", "acquired_on"),
    ),
)
_DISCOUNTS = (
    Feature(
        "discount_share",
        "Σ discount / (paid + Σ discount)",
        "share",
        EVER,
        "discounts",
        "depth of discount enjoyed",
        _DISCOUNT,
    ),
    Feature(
        "discounted_lines_share",
        "purchase lines with a discount / purchase lines",
        "share",
        EVER,
        "discounts",
        "how often a discount was taken",
        _DISCOUNT,
    ),
)
FEATURES: Final[tuple[Feature, ...]] = (
    *_RFM,
    *_GAPS,
    *_TREND,
    *_BASKET,
    *_BREADTH,
    *_REFUNDS,
    *_PLACES,
    *_SEASONS,
    *_COHORT,
    *_DISCOUNTS,
    *beside_purchases.CAMPAIGNS,
    *beside_purchases.ENGAGEMENTS,
    *beside_purchases.REVIEWS,
    *beside_purchases.CONTRACTS,
)
