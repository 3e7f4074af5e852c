"""Why one customer of a release is valued and grouped so, and what would lift it, asked of the models that were kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from patron.errors import DataError, UnknownName, UsageError
from patron.features.catalogue import FEATURES
from patron.models.arrays import Floats
from patron.models.customers import Customers, FittedValueModel
from patron.models.explaining.explain import explain
from patron.releases.contents import FEATURES as FEATURES_FILE
from patron.releases.contents import MODELS, SEGMENT_MODELS, Release
from patron.reports.customer_rows import typical_of
from patron.scores.counterfactual import WayUp, fewest_orders_for, way_up_sentence
from patron.scores.explanation import GROUPS, ROUNDING, CustomerExplanation, told_of
from patron.segments.clusters.classifier import Classifier
from patron.segments.clusters.explanations import because
from patron.segments.tiers import TIERS

DAYS_AHEAD: Final = 30
"""By then the orders that lift a customer are to come."""
_COMPARED: Final = 5
_REASONS: Final = 3
_ALIKE: Final = 50
_FEATURE_NAMES: Final = frozenset(feature.name for feature in FEATURES)


@dataclass(frozen=True)
class TierAhead:
    """What it takes to reach the next higher tier: the tier, the reckoning, and both in a sentence."""

    tier_now: str
    tier_then: str
    way: WayUp
    sentence: str


@dataclass(frozen=True)
class ClusterReasons:
    """A customer's cluster: its name, how sure, why in words, and how far a second opinion agrees.

    ``chances`` tells the chance of every cluster. ``agreement`` is the share of the five weightiest features that a plain
    model fitted around this customer finds weightiest too; None with one cluster, where there is nothing to explain.
    """

    cluster_id: int
    cluster: str
    chance: float
    because: str
    agreement: float | None
    chances: Mapping[str, float]
    unknown: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Such as 'Frequent big spenders, because they buy often (100% sure)'."""
        if len(self.chances) == 1:
            return f"{self.cluster}: the only cluster, since behaviour falls into no separate groups"
        return f"{self.cluster}{f', {self.because}' if self.because else ''} ({self.chance:.0%} sure)"

    @property
    def opinion(self) -> str:
        """What the second opinion says; empty where none was asked."""
        if self.agreement is None:
            return ""
        return f"A second opinion names {round(self.agreement * _COMPARED)} of the same {_COMPARED} weightiest features"

    def to_dict(self) -> dict[str, Any]:  # Any: JSON
        """All of it as plain data, for JSON."""
        return asdict(self)

    @property
    def caution(self) -> str:
        """How little is known of the customer; empty where everything is."""
        return (
            f"Features not known: {len(self.unknown)}; the fewer are known, the less it means" if self.unknown else ""
        )

    def __str__(self) -> str:
        return "\n".join(f"{line}." for line in (self.sentence, self.opinion, self.caution) if line)


@dataclass(frozen=True, eq=False)
class KeptClusters:
    """The classifier of a release, with the lasting id and the name of each of its labels."""

    classifier: Classifier
    ids: tuple[int, ...]
    names: tuple[str, ...]

    def of_customer(self, customer: Customers, cluster_id: int) -> ClusterReasons:
        """The cluster that a customer of the release was given, with its reasons."""
        return self._told(customer.columns, self.ids.index(cluster_id))

    def of_newcomer(self, features: Mapping[str, float], customers: Mapping[str, Floats]) -> ClusterReasons:
        """The likeliest cluster of somebody known by these features only.

        What is not given is taken from the ``customers`` most like them in what is, each in turn: the chances are the mean
        over those.
        """
        names = self.classifier.names
        for name in features:
            if name not in names and name not in _FEATURE_NAMES:
                raise UnknownName("feature", name, names)
        if not any(name in features for name in names):
            raise UsageError("No feature that clusters are told by was given.", allowed=f"Any of {', '.join(names)}.")
        own = {name: _number(name, features.get(name)) for name in names}
        unknown = tuple(name for name in names if not np.isfinite(own[name]))
        if len(unknown) == len(names):
            raise UsageError(
                "No feature that clusters are told by has a number.", allowed=f"Any of {', '.join(names)}."
            )
        filled = self._filled(own, customers)
        chances = self.classifier.probabilities(filled).mean(axis=0)
        middle = {name: np.array([np.median(column)]) for name, column in filled.items()}
        return self._told(middle, int(np.argmax(chances)), unknown, chances)

    def _filled(self, own: Mapping[str, float], customers: Mapping[str, Floats]) -> dict[str, Floats]:
        """The newcomer as many times as there are customers like them, each time with what one of those has for the unknown."""
        names = self.classifier.names
        marginals = self.classifier.marginals
        known = np.array([np.isfinite(own[name]) for name in names])
        here = marginals.standing(np.array([[own[name] for name in names]]))[:, known]
        there = marginals.standing(np.column_stack([customers[name] for name in names]))[:, known]
        away = np.nan_to_num(np.abs(there - here), nan=1.0).mean(axis=1)
        nearest = np.argsort(away, kind="stable")[:_ALIKE]
        return {
            name: np.full(len(nearest), own[name]) if np.isfinite(own[name]) else customers[name][nearest]
            for name in names
        }

    def _told(
        self, columns: Mapping[str, Floats], label: int, unknown: tuple[str, ...] = (), mean: Floats | None = None
    ) -> ClusterReasons:
        chances = self.classifier.probabilities(columns)[0] if mean is None else mean
        alone = self.classifier.k == 1
        found = self.classifier.reasons(columns, np.array([label]), len(columns) if unknown else _REASONS).of(0)
        known = [reason for reason in found if reason.phrase and reason.feature not in unknown]
        words = "" if alone else because([reason for reason in known if reason.contribution > 0][:_REASONS])
        return ClusterReasons(
            self.ids[label],
            self.names[label],
            float(chances[label]),
            words,
            None if alone else self.classifier.second_opinion(columns, 0),
            {name: float(chance) for name, chance in zip(self.names, chances, strict=True)},
            unknown,
        )


def kept_clusters(release: Release) -> KeptClusters | None:
    """The clusters of a release, read back from its files; None where it has none."""
    folder = release.folder / MODELS / SEGMENT_MODELS
    named = folder / "clusters_kept.json"
    if not named.is_file():
        return None
    kept = json.loads(named.read_text("utf-8"))
    classifier = Classifier.from_bytes({path.name: path.read_bytes() for path in folder.glob("classifier.*")})
    ids = tuple(int(one) for one in kept["ids"])
    return KeptClusters(classifier, ids, tuple(kept["names"][str(one)] for one in ids))


def explained_value(
    release: Release, fitted: FittedValueModel, customer: Customers, expected_value: float
) -> CustomerExplanation:
    """What raises and lowers one published value; DataError where the kept model says another one.

    The same as ``scores.explanation.explain_release`` of one customer, without holding all customers in memory.
    """
    reference = typical_of(release, customer.as_of_day)
    told = told_of(explain(fitted, customer, reference, GROUPS), 0, customer, reference)
    if abs(told.score - expected_value) > ROUNDING:
        raise DataError(
            f"Customer {told.customer_id} was published as {expected_value:.4f}, and the model that was kept says {told.score:.4f}.",
            to_do="The release was made by another version or changed afterwards: publish anew with 'patron run --again'.",
        )
    return told


def tier_ahead(release: Release, fitted: FittedValueModel, customer: Customers, tier: str) -> TierAhead | None:
    """The fewest orders of the next 30 days that reach the next higher tier; None for the highest.

    Raises DataError for a customer who has not ordered yet.
    """
    thresholds = release.segmentation().get("segmentation", {}).get("thresholds", {})
    place = TIERS.index(tier)
    # A tier that nobody reached begins nowhere: there is nothing to aim at.
    if not place or thresholds.get(TIERS[place - 1]) is None:
        return None
    then, horizon = TIERS[place - 1], release.manifest.horizon_days
    way = fewest_orders_for(fitted, customer, float(thresholds[then]), customer.as_of_day + DAYS_AHEAD, horizon)
    return TierAhead(tier, then, way, way_up_sentence(way, tier, then, release.manifest.currency))


def described_sample(release: Release, names: Sequence[str], most: int = 20_000) -> dict[str, Floats]:
    """These features of the customers of a release, of at most so many, evenly from the table."""
    rows = pq.read_table(release.folder / FEATURES_FILE, columns=list(names))
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.int64))
    return {name: rows[name].cast(pa.float64()).to_numpy()[chosen].astype(np.float64) for name in names}


def _number(name: str, value: float | None) -> float:
    if isinstance(value, bool):
        raise UsageError(f"'{value}' is no number for {name}.", allowed="Features are numbers.")
    try:
        number = float("nan") if value is None else float(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"'{value}' is no number for {name}.", allowed="Features are numbers.") from error
    return number if np.isfinite(number) else float("nan")
