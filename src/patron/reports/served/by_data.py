"""Customers valued by what is sent of them: worth, groups and what to do, told as every surface tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from threading import Lock
from typing import Any, Final

from pydantic import ValidationError

from patron.errors import DataError, UsageError
from patron.periods import day_number, day_of
from patron.releases.contents import Release
from patron.reports.customer_reasons import kept_clusters
from patron.reports.recommendation import Standing, recommendation
from patron.scores.by_data.sent import SentCustomers
from patron.scores.by_data.valuing import DataValuing, Valued
from patron.scores.views import numbered
from patron.segments.by_data import Groups, groups_of, labeller_of
from patron.segments.clustered import Clustered
from patron.segments.labels import NEEDED

DAYS_BEFORE: Final = 365
DAYS_AFTER: Final = 31
"""How long before and after its own day a release may be asked: later, a silence would look like customers leaving."""
_NOT_TOLD: Final = frozenset({"customer_id", "as_of", "horizon_days", "model", "exact_value", "exact_width"})
_NO_ROWS: Final = "no_transactions"
_NO_PURCHASE: Final = "No purchase counts among the transactions: the value is that of somebody who has not bought yet."


class DataScoring:
    """Scores what is sent by one release; making it takes a second or two, asking it milliseconds."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self._valuing = DataValuing(release)
        self._labeller = labeller_of(self._valuing.contract.labels)
        kept = kept_clusters(release)
        self._clustered = Clustered(kept.classifier, kept.ids, kept.names, 0.0) if kept else None
        names = (*NEEDED, *(kept.classifier.names if kept else ()))
        self._asked = list(dict.fromkeys(names))
        self._day = date.fromisoformat(release.manifest.as_of)

    def score(self, sent: SentCustomers) -> dict[str, Any]:  # Any: JSON
        """The answer for everybody sent, in their order; UsageError for what this release cannot be asked."""
        day = self._as_of(sent.as_of)
        try:
            valued = self._valuing.value(sent, day)
        except DataError as error:  # of figures that no model was made for
            raise UsageError(f"What was sent cannot be valued: {error.what}") from error
        scored = self._scored(valued, day)
        manifest = self.release.manifest
        return {
            "release": manifest.id,
            "as_of": day_of(day),
            "currency": manifest.currency,
            "model": manifest.champion,
            "horizon_days": manifest.horizon_days,
            "customers": [
                {
                    "reference": one.reference,
                    **_told_rows(valued, number),
                    **scored.get(number, _not_scored(valued, number)),
                }
                for number, one in enumerate(sent.customers)
            ],
        }

    def _as_of(self, asked: date | None) -> int:
        own = day_number(self._day)
        day = own if asked is None else day_number(asked)
        if not own - DAYS_BEFORE <= day <= own + DAYS_AFTER:
            raise UsageError(
                f"as_of {asked} is too far from the day of release {self.release.id}, {self._day}.",
                allowed=f"From {day_of(own - DAYS_BEFORE)} to {day_of(own + DAYS_AFTER)}.",
                to_do="Leave as_of away, or publish a newer release with 'patron run'.",
            )
        return day

    def _scored(self, valued: Valued, day: int) -> dict[int, dict[str, Any]]:  # Any: JSON
        """What is told of each customer who has a transaction, by number."""
        if valued.scores is None:
            return {}
        customers = numbered(valued.features.select(self._asked), day)
        worth = [
            {name: cell for name, cell in row.items() if name not in _NOT_TOLD} for row in valued.scores.to_pylist()
        ]
        expected = valued.scores.column("expected_value").to_numpy()
        groups = groups_of(self._labeller, self._clustered, customers, expected)
        silent = customers.column("days_since_last_purchase")
        return {
            number: {
                "score": row | {"confidence": sure},
                "groups": asdict(mine) | {"usual_gap": round(mine.usual_gap, 4)},
                "recommendation": asdict(recommendation(_standing(mine, int(silent[place])))),
                "caveats": [_NO_PURCHASE] if mine.lifecycle == "Not yet buying" else [],
                "not_scored": None,
            }
            for place, (number, row, sure, mine) in enumerate(
                zip(valued.numbers, worth, valued.confidence, groups, strict=True)
            )
        }


def score_data(release: Release, told: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON in, JSON out
    """Score customers by their data, as ``POST /v1/score`` does; UsageError naming the first field that is wrong."""
    try:
        sent = SentCustomers.model_validate(told)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise UsageError(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}.") from error
    return DataScoring(release).score(sent)


class DataScorings:
    """The scoring of the release that is asked for, made when it is first asked for and kept until another is."""

    def __init__(self) -> None:
        self._made: DataScoring | None = None
        self._making = Lock()

    def of(self, release: Release) -> DataScoring:
        held = self._made
        if held is not None and held.release.id == release.id:
            return held
        with self._making:
            if self._made is None or self._made.release.id != release.id:
                self._made = DataScoring(release)
            return self._made


def _standing(groups: Groups, silent: int) -> Standing:
    return Standing(groups.tier, groups.rfm_segment, groups.lifecycle, silent, groups.usual_gap)


def _told_rows(valued: Valued, number: int) -> dict[str, Any]:  # Any: JSON
    """What became of a customer's rows, and what is not known of them."""
    return {
        "counted": valued.arrived.counted[number],
        "duplicates": valued.arrived.duplicates[number],
        "set_aside": [asdict(one) for one in valued.arrived.aside[number]],
        "unknown_features": list(valued.unknown[number]),
    }


def _not_scored(valued: Valued, number: int) -> dict[str, Any]:  # Any: JSON
    """The answer for a customer without a transaction, whom no model values."""
    aside = len(valued.arrived.aside[number])
    detail = f"All {aside} transactions were set aside." if aside else "No transaction was sent."
    return {
        "score": None,
        "groups": None,
        "recommendation": None,
        "caveats": [],
        "not_scored": {"reason": _NO_ROWS, "detail": f"{detail} Nobody is valued without one."},
    }
