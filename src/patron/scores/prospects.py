"""What newcomers by how they came are worth, what winning one may cost, and whether that held when it was tested.

A newcomer is described as on the first day and valued for the horizon after it. Who came so long ago that the horizon
is over teaches; who came since is valued. The proof repeats this in the past: older newcomers teach, newer ones, whose
horizon is over too, are ranked and compared with what they brought, beside rules that anybody could use instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from patron.errors import DataError
from patron.models.arrays import Flags, Floats, Integers
from patron.models.validation.abstain import FEWEST_CUSTOMERS
from patron.models.validation.bootstrap import bootstrap
from patron.models.validation.fold import Fold
from patron.models.validation.resampling import Estimate
from patron.models.validation.weighted_metrics import TOTALS
from patron.models.valuing.acquisition import AcquisitionTerms, ChannelValue
from patron.models.valuing.prospects import (
    FEWEST_NEWCOMERS,
    FEWEST_RETURNED,
    FittedProspects,
    Newcomers,
    PastNewcomers,
    Prospects,
)

OURS: Final = "prospects"
FIRST_ORDER_RULE: Final = "first_order"
EVERYBODY: Final = "all"
OTHERS: Final = "(others)"
MOST_WORDS: Final = 100
"""Words of one attribute that are valued by name, the commonest first; the rest is one group."""
FEWEST_TESTED: Final = 100
FEWEST_TESTED_RETURNED: Final = 20
_TESTED_SHARES: Final = (1 / 3, 1 / 5, 1 / 10)
_GROUP: Final = "group"
_SURE: Final = 2.0
"""Standard errors by which a difference must exceed nothing before it is called one."""
Verdict = Literal["better", "no better", "worse"]


@dataclass(frozen=True)
class Ranking:
    """How one way of valuing newcomers did on the tested ones: ours, a multiple of the first order, or an attribute's average.

    ``gini`` (1 is the true order) and ``spearman`` tell the order, ``bias`` how far the predicted total lay from the actual one.
    ``gain`` is our Gini less this one, with the error of the pair.
    """

    rule: str
    gini: Estimate
    spearman: Estimate
    bias: float
    gain: Estimate

    @property
    def verdict(self) -> Verdict:
        """Whether ours ranks newcomers better than this, beyond two standard errors."""
        if self.gain.value > _SURE * self.gain.error:
            return "better"
        return "worse" if self.gain.value < -_SURE * self.gain.error else "no better"


@dataclass(frozen=True)
class Proof:
    """Older newcomers taught, newer ones were tested; ``rivals`` are simple rules, the strongest first.

    ``apart``: the teachers' horizon was over before the first tested customer came; otherwise both share a part of the
    calendar. ``held`` is the share of tested customers inside their 80 % interval; ``smoothed`` counts zeros fairly,
    ``zeros`` is the share who brought nothing. ``groups_held`` of ``groups`` (all tested ones, and each word's) brought a mean
    inside the interval of their mean, on which costs rest.
    """

    taught: int
    tested: int
    tested_from_day: int
    tested_to_day: int
    apart: bool
    ours: Ranking
    rivals: tuple[Ranking, ...]
    held: float
    smoothed: float
    zeros: float
    groups: int
    groups_held: int

    @property
    def tells_apart(self) -> bool:
        """Whether our order is better than chance, beyond two standard errors."""
        return self.ours.gini.value > _SURE * self.ours.gini.error

    @property
    def by_attribute(self) -> Ranking | None:
        """The strongest of the attributes' averages; None where no attribute tells newcomers apart."""
        return next((row for row in self.rivals if row.rule not in (FIRST_ORDER_RULE, EVERYBODY)), None)


@dataclass(frozen=True)
class GroupValue:
    """Newcomers of one word, per customer; ``unsure`` where they are too few for an interval."""

    value: ChannelValue
    without_repeat: int

    @property
    def unsure(self) -> bool:
        return self.value.customers < FEWEST_CUSTOMERS


def prove(past: PastNewcomers, ids: NDArray[Any], seed: int) -> Proof | None:  # Any: whatever ids the warehouse holds
    """The proof on these newcomers, or None where there are too few to part into teachers and tested."""
    parted = _parted(past)
    if parted is None:
        return None
    teach, test, apart = parted
    teachers, tested = past.rows(teach), past.rows(test)
    fitted = Prospects().fit(teachers)
    ours = fitted.predict(tested.newcomers).expected_value
    predictions = {OURS: ours, **_rules(teachers, tested.newcomers)}
    first_day, last_day = int(tested.came_day.min()), int(tested.came_day.max())
    fold = Fold(first_day, ids[test], tested.value, predictions)
    rankings = _rankings(fold, seed)
    coverage = fitted.intervals.coverage(ours, tested.value)
    inside = _groups_inside(fitted, tested)
    return Proof(
        taught=len(teachers.value),
        tested=len(tested.value),
        tested_from_day=first_day,
        tested_to_day=last_day,
        apart=apart,
        ours=rankings[0],
        rivals=tuple(sorted(rankings[1:], key=_strength, reverse=True)),
        held=coverage.overall,
        smoothed=coverage.smoothed,
        zeros=coverage.zeros,
        groups=len(inside),
        groups_held=sum(inside),
    )


def _groups_inside(fitted: FittedProspects, tested: PastNewcomers) -> list[bool]:
    """Of all tested newcomers, and of each word's that are not too few, whether their mean fell inside its interval."""
    inside = []
    for name in (EVERYBODY, *tested.newcomers.attributes):
        grouped = _grouped(tested.newcomers, name)
        for row in fitted.by_attribute(grouped, _GROUP, AcquisitionTerms()):
            if row.customers >= FEWEST_CUSTOMERS:
                came = float(tested.value[grouped.words(_GROUP) == row.channel].mean())
                inside.append(row.value_low <= came <= row.value_high)
    return inside


def _grouped(newcomers: Newcomers, attribute: str) -> Newcomers:
    """The newcomers with the word of the group that each is told with, by an attribute or all as one."""
    words = np.full(len(newcomers), EVERYBODY) if attribute == EVERYBODY else newcomers.words(attribute)
    names, counts = np.unique(words, return_counts=True)
    if len(names) > MOST_WORDS:
        common = names[np.argsort(-counts, kind="stable")[:MOST_WORDS]]
        words = np.where(np.isin(words, common), words, OTHERS)
    return Newcomers(newcomers.first_order_value, {**newcomers.attributes, _GROUP: words}, newcomers.numbers)


def _rankings(fold: Fold, seed: int) -> list[Ranking]:
    """Every way of valuing, ours first, under the same resamples of customers."""
    drawn = bootstrap([fold], fold.predictions, seed, ("gini", "spearman", *TOTALS))
    return [
        Ranking(
            rule,
            drawn.over_folds(rule, "gini"),
            drawn.over_folds(rule, "spearman"),
            drawn.over_folds(rule, "bias").value,
            drawn.difference(OURS, rule, "gini"),
        )
        for rule in fold.predictions
    ]


def _strength(row: Ranking) -> float:
    return row.gini.value if np.isfinite(row.gini.value) else -np.inf


def _parted(past: PastNewcomers) -> tuple[Flags, Flags, bool] | None:
    """Teachers and tested: parted by a whole horizon if that leaves enough of both, else by the day they came."""
    starts = [
        int(np.quantile(past.came_day, 1 - share, method="inverted_cdf")) for share in _TESTED_SHARES if len(past.value)
    ]
    for apart in (True, False):
        for start in starts:
            test = past.came_day >= start
            teach = past.came_day + past.horizon_days < start if apart else past.came_day < start
            if _enough(past.value[teach], FEWEST_NEWCOMERS, FEWEST_RETURNED) and _enough(
                past.value[test], FEWEST_TESTED, FEWEST_TESTED_RETURNED
            ):
                return teach, test, apart
    return None


def _enough(value: Floats, customers: int, returned: int) -> bool:
    return len(value) >= customers and int((value > 0).sum()) >= returned


def _rules(teachers: PastNewcomers, tested: Newcomers) -> dict[str, Floats]:
    """What simple rules expect: each attribute's average, a multiple of the first order, or everybody's average."""
    overall = float(teachers.value.mean())
    rules = {
        name: _average(words, teachers.value, tested.words(name), overall)
        for name, words in teachers.newcomers.attributes.items()
    }
    first = np.nan_to_num(teachers.newcomers.first_order_value)
    if first.sum() > 0:
        rules[FIRST_ORDER_RULE] = np.nan_to_num(tested.first_order_value) * float(teachers.value.sum() / first.sum())
    return rules or {EVERYBODY: np.full(len(tested), overall)}


def _average(words: NDArray[np.str_], value: Floats, asked: NDArray[np.str_], overall: float) -> Floats:
    names, place = np.unique(words, return_inverse=True)
    mean = dict(zip(names.tolist(), (np.bincount(place, value) / np.bincount(place)).tolist(), strict=True))
    asked_names, asked_place = np.unique(asked, return_inverse=True)
    return np.array([mean.get(str(name), overall) for name in asked_names])[asked_place]


def value_groups(
    fitted: FittedProspects, newcomers: Newcomers, purchase_days: Integers, attribute: str, terms: AcquisitionTerms
) -> tuple[GroupValue, ...]:
    """The newcomers by one attribute's words, the most valuable first, those too few for an interval last; ``EVERYBODY``: all as one."""
    grouped = _grouped(newcomers, attribute)
    words, waiting = grouped.words(_GROUP), purchase_days <= 1
    rows = [
        GroupValue(value, int(waiting[words == value.channel].sum()))
        for value in fitted.by_attribute(grouped, _GROUP, terms)
    ]
    return tuple(sorted(rows, key=lambda row: row.unsure))


def telling(attributes: Mapping[str, NDArray[np.str_]], rows: Flags) -> tuple[str, ...]:
    """The attributes that differ among these rows; one that says the same of all cannot part them."""
    return tuple(name for name, words in attributes.items() if len(np.unique(words[rows])) > 1)


def refuse_too_few(count: int, returned: int, between: str, horizon_days: int) -> None:
    """Nothing, or a DataError in words where too few newcomers have a whole horizon behind them."""
    if count >= FEWEST_NEWCOMERS and returned >= FEWEST_RETURNED:
        return
    raise DataError(
        f"{count:,} customers came {between} and have a whole horizon of {horizon_days} days behind them; {returned:,} of "
        "them brought anything after their first day.",
        allowed=f"At least {FEWEST_NEWCOMERS} are needed to learn from, {FEWEST_RETURNED} of whom came back.",
        to_do="Give a shorter --horizon, an earlier --since, or a longer history."
        if count < FEWEST_NEWCOMERS
        else "So few came back that the first order is all there is to value a newcomer by.",
    )
