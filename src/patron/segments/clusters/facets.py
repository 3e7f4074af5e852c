"""Which features say how a customer behaves, and which of them say the same thing from several sides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from patron.features.catalogue import FEATURES


@dataclass(frozen=True)
class Facet:
    """One side of behaviour: features that speak of it together, and how loudly.

    ``weight`` is the length of its widest direction in the space. What money, pace and pauses say comes first; when in
    the week or year somebody buys is mostly chance for those who bought a few times.
    """

    name: str
    weight: float
    features: tuple[str, ...]


FACETS: Final = (
    Facet("recency", 1.0, ("days_since_last_purchase", "gap_ratio")),
    Facet("tenure", 0.6, ("T", "days_since_acquired")),
    Facet("pace", 1.0, ("orders", "purchase_days", "frequency", "mean_gap", "orders_90d", "orders_365d")),
    Facet("rhythm", 0.5, ("std_gap", "gap_variation", "max_gap", "last_gap")),
    Facet("value", 1.0, ("historic_value", "gross_value", "trailing_value", "value_90d", "value_365d")),
    Facet(
        "order size",
        1.0,
        (
            "mean_order_value",
            "monetary_value",
            "max_order_value",
            "lines_per_order",
            "items_per_order",
            "mean_item_value",
        ),
    ),
    Facet(
        "trend",
        0.6,
        ("value_trend_90d", "value_trend_365d", "orders_trend_90d", "orders_trend_365d", "orders_pace_90d"),
    ),
    Facet("breadth", 0.8, ("products", "products_per_order", "categories", "top_category_share")),
    Facet("refunds", 0.6, ("refund_value", "refund_lines", "refund_share", "days_since_last_refund")),
    Facet("places", 0.6, ("branches", "main_branch_share")),
    Facet("channels", 0.6, ("channels", "main_channel_share")),
    Facet("seasons", 0.5, tuple(f"quarter_{number}_share" for number in (1, 2, 3, 4))),
    Facet("week", 0.5, ("weekend_share",)),
    Facet("discounts", 0.8, ("discount_share", "discounted_lines_share")),
    Facet("campaigns", 0.5, ("contacts", "contacts_90d", "responses", "response_rate")),
    Facet(
        "engagement",
        0.8,
        (
            "opens_90d",
            "clicks_90d",
            "visits_90d",
            "engagements",
            "days_since_last_engagement",
            "click_share",
        ),
    ),
    Facet("reviews", 0.5, ("reviews", "mean_rating", "last_rating")),
    Facet("contracts", 0.8, ("contracts", "active_contracts", "contract_tenure", "contract_yearly_price")),
)
"""The sides of behaviour, the most telling first. Positions in the calendar and seasons of acquisition are none."""

COUNTED_BY: Final = "orders"
"""The column that says of how many orders a share is one."""
_SHARES: Final = frozenset(
    {
        *(f"quarter_{number}_share" for number in (1, 2, 3, 4)),
        "weekend_share",
        "main_branch_share",
        "main_channel_share",
        "top_category_share",
        "discount_share",
        "discounted_lines_share",
        "orders_trend_90d",
        "orders_trend_365d",
        "value_trend_90d",
        "value_trend_365d",
    }
)
_FACET_OF: Final = {name: facet for facet in FACETS for name in facet.features}
_CATALOGUE: Final = frozenset(feature.name for feature in FEATURES)


def cluster_columns(available: Iterable[str]) -> tuple[str, ...]:
    """The behavioural features among these, in the order of their facets; never calendar positions, never ids."""
    present = set(available) & _CATALOGUE
    return tuple(name for name in _FACET_OF if name in present)


def facet_of(name: str) -> tuple[str, float]:
    """The facet that a feature belongs to and its weight; one that belongs to none stands for itself, at weight 1."""
    facet = _FACET_OF.get(name)
    return (facet.name, facet.weight) if facet else (name, 1.0)


def is_share_of_orders(name: str) -> bool:
    """Whether the feature is a share of few or many orders, so that one order makes it 0 or 1 by chance."""
    return name in _SHARES
