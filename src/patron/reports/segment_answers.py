"""What a release tells of its segments beyond its tables: segmentation.json, checked and typed.

Every part may be missing: a release of before it was kept, too little history, a first release. What is missing is None
or empty, and the report leaves it out.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from patron.releases.contents import SEGMENTATION
from patron.reports.evidence import Figure
from patron.reports.plain_file import read_as
from patron.scores.bridge import Sums


@dataclass(frozen=True)
class Criteria:
    """How good a grouping is; shares are written 0.12 for 12%."""

    silhouette: Figure = None
    davies_bouldin: Figure = None
    calinski_harabasz: Figure = None
    stability: Figure = None
    smallest_share: Figure = None
    value_told: Figure = None
    in_no_group: Figure = None


@dataclass(frozen=True)
class Candidate:
    """One way to group customers that was tried."""

    algorithm: str
    title: str
    k: int
    criteria: Criteria
    score: Figure = None


@dataclass(frozen=True)
class Choice:
    """Which grouping was kept, out of which, and why; ``chosen`` is None where one group was."""

    k: int
    candidates: tuple[Candidate, ...] = ()
    chosen: Candidate | None = None
    sentence: str = ""
    verdict: str = ""
    tried_on: str = ""


@dataclass(frozen=True)
class Trait:
    """What sets a cluster apart, in words; ``difference`` is in standard deviations of everybody."""

    phrase: str
    difference: float
    high: bool


@dataclass(frozen=True)
class Profile:
    """One cluster: ``value`` is what its customers brought over the last horizon, of those that clusters were learnt from."""

    label: int
    name: str
    size: int
    share: float
    value: float
    mean_value: float
    value_share: float | None = None
    traits: tuple[Trait, ...] = ()
    sentence: str = ""


@dataclass(frozen=True)
class Picture:
    """A sample of customers on two or three axes, with the cluster of each (−1 for none)."""

    coordinates: tuple[tuple[float, ...], ...] = ()
    labels: tuple[int, ...] = ()
    method: str = "pca"
    explained_variance: Figure = None


@dataclass(frozen=True)
class ReasonTest:
    """Whether changing the strongest reason moves customers, beside a random other one; and a second opinion's agreement."""

    customers: int
    moves: float
    random_moves: float
    words: str
    second_opinion: float


@dataclass(frozen=True)
class Clusters:
    """The clusters of a release.

    ``kept_since`` is the day on which they were found ('2011-11-09'), where that was an earlier release; empty otherwise.
    """

    k: int
    choice: Choice
    profiles: tuple[Profile, ...] = ()
    picture: Picture = Picture()
    agreement_in_words: str = ""
    learnt_from: int = 0
    gone: tuple[str, ...] = ()
    reasons: ReasonTest | None = None
    kept_since: str = ""

    @property
    def chosen_then(self) -> bool:
        """Whether the choice is the one by which these clusters were found, and not a later search that they outlived."""
        return self.choice.tried_on == self.kept_since


@dataclass(frozen=True)
class Foresight:
    """How the next label was told on a past day, beside persistence, which says that nothing changes."""

    served: str = "persistence"
    customers: int = 0
    accuracy: Figure = None
    money_accuracy: Figure = None
    persistence: Figure = None
    money_persistence: Figure = None
    beats_persistence: bool = False

    @property
    def measured(self) -> bool:
        return self.accuracy is not None and self.persistence is not None


@dataclass(frozen=True)
class Flow:
    """Customers who went from one group to another within the last horizon, and what they brought before it and in it."""

    before: str
    now: str
    customers: int
    share: float
    value_before: float
    value_now: float


@dataclass(frozen=True)
class Cell:
    """One place: how many customers it holds, and what is expected of them."""

    name: str
    customers: int
    value: float


@dataclass(frozen=True)
class Places:
    """Where customers are; ``by`` says what the areas are made of."""

    by: str = ""
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Steadiness:
    """How restless labels were from week to week: a flap is a move that is undone within two weeks."""

    flaps: int
    moves: int
    steps: int
    quality: Figure = None


@dataclass(frozen=True)
class CalmView:
    """One view's labels as the numbers alone would give them, and as they are published."""

    raw: Steadiness
    calm: Steadiness


@dataclass(frozen=True)
class Calm:
    """The last weeks told again, for some of the customers."""

    weeks: int
    customers: int
    views: dict[str, CalmView]


@dataclass(frozen=True)
class SeasonTest:
    """Whether the seasonal customers of a year ago kept to their quarter since, beside chance."""

    customers: int
    agreement: float
    by_chance: float
    holds: bool


@dataclass(frozen=True)
class Grouping:
    """All that the run found out about segments."""

    previous: str | None = None
    clusters: Clusters | None = None
    foresight: dict[str, Foresight] | None = None
    flows: dict[str, tuple[Flow, ...]] | None = None
    flows_customers: int = 0
    # Customers expected in each group one horizon from now, by view and group.
    expected: dict[str, dict[str, float]] | None = None
    places: Places | None = None
    calm: Calm | None = None
    seasons: SeasonTest | None = None


@dataclass(frozen=True)
class AlertRow:
    """A level of alerts on a past day: the share of its customers who fell off, beside that of all."""

    level: str
    customers: int
    precision: float
    base_rate: float


@dataclass(frozen=True)
class ListRow:
    """A list drawn up on a past day beside others of its length: what a customer of each then brought (or lost)."""

    customers: int
    value: float
    by_rfm: float
    by_chance: float
    best: float


@dataclass(frozen=True)
class RisingTest:
    """The rising on a past day: what each then brought, and how much more than before."""

    value: ListRow
    gain: ListRow | None = None
    beats_rfm: bool = False


@dataclass(frozen=True)
class LossTest:
    """The loss expected on a past day, and the one that came in so many days; ``list`` holds those with most to save.

    ``days`` is 0 in releases that measured it over the horizon, told for 90 days.
    """

    expected: float
    tail: float
    came: float
    within_tail: Figure = None
    list: ListRow | None = None
    beats_rfm: bool | None = None
    days: int = 0


@dataclass(frozen=True)
class Measured:
    """How alerts, lists and losses did on a past day that nothing was learnt from."""

    customers: int = 0
    alerts: tuple[AlertRow, ...] = ()
    rising: RisingTest | None = None
    at_risk: LossTest | None = None
    engagement_rank: Figure = None

    def alert(self, level: str) -> AlertRow | None:
        return next((row for row in self.alerts if row.level == level), None)


@dataclass(frozen=True)
class Behaviour:
    """What customers may be about to do, in money over 90 days and in counts."""

    usual_value: float
    value_at_risk: float
    value_at_risk_tail: float
    savable_value: float
    rising: int = 0
    alerts: dict[str, int] | None = None
    measured: Measured | None = None


@dataclass(frozen=True)
class RuleRow:
    """One of the user's own groups: who belongs to it in words, how many, and what is expected of them."""

    rule: str
    customers: int
    share_of_customers: Figure = None
    expected_value: Figure = None
    share_of_value: Figure = None
    told: str = ""


Told = dict[str, str | int]
"""A sum of the bridge as it is written: counts as whole numbers, money as exact decimal text."""


@dataclass(frozen=True)
class BridgeTold:
    """Why the value differs from the release before; without one, only ``why`` there is no bridge."""

    previous: str | None = None
    why: str = ""
    previous_as_of: date | None = None
    as_of: date | None = None
    currency: str = ""
    sentence: str = ""
    undivided: str = ""
    total: Told | None = None
    groups: dict[str, tuple[Told, ...]] | None = None
    up: tuple[Told, ...] = ()
    down: tuple[Told, ...] = ()

    @property
    def sums(self) -> Sums | None:
        """The whole portfolio."""
        return Sums.from_dict(self.total) if self.total is not None else None


@dataclass(frozen=True)
class Segmentation:
    """Everything in segmentation.json."""

    segmentation: Grouping | None = None
    behaviour: Behaviour | None = None
    members: tuple[RuleRow, ...] | None = None
    bridge: BridgeTold | None = None


_ADAPTER: Final = TypeAdapter(Segmentation)


def read_segmentation(release: Path) -> Segmentation:
    """What a release tells of its segments; nothing where it was made before that was kept. Raises DamagedRelease."""
    path = release / SEGMENTATION
    if not path.is_file():
        return Segmentation()
    return read_as(_ADAPTER, path.read_bytes(), SEGMENTATION, "what a run tells of segments")
