"""Overrides beside what came, for the API and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from patron.governance.overrides.override import Override
from patron.governance.state.opened import now_in_microseconds
from patron.reports.override_outcomes import scored_claims
from patron.reports.override_score import Claim, PersonScore, Scored, by_person


@dataclass(frozen=True)
class OverrideReport:
    """Each value that was set and held for a while, beside its outcome, and the same by person; tiers are counted only.

    ``withdrawn`` are those that somebody ended before their time: they are not held against anybody, and are told.
    """

    overrides: tuple[Scored, ...]
    people: tuple[PersonScore, ...]
    tiers: int
    withdrawn: int

    def to_dict(self) -> dict[str, Any]:  # Any: JSON
        return {
            "overrides": [_scored(one) for one in self.overrides],
            "people": [_person(one) for one in self.people],
            "tiers": self.tiers,
            "withdrawn": self.withdrawn,
        }


def override_report(workspace: Path, overrides: Iterable[Override]) -> OverrideReport:
    """What became of these overrides. Those that never held, waiting or refused, are left out."""
    now = now_in_microseconds()
    held = [(one, one.status_at(now)) for one in overrides]
    withdrawn = sum(status == "withdrawn" for _, status in held)
    stood = [one for one, status in held if status in ("in force", "replaced") or (status == "expired" and _held(one))]
    claims = [_claim(one) for one in stood if one.field == "expected_value"]
    scores = scored_claims(workspace / "releases", claims)
    return OverrideReport(scores, by_person(scores), len(stood) - len(claims), withdrawn)


def _held(one: Override) -> bool:
    return not one.needs_second or one.approved is True


def _claim(one: Override) -> Claim:
    return Claim(
        one.id,
        one.customer_id,
        one.made_by,
        Decimal(one.value),
        Decimal(one.published),
        Decimal(one.historic),
        date.fromisoformat(one.as_of),
        one.horizon_days,
    )


def _scored(one: Scored) -> dict[str, Any]:  # Any: JSON
    claim = one.claim
    return {
        "override": claim.id,
        "customer_id": claim.customer_id,
        "by": claim.by,
        "value": f"{claim.value}",
        "published": f"{claim.published}",
        "matures_on": claim.matures_on.isoformat(),
        "verdict": one.verdict,
        "actual": _text(one.actual),
        "own_error": _text(one.own_error),
        "model_error": _text(one.model_error),
        "read_on": one.read_on and one.read_on.isoformat(),
    }


def _person(one: PersonScore) -> dict[str, Any]:  # Any: JSON
    counts = {name: getattr(one, name) for name in ("by", "right", "wrong", "even", "not_yet", "no_outcome")}
    return counts | {"own_error": _text(one.own_error), "model_error": _text(one.model_error)}


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
