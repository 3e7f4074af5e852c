"""Everything a release says of one customer: worth, groups, heading, behaviour, reasons, what would lift it, what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from patron.errors import DataError, UsageError
from patron.models.customers import Customers, FittedValueModel
from patron.releases.contents import Release
from patron.reports import customer_rows as rows
from patron.reports.customer_facts import Change, CustomerFacts
from patron.reports.customer_page import customer_html
from patron.reports.customer_reasons import TierAhead, explained_value, kept_clusters, tier_ahead
from patron.reports.customer_words import Told, customer_sections, customer_text
from patron.reports.overridden import published
from patron.reports.set_by_hand import told as beside
from patron.scores.explanation import CustomerExplanation, release_model


@dataclass(frozen=True)
class CustomerReport(CustomerFacts):
    """Everything a release says of one customer; printed, or shown in a notebook, it reads as a page."""

    @property
    def sections(self) -> tuple[Told, ...]:
        """The page as sections of labelled lines."""
        return customer_sections(self)

    def __str__(self) -> str:
        return customer_text(self.sections)

    def _repr_html_(self) -> Markup:
        return customer_html(self.sections)


def customer_report(release: Release, customer_id: str) -> CustomerReport:
    """Everything about one customer; NothingThere, with the ids that look alike, for one whom the release does not have.

    Reasons are the model's, of what was published, also where people set something over it.
    """
    own, set_by_hand = published(release)
    model, groups = rows.score_row(own, customer_id), rows.segment_row(own, customer_id)
    scores, segments = rows.score_row(release, customer_id), rows.segment_row(release, customer_id)
    manifest, told = release.manifest, release.segmentation()
    customer = rows.described_customer(release, customer_id)
    explanation, ahead, not_told = _reasons(own, customer, model["expected_value"], str(groups.get("tier")))
    clusters = kept_clusters(release) if segments.get("cluster_id") is not None else None
    return CustomerReport(
        customer_id=customer_id,
        release=release.id,
        as_of=date.fromisoformat(manifest.as_of),
        horizon_days=manifest.horizon_days,
        currency=manifest.currency,
        scores=scores,
        segments=segments,
        behaviour=rows.behaviour_row(release, customer_id),
        engagement_points=told.get("behaviour", {}).get("points", {}),
        rules=tuple(rows.rules_of(release, customer_id)),
        cluster=clusters.of_customer(customer, int(segments["cluster_id"])) if clusters else None,
        explanation=explanation,
        ahead=ahead,
        not_told=not_told,
        moves=tuple(rows.move_rows(release, customer_id)),
        overrides=beside(set_by_hand.of(customer_id), {**model, **groups}),
        change=_change(rows.bridge_row(release, customer_id), told.get("bridge", {})),
    )


def _reasons(
    release: Release, customer: Customers, expected_value: float, tier: str
) -> tuple[CustomerExplanation | None, TierAhead | None, tuple[str, ...]]:
    """The explanation and the way up; a model that cannot be read back costs those two, not the rest of the page."""
    try:
        fitted = release_model(release)
    except (DataError, UsageError) as error:
        return None, None, (f"Why the value is what it is cannot be told: {error}",)
    explanation, why = _explanation(release, fitted, customer, expected_value)
    try:
        return explanation, tier_ahead(release, fitted, customer, tier), why
    except DataError as error:
        return explanation, None, (*why, f"What would lift the customer cannot be told: {error}")


def _explanation(
    release: Release, fitted: FittedValueModel, customer: Customers, expected_value: float
) -> tuple[CustomerExplanation | None, tuple[str, ...]]:
    try:
        return explained_value(release, fitted, customer, expected_value), ()
    except (DataError, UsageError) as error:
        return None, (f"Why the value is what it is cannot be told: {error}",)


def _change(row: Mapping[str, Any], told: Mapping[str, Any]) -> Change | None:  # Any: a row of the bridge; plain data
    if not row or not told.get("previous"):
        return None
    since = date.fromisoformat(told["previous_as_of"])
    return Change(str(told["previous"]), since, rows.bridge_sums(dict(row)), str(told.get("undivided") or ""))
