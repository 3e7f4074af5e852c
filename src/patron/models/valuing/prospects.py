"""The value of customers with one order or none, from how they came and what they first bought.

A purchase process knows nothing of a customer without a repeat purchase; here earlier newcomers, as they were at their
first order (or sign-up), teach what such customers go on to bring within a horizon. The expected value is a product:
exp(weighted sum of first-order figures) × a factor for each attribute's word (channel, campaign, country …). The sum is a
Poisson quasi-likelihood regression, so that the total is kept; the factors are credibility-shrunk, attribute by attribute
in the order given, each on what those before it leave unexplained: a campaign of few customers falls back on its channel,
and a word never seen on everybody. Intervals rest on later newcomers valued by what earlier ones had taught.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from patron.errors import DataError, UnknownName
from patron.models.arrays import Flags, Floats, Integers, floats, same_length
from patron.models.arrays import numbers as as_numbers
from patron.models.validation.conformal import Intervals, fit_intervals, total_interval
from patron.models.valuing.acquisition import AcquisitionTerms, ChannelValue
from patron.models.valuing.activity import as_json, plain_facts
from patron.models.valuing.credibility import GroupFactors, Words, group_factors
from patron.models.valuing.feature_matrix import FeatureMatrix, learn_columns
from patron.models.valuing.linear import WeightedSum, fit_amount, level, weighted_sums

ARTIFACT: Final = "prospects.json"
FEWEST_NEWCOMERS: Final = 200
FEWEST_RETURNED: Final = 50
COHORTS: Final = 5
LEVEL: Final = 0.8
FIRST_ORDER: Final = "first_order_value"
_SWEEPS: Final = 4
_GIANTS_FROM: Final = 0.95


def _words(values: ArrayLike) -> Words:
    """Words, empty where one is missing (None or NaN)."""
    given = np.asarray(values, dtype=object)
    missing = np.array([value is None or value != value for value in given.ravel()], dtype=np.bool_)
    return np.where(missing, "", given.astype(np.str_)).astype(np.str_)


def _known_amounts(name: str, values: ArrayLike) -> Floats:
    amounts = as_numbers(name, values)
    if (amounts < 0).any():
        row = int(np.argmax(amounts < 0))
        raise DataError(f"{name} is {amounts[row]:g} in row {row}.", allowed="0 or more; NaN before a first order.")
    return amounts


@dataclass(frozen=True, eq=False)
class Newcomers:
    """Customers as they were on their first day, one row each, in no more detail than was known by its end.

    ``first_order_value``: NaN before a first order; ``attributes``: words by name (acquisition channel, campaign, country,
    branch, first category, part of the day …), broad ones first, empty where unknown; ``numbers``: further figures of the first order
    (pieces, lines, discount …), NaN where unknown.
    """

    first_order_value: Floats
    attributes: Mapping[str, Words]
    numbers: Mapping[str, Floats]

    def __init__(
        self,
        first_order_value: ArrayLike,
        attributes: Mapping[str, ArrayLike],
        numbers: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        first = _known_amounts("first_order_value", first_order_value)
        words = {name: _words(values) for name, values in attributes.items()}
        figures = {name: as_numbers(f"number '{name}'", values) for name, values in (numbers or {}).items()}
        named = {f"attribute '{name}'": np.zeros(len(values)) for name, values in words.items()}
        named |= {f"number '{name}'": values for name, values in figures.items()}
        same_length(first_order_value=first, **named)
        if FIRST_ORDER in figures:
            raise DataError(f"'{FIRST_ORDER}' is given twice.", to_do="Leave it out of the numbers.")
        object.__setattr__(self, "first_order_value", first)
        object.__setattr__(self, "attributes", words)
        object.__setattr__(self, "numbers", figures)

    def __len__(self) -> int:
        return len(self.first_order_value)

    @property
    def table(self) -> dict[str, Floats]:
        """All figures by name."""
        return {FIRST_ORDER: self.first_order_value, **self.numbers}

    def words(self, attribute: str) -> Words:
        """One attribute; UnknownName when there is no such."""
        if attribute not in self.attributes:
            raise UnknownName("attribute", attribute, self.attributes)
        return self.attributes[attribute]

    def rows(self, chosen: NDArray[Any]) -> Newcomers:  # Any: a mask, or row numbers
        """The chosen customers only."""
        return Newcomers(
            self.first_order_value[chosen],
            {name: words[chosen] for name, words in self.attributes.items()},
            {name: figures[chosen] for name, figures in self.numbers.items()},
        )


@dataclass(frozen=True, eq=False)
class PastNewcomers:
    """Newcomers whose horizon has ended: the day each came, and what each brought in the ``horizon_days`` after that day.

    ``value`` leaves the first day out. Raises DataError for unequal lengths or values that are not finite numbers.
    """

    newcomers: Newcomers
    came_day: Integers
    value: Floats
    horizon_days: int

    def __post_init__(self) -> None:
        came = floats("came_day", self.came_day)
        same_length(newcomers=self.newcomers.first_order_value, came_day=came, value=floats("value", self.value))
        if self.horizon_days < 1:
            raise DataError(f"The horizon is {self.horizon_days} days.", allowed="It must be 1 or more.")

    def rows(self, chosen: NDArray[Any]) -> PastNewcomers:  # Any: a mask, or row numbers
        """The chosen customers only."""
        return PastNewcomers(self.newcomers.rows(chosen), self.came_day[chosen], self.value[chosen], self.horizon_days)


@dataclass(frozen=True, eq=False)
class ProspectValues:
    """What each newcomer is expected to bring after its first day, within the horizon, and an 80 % interval of that."""

    expected_value: Floats
    value_low: Floats
    value_high: Floats


@dataclass(frozen=True, eq=False)
class FittedProspects:
    """Weights, factors and intervals for one horizon; ``folds`` are (predicted, actual) totals of later newcomers."""

    horizon_days: int
    columns: FeatureMatrix
    weights: WeightedSum
    factors: Mapping[str, GroupFactors]
    level: float
    intervals: Intervals
    folds: tuple[tuple[float, float], ...]

    def predict(self, newcomers: Newcomers) -> ProspectValues:
        """Their values; DataError or UnknownName for a figure or attribute learnt on that they lack."""
        expected = _product(newcomers, self.columns, self.weights, self.factors) * self.level
        low, high = self.intervals.bounds(expected)
        return ProspectValues(expected, low, high)

    def maximum_cost(self, newcomers: Newcomers, terms: AcquisitionTerms, cautious: bool = False) -> Floats:
        """The most that each may have cost to win; ``cautious``: if each brings no more than its lower bound."""
        made = self.predict(newcomers)
        later = made.value_low if cautious else made.expected_value
        return terms.maximum_cost(newcomers.first_order_value, later, self.horizon_days)

    def by_attribute(self, newcomers: Newcomers, attribute: str, terms: AcquisitionTerms) -> tuple[ChannelValue, ...]:
        """The newcomers by one attribute's words (channel, campaign …), the most valuable word first."""
        words = newcomers.words(attribute)
        rows = [self._channel(str(word), newcomers.rows(words == word), terms) for word in np.unique(words)]
        return tuple(sorted(rows, key=lambda row: (-row.expected_value, row.channel)))

    def artifacts(self) -> dict[str, bytes]:
        facts = {
            "model": "prospects",
            "horizon_days": self.horizon_days,
            "columns": self.columns.to_dict(),
            "weights": asdict(self.weights),
            "factors": [{"attribute": name, "factors": dict(one.factors)} for name, one in self.factors.items()],
            "level": self.level,
            "intervals": self.intervals.to_dict(),
            "folds": [list(fold) for fold in self.folds],
        }
        return {ARTIFACT: as_json(facts)}

    @classmethod
    def from_artifacts(cls, files: Mapping[str, bytes]) -> FittedProspects:
        """The model that ``artifacts`` wrote; DataError when the files hold something else."""
        facts = plain_facts(files, ARTIFACT, "prospects")
        return cls(
            horizon_days=facts["horizon_days"],
            columns=FeatureMatrix.from_dict(facts["columns"]),
            weights=WeightedSum.from_dict(facts["weights"]),
            factors={one["attribute"]: GroupFactors(one["factors"]) for one in facts["factors"]},
            level=facts["level"],
            intervals=Intervals.from_dict(facts["intervals"]),
            folds=tuple((predicted, actual) for predicted, actual in facts["folds"]),
        )

    def _channel(self, word: str, newcomers: Newcomers, terms: AcquisitionTerms) -> ChannelValue:
        expected, first = self.predict(newcomers).expected_value, newcomers.first_order_value
        count = len(newcomers)
        total = total_interval(float(expected.sum()), self.folds, self.intervals.noise(expected))
        # A customer without an order yet brought nothing on its first day.
        first_mean = float(np.where(np.isnan(first), 0.0, first).mean())
        means = np.array([expected.sum(), total.low, total.high]) / count
        cost = terms.maximum_cost(np.full(3, first_mean), means, self.horizon_days)
        return ChannelValue(word, count, first_mean, *means.tolist(), *cost[:2].tolist())


@dataclass(frozen=True)
class Prospects:
    """Learns from newcomers whose horizon has ended: 200 of them, of whom 50 came back."""

    def fit(self, past: PastNewcomers) -> FittedProspects:
        """Raises DataError with too few newcomers, or too few who brought anything after their first day."""
        _check_size(past)
        folds = _forward(past)
        predicted, actual = (np.concatenate([fold[side] for fold in folds]) for side in (0, 1))
        columns, weights, factors, own_level = _learn(past)
        return FittedProspects(
            horizon_days=past.horizon_days,
            columns=columns,
            weights=weights,
            factors=factors,
            level=own_level,
            intervals=fit_intervals(predicted, actual, LEVEL),
            folds=tuple((float(one.sum()), float(other.sum())) for one, other in folds),
        )


_Learnt = tuple[FeatureMatrix, WeightedSum, dict[str, GroupFactors], float]


def _learn(past: PastNewcomers) -> _Learnt:
    """Weights and factors in turn, each given the other; then the level, which brings refunds in."""
    table, attributes = past.newcomers.table, past.newcomers.attributes
    columns = learn_columns(table, tuple(table))
    matrix, value = columns.matrix(table), _without_giants(past.value)
    factors: dict[str, GroupFactors] = {name: GroupFactors({}) for name in attributes}
    weights = fit_amount(matrix, value)
    for _ in range(_SWEEPS if attributes else 0):
        for name, words in attributes.items():
            others = _product(past.newcomers, columns, weights, {**factors, name: GroupFactors({})})
            factors[name] = group_factors(words, value, others)
        # Poisson with a known factor is Poisson of value / factor, weighted by the factor.
        factor = np.maximum(_factor(past.newcomers, factors), 1e-9)
        weights = fit_amount(matrix, value / factor, factor)
    return columns, weights, factors, level(past.value, _product(past.newcomers, columns, weights, factors))


def _without_giants(value: Floats) -> Floats:
    """Values between 0 and what one in twenty of those who came back exceed.

    A single wholesaler says how large the total is, which the level keeps, but not that his whole country is like him.
    """
    return np.clip(value, 0.0, np.quantile(value[value > 0], _GIANTS_FROM))


def _product(
    newcomers: Newcomers, columns: FeatureMatrix, weights: WeightedSum, factors: Mapping[str, GroupFactors]
) -> Floats:
    (total,) = weighted_sums((weights,), columns, newcomers.table)
    return weights.exp(total) * _factor(newcomers, factors)


def _factor(newcomers: Newcomers, factors: Mapping[str, GroupFactors]) -> Floats:
    product = np.ones(len(newcomers))
    for name, one in factors.items():
        product *= one.of(newcomers.words(name))
    return product


def _forward(past: PastNewcomers) -> list[tuple[Floats, Floats]]:
    """Each cohort of newcomers but the first, as valued by what those before it taught: (predicted, actual)."""
    edges = np.quantile(past.came_day, np.linspace(0, 1, COHORTS + 1)[1:-1], method="inverted_cdf")
    cohort = np.searchsorted(np.unique(edges), past.came_day, side="left")
    folds: list[tuple[Floats, Floats]] = []
    for number in range(1, int(cohort.max()) + 1):
        before, there = _teachers(past, cohort < number), past.rows(cohort == number)
        if (before.value > 0).any() and len(there.value):
            columns, weights, factors, own_level = _learn(before)
            folds.append((_product(there.newcomers, columns, weights, factors) * own_level, there.value))
    if not folds:
        raise DataError("All newcomers came on the same day.", to_do="Give newcomers of at least two days.")
    return folds


def _teachers(past: PastNewcomers, earlier: Flags) -> PastNewcomers:
    """Those who came earlier and whose horizon had ended before the next cohort came, if that leaves enough of them.

    Otherwise all who came earlier: then both share a part of the calendar, and a season that hits all is not seen in full.
    """
    began = past.came_day[~earlier].min()
    ended = earlier & (past.came_day + past.horizon_days < began)
    enough = ended.sum() >= FEWEST_NEWCOMERS and (past.value[ended] > 0).sum() >= FEWEST_RETURNED
    return past.rows(ended if enough else earlier)


def _check_size(past: PastNewcomers) -> None:
    count, returned = len(past.newcomers), int((past.value > 0).sum())
    if count < FEWEST_NEWCOMERS or returned < FEWEST_RETURNED:
        raise DataError(
            f"There are {count} newcomers with a whole horizon behind them, of whom {returned} brought value after their "
            "first day.",
            allowed=f"{FEWEST_NEWCOMERS} are needed, {FEWEST_RETURNED} of whom did.",
            to_do="Give a longer history or a shorter horizon.",
        )
