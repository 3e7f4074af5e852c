"""Short names of segments from what sets them apart: "Frequent big spenders", "Lapsed bargain hunters"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final


@dataclass(frozen=True)
class NameWord:
    """What much and little of some features is called in a name; empty where it has no short word."""

    features: str
    high: str = ""
    low: str = ""

    def of(self, feature: str, high: bool) -> str:
        """The word for this feature, or nothing."""
        return (self.high if high else self.low) if re.fullmatch(self.features, feature) else ""


_ADJECTIVES: Final = (
    NameWord("days_since_last_purchase", "lapsed", "recent"),
    NameWord("gap_ratio", "overdue", ""),
    NameWord("T|days_since_acquired|contract_tenure", "long-standing", "new"),
    NameWord("orders|purchase_days|frequency|orders_\\d+d|trailing_orders", "frequent", "occasional"),
    NameWord("mean_gap", "slow-paced", "fast-paced"),
    NameWord("gap_variation|std_gap", "irregular", "steady"),
    NameWord("value_trend_\\d+d|orders_trend_\\d+d|orders_pace_\\d+d", "growing", "fading"),
    NameWord("main_branch_share|main_channel_share", "loyal", "roaming"),
    NameWord("response_rate|click_share|engagements|(opens|clicks|visits)_\\d+d", "attentive", "silent"),
    NameWord("mean_rating|last_rating", "contented", "critical"),
)
_NOUNS: Final = (
    NameWord("historic_value|gross_value|value_\\d+d|trailing_value", "big spenders", "small spenders"),
    NameWord("mean_order_value|monetary_value|max_order_value", "big-basket buyers", "small-basket buyers"),
    NameWord("lines_per_order|items_per_order", "bulk buyers", "single-item buyers"),
    NameWord("mean_item_value", "premium buyers", "budget buyers"),
    NameWord("discount_share|discounted_lines_share", "bargain hunters", "full-price buyers"),
    NameWord("refund_lines|refund_share", "returners", ""),
    NameWord("products|categories", "explorers", "specialists"),
    NameWord("products_per_order", "novelty seekers", "creatures of habit"),
    NameWord("top_category_share", "specialists", "all-rounders"),
    NameWord("branches|channels", "multi-channel shoppers", ""),
    NameWord("weekend_share", "weekend shoppers", "weekday shoppers"),
    NameWord("quarter_1_share", "early-year shoppers", ""),
    NameWord("quarter_2_share", "spring-quarter shoppers", ""),
    NameWord("quarter_3_share", "third-quarter shoppers", ""),
    NameWord("quarter_4_share", "year-end shoppers", ""),
    NameWord("contracts|active_contracts", "contract holders", ""),
    NameWord("reviews", "reviewers", ""),
)
_PLAIN: Final = "customers"
_NOBODY_SPECIAL: Final = "typical customers"


def names_of(traits: Sequence[Sequence[tuple[str, bool]]]) -> tuple[str, ...]:
    """A name for each segment, no two alike; of each the features that set it apart, the strongest first, and high or not."""
    taken: list[str] = []
    for segment in traits:
        name = next(name for name in _proposals(segment) if name not in taken)
        taken.append(name)
    return tuple(name[0].upper() + name[1:] for name in taken)


def _proposals(traits: Sequence[tuple[str, bool]]) -> Iterator[str]:
    adjectives, nouns = _words(traits, _ADJECTIVES), _words(traits, _NOUNS)
    called = nouns or [_PLAIN]
    if adjectives or nouns:
        first = adjectives[:1]
        yield " ".join([*first, called[0]])
        yield from (" ".join([one, called[0]]) for one in adjectives[1:3])
        yield from (" ".join([*first, noun]) for noun in called[1:3])
        yield from (" ".join([*first, one, called[0]]) for one in adjectives[1:])
    base = " ".join([*adjectives[:1], called[0]]) if adjectives or nouns else _NOBODY_SPECIAL
    yield base
    yield from (f"{base} {number}" for number in count(2))


def _words(traits: Sequence[tuple[str, bool]], known: Sequence[NameWord]) -> list[str]:
    """The words that these traits have, in their order, one for each entry."""
    found: dict[NameWord, str] = {}
    for feature, high in traits:
        for entry in known:
            if entry not in found and (word := entry.of(feature, high)):
                found[entry] = word
    return list(dict.fromkeys(found.values()))
