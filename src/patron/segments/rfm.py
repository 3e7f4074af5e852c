"""Recency, frequency and monetary scores from 1 to 5, and the eleven names of their 125 combinations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Scores = NDArray[np.int64]
Standing = Literal["thriving", "growing", "slipping", "asleep"]


@dataclass(frozen=True)
class RfmName:
    """One RFM name: where its customers stand, who they are, and what to do about them."""

    name: str
    standing: Standing
    description: str
    action: str


# From the healthiest to the least hopeful; reports list them in this order.
RFM_CATALOGUE: Final = (
    RfmName(
        "Champions",
        "thriving",
        "Bought lately, buy often and spend the most.",
        "Reward them, show them new things first, and ask them to recommend you.",
    ),
    RfmName(
        "Loyal",
        "thriving",
        "Buy often and keep coming back.",
        "Offer what goes with what they buy, and ask for reviews.",
    ),
    RfmName(
        "Potential Loyalist",
        "growing",
        "Bought lately, and more than once.",
        "Invite them into a loyalty programme and recommend related products.",
    ),
    RfmName(
        "New",
        "growing",
        "Bought for the first time, very lately.",
        "Welcome them well and give a reason for the second purchase.",
    ),
    RfmName(
        "Promising",
        "growing",
        "Bought once, fairly lately.",
        "Keep in touch, and make the second purchase easy with a small offer.",
    ),
    RfmName(
        "Need Attention",
        "slipping",
        "Worth having, but not seen for a while.",
        "Send a limited offer based on what they bought before.",
    ),
    RfmName(
        "About to Sleep",
        "slipping",
        "Bought little, and are fading.",
        "Remind them with popular products or a renewal at a discount.",
    ),
    RfmName(
        "Cannot Lose",
        "slipping",
        "Were among the best customers, and have stopped coming.",
        "Win them back in person: call, listen, and make a generous offer.",
    ),
    RfmName(
        "At Risk",
        "slipping",
        "Used to buy often or to spend well, long ago.",
        "Write personally, remind them of what they liked, and offer help.",
    ),
    RfmName(
        "Hibernating",
        "asleep",
        "Last bought long ago, and seldom before that.",
        "Try one inexpensive reminder, and spend no more if it stays unanswered.",
    ),
    RfmName(
        "Lost",
        "asleep",
        "Bought long ago, little, and cheaply.",
        "Spend nothing on them, or try one last message.",
    ),
)
RFM_NAMES: Final = tuple(entry.name for entry in RFM_CATALOGUE)

# Name, then the recency, frequency and monetary scores it covers. No cell stands in two rows, and none in no row.
_RULES: Final = (
    ("Champions", "45", "45", "45"),
    ("Loyal", "45", "45", "123"),
    ("Loyal", "45", "3", "45"),
    ("Loyal", "3", "45", "12345"),
    ("Potential Loyalist", "45", "3", "123"),
    ("Potential Loyalist", "45", "2", "12345"),
    ("New", "5", "1", "12345"),
    ("Promising", "4", "1", "12345"),
    ("Need Attention", "3", "3", "12345"),
    ("Need Attention", "3", "12", "45"),
    ("About to Sleep", "3", "12", "123"),
    ("Cannot Lose", "12", "45", "45"),
    ("At Risk", "12", "45", "123"),
    ("At Risk", "12", "3", "12345"),
    ("At Risk", "12", "2", "45"),
    ("Hibernating", "2", "2", "123"),
    ("Hibernating", "2", "1", "12345"),
    ("Hibernating", "1", "2", "3"),
    ("Hibernating", "1", "1", "345"),
    ("Lost", "1", "12", "12"),
)


def rfm_rules() -> dict[tuple[int, int, int], tuple[str, ...]]:
    """For each of the 125 score cells, the names whose rules cover it: always exactly one."""
    cells: dict[tuple[int, int, int], tuple[str, ...]] = {
        (r, f, m): () for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)
    }
    for name, recency, frequency, monetary in _RULES:
        for cell in ((int(r), int(f), int(m)) for r in recency for f in frequency for m in monetary):
            cells[cell] += (name,)
    return cells


def _name_grid() -> NDArray[np.str_]:
    grid = np.empty((5, 5, 5), dtype="<U18")
    for (r, f, m), names in rfm_rules().items():
        (grid[r - 1, f - 1, m - 1],) = names
    return grid


_GRID: Final = _name_grid()


def rfm_segment(r: int, f: int, m: int) -> str:
    """The RFM name of one customer's three scores."""
    return str(rfm_segments(np.array([r]), np.array([f]), np.array([m]))[0])


def rfm_segments(r: Scores, f: Scores, m: Scores) -> NDArray[np.str_]:
    """The RFM name of each customer's three scores, each from 1 to 5."""
    scores = np.stack([np.asarray(r), np.asarray(f), np.asarray(m)])
    if scores.size and not (scores.min() >= 1 and scores.max() <= 5):
        raise ValueError(f"RFM scores run from 1 to 5; got {scores.min()} to {scores.max()}")
    return _GRID[scores[0] - 1, scores[1] - 1, scores[2] - 1]


@dataclass(frozen=True)
class RfmCuts:
    """Where the scores begin: the least recency, frequency and money that earn a 2, a 3, a 4 and a 5."""

    recency: tuple[float, ...]
    frequency: tuple[float, ...]
    monetary: tuple[float, ...]

    @classmethod
    def of(cls, days_since_last_purchase: Floats, orders: Floats, historic_value: Floats) -> RfmCuts:
        """The cuts that part these customers into fifths by rank.

        A customer's place is the middle of the places that equal values share, so that equals score equally.
        """
        return cls(_cuts(_recency(days_since_last_purchase)), _cuts(orders), _cuts(historic_value))

    def scores(
        self, days_since_last_purchase: Floats, orders: Floats, historic_value: Floats
    ) -> tuple[Scores, Scores, Scores]:
        """Recency, frequency and monetary scores of each customer, 1 (worst) to 5 (best).

        Missing days since the last purchase (never bought) count as the longest ago. Who has bought once or never has
        frequency 1 however many they are: one purchase is no repetition.
        """
        frequency = np.where(orders <= 1, 1, np.maximum(_score(orders, self.frequency), 2))
        recency = _score(_recency(days_since_last_purchase), self.recency)
        return recency, frequency.astype(np.int64), _score(historic_value, self.monetary)


def rfm_scores(
    days_since_last_purchase: Floats, orders: Floats, historic_value: Floats
) -> tuple[Scores, Scores, Scores]:
    """The scores of these customers among themselves."""
    columns = (days_since_last_purchase, orders, historic_value)
    return RfmCuts.of(*columns).scores(*columns)


def _recency(days_since_last_purchase: Floats) -> Floats:
    return -np.where(np.isnan(days_since_last_purchase), np.inf, days_since_last_purchase)


def _cuts(values: Floats) -> tuple[float, ...]:
    """The least value in each of the upper four fifths; infinite where nobody reaches it."""
    distinct, counts = np.unique(values, return_counts=True)
    # Whole-number arithmetic: the middle place of a value is (below + equal / 2) of n, doubled to stay whole.
    doubled_middle = 2 * (np.cumsum(counts) - counts) + counts
    fifth = 5 * doubled_middle // (2 * max(values.size, 1)) + 1
    firsts = np.searchsorted(fifth, (2, 3, 4, 5), side="left")
    return tuple(float(distinct[first]) if first < distinct.size else np.inf for first in firsts)


def _score(values: Floats, cuts: tuple[float, ...]) -> Scores:
    return np.searchsorted(cuts, values, side="right").astype(np.int64) + 1
