"""The catalogue's formulas, over the sums of one customer at one cutoff.

Money and ratios become 64-bit floats here, as the last thing that happens to them. A ratio whose divisor
is zero cannot be said and is missing.
"""

from __future__ import annotations

from typing import Final

import ibis
import ibis.expr.types as ir

from patron.features.beside_purchases import ENGAGEMENT_WINDOWS
from patron.features.catalogue import WINDOWS
from patron.features.day_arithmetic import whole, year_and_month
from patron.features.engagement import KINDS_OF

SEASON_CYCLE_DAYS: Final = 365
Formulas = dict[str, ir.Value]


def formulas(sums: ir.Table, horizon_days: int) -> Formulas:
    """Each feature's formula by name, for the features whose sums are there; of ``with_ends(sums)``."""
    found = {
        **_rfm(sums),
        **_gaps(sums),
        **_windows(sums, horizon_days),
        **_trends(sums),
        **_basket(sums),
        **_refunds(sums),
        **_seasons(sums, horizon_days),
        **_cohort(sums),
    }
    for needed, family in _OPTIONAL.items():
        if needed in sums.columns:
            found |= family(sums)
    return found


def _real(number: ir.NumericColumn) -> ir.FloatingColumn:
    return number.cast("float64")


def _money(amount: ir.DecimalColumn) -> ir.FloatingColumn:
    """A sum of money as a float; a sum over nothing is zero."""
    return _real(amount).fill_null(0.0)


def _ratio(part: ir.NumericColumn, whole_of: ir.NumericColumn) -> ir.FloatingColumn:
    """The quotient as a float; missing where the divisor is zero or missing."""
    return _real(part) / _real(whole_of).nullif(0.0)


def with_ends(sums: ir.Table) -> ir.Table:
    """The sums with first_day, last_day and frequency; without a purchase, both days are the first known one."""
    return sums.mutate(
        first_day=ibis.coalesce(sums.first_purchase, sums.first_known),
        last_day=ibis.coalesce(sums.last_purchase, sums.first_known),
        frequency=ibis.greatest(sums.purchase_days - 1, 0).cast("int64"),
    )


def _rfm(sums: ir.Table) -> Formulas:
    repeat_gross = _real(sums.gross - sums.first_day_gross)
    return {
        "frequency": whole(sums.frequency),
        "recency": whole(sums.last_day - sums.first_day),
        "T": whole(sums.as_of_day - sums.first_day),
        "monetary_value": (sums.frequency > 0).ifelse(_ratio(repeat_gross, sums.frequency), 0.0),
        "orders": sums.orders,
        "purchase_days": sums.purchase_days,
        "historic_value": _money(sums.net),
        "gross_value": _money(sums.gross),
        "days_since_last_purchase": whole(sums.as_of_day - sums.last_day),
        "first_day": whole(sums.first_day),
        "last_day": whole(sums.last_day),
    }


def _gaps(sums: ir.Table) -> Formulas:
    span = whole(sums.last_day - sums.first_day)
    gaps = sums.frequency
    mean = _ratio(span, gaps)
    # n Σg² − (Σg)² in whole numbers: no rounding before the one division.
    spread = _real(gaps * sums.squared_gaps - span * span)
    std = (gaps >= 2).ifelse((spread / _real(gaps * (gaps - 1)).nullif(0.0)).sqrt(), ibis.null("float64"))
    return {
        "mean_gap": mean,
        "std_gap": std,
        "gap_variation": std / mean.nullif(0.0),
        "max_gap": (gaps >= 1).ifelse(whole(sums.longest_gap), ibis.null("int64")),
        "last_gap": whole(sums.last_purchase - sums.purchase_before_last),
        "gap_ratio": _ratio(sums.as_of_day - sums.last_day, mean),
    }


def _windows(sums: ir.Table, horizon_days: int) -> Formulas:
    names = [f"{days}d" for days in WINDOWS]
    values = {f"value_{name}": _money(sums[f"net_{name}"]) for name in names}
    orders = {f"orders_{name}": sums[f"orders_{name}"] for name in names}
    trailing = {
        "trailing_value": _money(sums[f"net_{horizon_days}d"]),
        "trailing_orders": sums[f"orders_{horizon_days}d"],
    }
    return {**values, **orders, **trailing}


def _trends(sums: ir.Table) -> Formulas:
    age = sums.as_of_day - sums.first_day + 1
    pace_now = _ratio(sums.orders_90d, ibis.least(age, 90))
    return {
        "value_trend_90d": _ratio(_money(sums.gross_90d), _money(sums.gross_180d)),
        "value_trend_365d": _ratio(_money(sums.gross_180d), _money(sums.gross_365d)),
        "orders_trend_90d": _ratio(sums.orders_90d, sums.orders_180d),
        "orders_trend_365d": _ratio(sums.orders_180d, sums.orders_365d),
        "orders_pace_90d": _ratio(pace_now, _ratio(sums.orders, age)),
    }


def _basket(sums: ir.Table) -> Formulas:
    return {
        "mean_order_value": _ratio(sums.gross, sums.orders),
        "max_order_value": _money(sums.largest_order),
        "first_day_value": _money(sums.first_day_gross),
        "lines_per_order": _ratio(sums.lines, sums.orders),
    }


def _refunds(sums: ir.Table) -> Formulas:
    return {
        "refund_value": _money(sums.refund),
        "refund_lines": sums.refund_lines,
        "refund_share": _ratio(-sums.refund, sums.gross),
        "days_since_last_refund": whole(sums.as_of_day - sums.last_refund),
    }


def _seasons(sums: ir.Table, horizon_days: int) -> Formulas:
    season_end = sums.as_of_day - SEASON_CYCLE_DAYS + horizon_days
    quarters = [sums.quarter_1, sums.quarter_2, sums.quarter_3]
    quarters.append(sums.orders - sums.quarter_1 - sums.quarter_2 - sums.quarter_3)
    was_customer = sums.first_day <= season_end
    return {
        **{f"quarter_{number}_share": _ratio(orders, sums.orders) for number, orders in enumerate(quarters, 1)},
        "weekend_share": _ratio(sums.weekend_orders, sums.orders),
        "same_season_value": was_customer.ifelse(_money(sums.season_net), ibis.null("float64")),
        "same_season_orders": was_customer.ifelse(sums.season_orders, ibis.null("int64")),
    }


def _cohort(sums: ir.Table) -> Formulas:
    year, month = year_and_month(sums.first_day)
    return {"acquisition_month": whole((year - 1970) * 12 + month - 1), "acquisition_season": whole(month)}


def _items(sums: ir.Table) -> Formulas:
    return {"items_per_order": _ratio(sums["items"], sums.orders), "mean_item_value": _ratio(sums.gross, sums["items"])}


def _discounts(sums: ir.Table) -> Formulas:
    return {
        "discount_share": _ratio(sums.discount, sums.paid + sums.discount),
        "discounted_lines_share": _ratio(sums.discounted_lines, sums.lines),
    }


def _products(sums: ir.Table) -> Formulas:
    products = sums.product_count.fill_null(0)
    return {"products": products, "products_per_order": _ratio(products, sums.orders)}


def _categories(sums: ir.Table) -> Formulas:
    return {
        "categories": sums.category_count.fill_null(0),
        "top_category_share": _ratio(sums.category_favourite, sums.paid),
    }


def _branches(sums: ir.Table) -> Formulas:
    return {"branches": sums.branch_count.fill_null(0), "main_branch_share": _ratio(sums.branch_favourite, sums.paid)}


def _channels(sums: ir.Table) -> Formulas:
    return {
        "channels": sums.channel_count.fill_null(0),
        "main_channel_share": _ratio(sums.channel_favourite, sums.paid),
    }


def _campaigns(sums: ir.Table) -> Formulas:
    contacts, responses = sums.contacts.fill_null(0), sums.responses.fill_null(0)
    return {
        "contacts": contacts,
        "contacts_90d": sums.contacts_90d.fill_null(0),
        "days_since_last_contact": whole(sums.as_of_day - sums.last_contact),
        "responses": responses,
        "response_rate": _ratio(responses, contacts),
    }


def _engagement(sums: ir.Table) -> Formulas:
    opens, clicks = sums.opens.fill_null(0), sums.clicks.fill_null(0)
    lately = [f"{kind}_{days}d" for kind in KINDS_OF for days in ENGAGEMENT_WINDOWS]
    return {
        **{name: sums[name].fill_null(0) for name in lately},
        "engagements": sums.engagements.fill_null(0),
        "days_since_last_engagement": whole(sums.as_of_day - sums.last_engagement),
        "click_share": _ratio(clicks, opens + clicks),
    }


def _reviews(sums: ir.Table) -> Formulas:
    return {
        "reviews": sums.reviews.fill_null(0),
        "days_since_last_review": whole(sums.as_of_day - sums.last_review),
        "mean_rating": _ratio(sums.ratings, sums.rated),
        "last_rating": _ratio(sums.ratings_last, sums.rated_last),
    }


def _contracts(sums: ir.Table) -> Formulas:
    return {
        "contracts": sums.contracts.fill_null(0),
        "active_contracts": sums.active_contracts.fill_null(0),
        "contract_tenure": whole(sums.as_of_day - sums.first_contract),
        "contract_yearly_price": _money(sums.contract_price),
    }


def _acquisition(sums: ir.Table) -> Formulas:
    return {"days_since_acquired": whole(sums.as_of_day - sums.acquired_day)}


# The sum that tells whether a family's source was prepared → the family's formulas.
_OPTIONAL: Final = {
    "items": _items,
    "discount": _discounts,
    "product_count": _products,
    "category_count": _categories,
    "branch_count": _branches,
    "channel_count": _channels,
    "contacts": _campaigns,
    "engagements": _engagement,
    "reviews": _reviews,
    "contracts": _contracts,
    "acquired_day": _acquisition,
}
