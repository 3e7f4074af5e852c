from __future__ import annotations

from typing import Any

import pytest

from patron.segments.rules import rule_text
from segments.rules.people import rule


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"column": "orders", "at_least": 5}, "Number of orders is at least 5."),
        ({"column": "tier", "in": ["high", "low"]}, "Value tier is one of high, low."),
        ({"column": "orders_90d", "between": [1, 2000]}, "Number of orders in the last 90 days is from 1 to 2,000."),
        ({"column": "mean_rating", "missing": True}, "Average rating given is missing."),
        ({"column": "mean_rating", "missing": False}, "Average rating given is known."),
        ({"not": {"column": "tier", "is": "low"}}, "Not (value tier is low)."),
        (
            {
                "all": [
                    {"column": "orders", "above": 5},
                    {"any": [{"column": "probability_alive", "below": 0.3}, {"column": "cluster", "is_not": "A"}]},
                    {"not": {"any": [{"column": "orders", "is": 7}, {"column": "orders", "is": 9}]}},
                ]
            },
            "Number of orders is above 5, and (chance of still being a customer is below 0.3 or cluster of alike customers "
            "is known and not A), and not (number of orders is 7 or number of orders is 9).",
        ),
    ],
)
def test_a_rule_reads_as_a_sentence(where: dict[str, Any], told: str) -> None:
    assert rule_text(rule(**where)) == told
