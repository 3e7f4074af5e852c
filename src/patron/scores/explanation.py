"""Why customers are valued as they are, in marketers' words and money: of one, of all, and of a published release.

The parts are those of ``models.explaining``: with the base they add up to the score. They say what the model's answer is made
of, not what would happen if a customer were changed.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from patron.errors import DataError, NothingThere
from patron.features.catalogue import FEATURES
from patron.features.words import FeatureWords, words_of
from patron.models.arrays import Floats, Integers
from patron.models.customers import Customers, FittedValueModel
from patron.models.explaining.explain import explain
from patron.models.explaining.explanation import Explanation
from patron.models.explaining.typical import typical_customer
from patron.models.valuing.stored import read_model
from patron.periods import day_of
from patron.releases.contents import Release
from patron.scores.amounts import in_words
from patron.scores.views import customers_of

MOST_CUSTOMERS: Final = 2_000
MOST_DRIVERS: Final = 4
ROUNDING: Final = 1e-4
"""Published values are rounded to a ten-thousandth: so far may one lie from its explanation."""
_WORTH_TELLING: Final = 0.01
_CLEAR: Final = 0.2
_UNITS: Final = {feature.name: feature.unit for feature in FEATURES}
_IN_GROUP: Final = {
    "rfm": "buying habit",
    "gaps": "rhythm of buying",
    "trend": "recent buying",
    "basket": "size of orders",
    "discounts": "size of orders",
    "breadth": "breadth of buying",
    "places": "breadth of buying",
    "refunds": "refunds",
    "seasons": "seasons and start",
    "cohort": "seasons and start",
}
_ELSE: Final = "contacts, attention and contracts"
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    group: tuple(feature.name for feature in FEATURES if _IN_GROUP.get(feature.family, _ELSE) == group)
    for group in (*dict.fromkeys(_IN_GROUP.values()), _ELSE)
}
"""Features in eight groups, for models that can only be explained by groups."""
_OF_MODELS: Final = {
    "bg_nbd_value": FeatureWords(
        "value that their pattern of purchases suggests",
        "have a pattern of purchases that promises a lot",
        "have a pattern of purchases that promises little",
    ),
    "bg_nbd_purchase_days": FeatureWords(
        "number of purchases that their pattern suggests",
        "have a pattern that promises many purchases",
        "have a pattern that promises few purchases",
    ),
    "orders_per_day": FeatureWords(
        "pace of orders so far", "have ordered at a fast pace", "have ordered at a slow pace"
    ),
    "value_per_day": FeatureWords("pace of spending so far", "have spent at a fast pace", "have spent at a slow pace"),
    "other": FeatureWords("remaining facts", "have high remaining facts", "have low remaining facts"),
}


@dataclass(frozen=True)
class ScorePart:
    """What one feature adds to a score, in money; its value and the typical customer's as people read them, or empty."""

    feature: str
    noun: str
    amount: float
    value: str
    typical: str

    def sentence(self, currency: str = "") -> str:
        """Such as '+€120: the money spent in the last 90 days (310, typical customer 80)'."""
        told = f" ({self.value}, typical customer {self.typical})" if self.value else ""
        return f"{in_words(self.amount, currency, signed=True)}: the {self.noun}{told}"


@dataclass(frozen=True)
class CustomerExplanation:
    """One customer's score: the base, the parts that raise it and lower it most, largest first, and the rest.

    score = base + Σ up + Σ down + rest, in money over the horizon.
    """

    customer_id: str
    base: float
    score: float
    up: tuple[ScorePart, ...]
    down: tuple[ScorePart, ...]
    rest: float

    def sentences(self, currency: str = "") -> list[str]:
        """The same for people: what is expected, where the reckoning starts, then each part."""
        expected = f"Customer {self.customer_id} is expected to bring {in_words(self.score, currency)}."
        start = f"{in_words(self.base, currency)}: about what is expected of a typical customer"
        parts = [part.sentence(currency) for part in (*self.up, *self.down)]
        rest = [f"{in_words(self.rest, currency, signed=True)}: everything else"] if abs(self.rest) >= 0.005 else []
        return [expected, start, *parts, *rest]

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class GlobalDriver:
    """How much one feature moves scores: the mean size of its part in money, and its share of all such sizes.

    ``direction`` is 'up' where more of it raises the score, 'down' where it lowers it, and 'mixed' where neither is clear.
    """

    feature: str
    noun: str
    mean_size: float
    share: float
    direction: str

    def sentence(self, currency: str = "") -> str:
        """Such as 'Customers who buy often are expected to bring more (€45 either way on average)'."""
        size = f"({in_words(self.mean_size, currency)} either way on average)"
        if self.direction == "mixed":
            return f"The {self.noun} moves what is expected up or down {size}"
        more = "more" if self.direction == "up" else "less"
        return f"Customers who {reader_words(self.feature).high} are expected to bring {more} {size}"

    def to_dict(self) -> dict[str, object]:
        """All of it as plain data, for JSON."""
        return asdict(self)


def explain_customer(
    fitted: FittedValueModel, customer: Customers, reference: Customers, most: int = MOST_DRIVERS
) -> CustomerExplanation:
    """What raises and what lowers the score of one customer (a table of one row), beside the typical one's.

    At most so many parts each way; parts below a hundredth of the score are told together as the rest. Raises DataError for
    more or fewer customers than one.
    """
    if len(customer) != 1:
        raise DataError(f"{len(customer)} customers were given.", allowed="One at a time.")
    return told_of(explain(fitted, customer, reference, GROUPS), 0, customer, reference, most)


def told_of(
    explanation: Explanation, row: int, customers: Customers, reference: Customers, most: int = MOST_DRIVERS
) -> CustomerExplanation:
    """One row of an explanation, its greatest parts in words."""
    amounts = explanation.contributions[row]
    score, base = float(explanation.score[row]), float(explanation.base[row])
    least = _WORTH_TELLING * max(abs(score), abs(base))
    order = [place for place in np.argsort(-np.abs(amounts), kind="stable") if abs(amounts[place]) > least]
    up = [place for place in order if amounts[place] > 0][:most]
    down = [place for place in order if amounts[place] < 0][:most]
    return CustomerExplanation(
        customer_id=str(customers.customer_id[row]),
        base=base,
        score=score,
        up=tuple(_part(explanation, row, place, customers, reference) for place in up),
        down=tuple(_part(explanation, row, place, customers, reference) for place in down),
        rest=score - base - float(amounts[up].sum()) - float(amounts[down].sum()),
    )


def _part(explanation: Explanation, row: int, place: int, customers: Customers, reference: Customers) -> ScorePart:
    name = explanation.names[place]
    return ScorePart(
        feature=name,
        noun=reader_words(name).noun,
        amount=float(explanation.contributions[row, place]),
        value=_value_in_words(name, customers, row),
        typical=_value_in_words(name, reference, 0),
    )


def _value_in_words(name: str, customers: Customers, row: int) -> str:
    """The figure of one customer; empty for what is no column of the table."""
    if name not in customers.columns:
        return ""
    if name == "monetary_value" and not customers.column("frequency")[row]:
        return "no return visit"
    return figure_in_words(name, float(customers.columns[name][row]))


def global_drivers(
    fitted: FittedValueModel, customers: Customers, reference: Customers, most: int = 15
) -> tuple[GlobalDriver, ...]:
    """What moves scores most among these customers, largest first: the mean size of each feature's part.

    Judged on 2,000 customers, evenly from the table, where there are more; features that move nothing are left out.
    """
    if len(customers) > MOST_CUSTOMERS:
        customers = customers.rows(np.linspace(0, len(customers) - 1, MOST_CUSTOMERS).astype(np.int64))
    explanation = explain(fitted, customers, reference, GROUPS)
    sizes = explanation.importance()
    total = sum(sizes.values())
    columns = dict(zip(explanation.names, explanation.contributions.T, strict=True))
    return tuple(
        GlobalDriver(name, reader_words(name).noun, size, size / total, _direction(customers, name, columns[name]))
        for name, size in list(sizes.items())[:most]
        if size > 0
    )


def _direction(customers: Customers, name: str, parts: Floats) -> str:
    values = customers.columns.get(name, np.zeros(0))
    known = np.isfinite(values)
    if known.sum() < 3 or not np.ptp(values[known]) or not np.ptp(parts[known]):
        return "mixed"
    ranks = [np.unique(one, return_inverse=True)[1].astype(np.float64) for one in (values[known], parts[known])]
    along = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    return "mixed" if abs(along) < _CLEAR else "up" if along > 0 else "down"


@dataclass(frozen=True, eq=False)
class ReleaseExplanation:
    """The explanation of customers of a release, of what they are described by, and the typical customer of them all."""

    customers: Customers
    reference: Customers
    explanation: Explanation
    currency: str

    def of(self, row: int, most: int = MOST_DRIVERS) -> CustomerExplanation:
        """One of the customers, in words."""
        return told_of(self.explanation, row, self.customers, self.reference, most)


def explain_release(release: Release, customer_ids: Sequence[str] | None = None) -> ReleaseExplanation:
    """The published scores of a release explained from its own files: features and the champion that was kept.

    All customers, or the ones named, in the order of their ids. Raises NothingThere for a customer it does not have, DataError
    where base and parts do not come to the published expected value within its rounding, and what ``read_model`` raises.
    """
    everybody, fitted = described_customers(release), release_model(release)
    reference = typical_customer(everybody)
    chosen = everybody if customer_ids is None else everybody.rows(_places(everybody, customer_ids))
    explanation = explain(fitted, chosen, reference, GROUPS)
    _check(release, chosen, explanation)
    return ReleaseExplanation(chosen, reference, explanation, release.manifest.currency)


def release_model(release: Release) -> FittedValueModel:
    """The champion of a release, read from its files."""
    return read_model(release.model_artifacts(), release.manifest.champion, release.manifest.horizon_days)


def described_customers(release: Release) -> Customers:
    """The customers of a release by their features, in the order of their ids; DataError for a release of nobody."""
    features = release.features()
    if not features.num_rows:
        raise DataError(f"Release {release.id} has no customers to explain.")
    return customers_of(features, int(features["as_of_day"][0].as_py()))


def _places(customers: Customers, ids: Sequence[str]) -> Integers:
    known = {str(name): place for place, name in enumerate(customers.customer_id)}
    for name in ids:
        if str(name) not in known:
            raise NothingThere(f"The release has no customer '{name}'.", to_do="Take an id from its scores.")
    return np.array(sorted(known[str(name)] for name in ids), dtype=np.int64)


def _check(release: Release, customers: Customers, explanation: Explanation) -> None:
    scores = release.scores().select(["customer_id", "expected_value"]).to_pydict()
    published = dict(zip(scores["customer_id"], scores["expected_value"], strict=True))
    told = np.array([published[str(name)] for name in customers.customer_id], dtype=np.float64)
    added = explanation.base + explanation.contributions.sum(axis=1)
    wrong = np.flatnonzero(np.abs(added - told) > ROUNDING)
    if wrong.size:
        row = wrong[0]
        raise DataError(
            f"Customer {customers.customer_id[row]} was published as {told[row]:.4f}, and the model that was kept says "
            f"{added[row]:.4f} ({wrong.size} such customers).",
            to_do="The release was made by another version or changed afterwards: publish anew with 'patron run --again'.",
        )


def reader_words(name: str) -> FeatureWords:
    """A feature, a figure that models make of features, or a group of features, in a reader's words."""
    if name in GROUPS:
        return FeatureWords(name, f"stand high in {name}", f"stand low in {name}")
    return _OF_MODELS.get(name) or words_of(name)


def figure_in_words(name: str, value: float) -> str:
    """A feature's value as people read it: 310, 40%, 12 days, 1 March 2011; 'unknown' where it is missing."""
    if not np.isfinite(value):
        return "unknown"
    match _UNITS.get(name, ""):
        case "money":
            return in_words(value)
        case "share":
            return f"{value:.0%}"
        case "days":
            return f"{value:,.0f} day{'' if round(value) == 1 else 's'}"
        case "day number":
            return f"{day_of(int(value)).day} {day_of(int(value)):%B %Y}"
        case "month number":
            return f"{calendar.month_name[int(value) % 12 + 1]} {1970 + int(value) // 12}"
        case "month":
            return calendar.month_name[min(max(int(value), 1), 12)]
        case _:
            return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
