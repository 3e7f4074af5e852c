"""Was a person right who set a value by hand? Their error beside the model's own, once the horizon has passed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal

Verdict = Literal["right", "wrong", "even", "not yet", "no outcome"]
LATE_SHARE: Final = 0.1
"""An outcome may be read this share of the horizon after its end: later ones hold more than was spoken of."""


@dataclass(frozen=True)
class Claim:
    """That a customer will bring ``value`` within the horizon, where the model says ``published``; ``historic`` came before."""

    id: str
    customer_id: str
    by: str
    value: Decimal
    published: Decimal
    historic: Decimal
    as_of: date
    horizon_days: int

    @property
    def matures_on(self) -> date:
        """The last day of what is claimed."""
        return self.as_of + timedelta(days=self.horizon_days)

    @property
    def read_until(self) -> date:
        """The last day on which its outcome can be read."""
        return self.matures_on + timedelta(days=int(self.horizon_days * LATE_SHARE))


@dataclass(frozen=True)
class Outcome:
    """What a customer had brought in all by the end of a day."""

    day: date
    historic: Decimal


@dataclass(frozen=True)
class Scored:
    """A claim beside what came: ``actual`` within the horizon, and by how much the person and the model were off."""

    claim: Claim
    verdict: Verdict
    actual: Decimal | None = None
    own_error: Decimal | None = None
    model_error: Decimal | None = None
    read_on: date | None = None


@dataclass(frozen=True)
class PersonScore:
    """What came of a person's overrides: how many there are of each verdict, and mean errors beside the model's where they are known."""

    by: str
    right: int
    wrong: int
    even: int
    not_yet: int
    no_outcome: int
    own_error: Decimal | None
    model_error: Decimal | None

    @property
    def scored(self) -> int:
        return self.right + self.wrong + self.even


def score(claim: Claim, outcome: Outcome | None, newest: date | None) -> Scored:
    """A claim beside its outcome; ``newest`` is the last day of which anything is known.

    Without one it is "not yet" while the horizon lasts, and later while a reading could still come.
    """
    if outcome is None:
        is_late = newest is not None and newest > claim.read_until
        return Scored(claim, "no outcome" if is_late else "not yet")
    if not claim.matures_on <= outcome.day <= claim.read_until:
        raise ValueError(f"an outcome of {outcome.day} is none of a claim that matures on {claim.matures_on}")
    actual = outcome.historic - claim.historic
    own, models = abs(claim.value - actual), abs(claim.published - actual)
    verdict: Verdict = "even" if own == models else "right" if own < models else "wrong"
    return Scored(claim, verdict, actual, own, models, outcome.day)


def by_person(scores: Iterable[Scored]) -> tuple[PersonScore, ...]:
    """The same by person, those with most known outcomes first."""
    found: defaultdict[str, list[Scored]] = defaultdict(list)
    for one in scores:
        found[one.claim.by].append(one)
    people = [_person(by, held) for by, held in found.items()]
    return tuple(sorted(people, key=lambda person: (-person.scored, person.by)))


def _person(by: str, held: Sequence[Scored]) -> PersonScore:
    verdicts = [one.verdict for one in held]
    return PersonScore(
        by=by,
        right=verdicts.count("right"),
        wrong=verdicts.count("wrong"),
        even=verdicts.count("even"),
        not_yet=verdicts.count("not yet"),
        no_outcome=verdicts.count("no outcome"),
        own_error=_mean([one.own_error for one in held if one.own_error is not None]),
        model_error=_mean([one.model_error for one in held if one.model_error is not None]),
    )


def _mean(errors: Sequence[Decimal]) -> Decimal | None:
    return None if not errors else (sum(errors, Decimal(0)) / len(errors)).quantize(Decimal("0.0001"))
