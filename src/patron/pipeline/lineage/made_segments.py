"""What the steps that group, foresee and watch customers make, column by column, and from which columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from patron.models.valuing.process_value import INPUTS as PROCESS
from patron.origins import Made
from patron.pipeline.lineage.made_from import FEATURES, PAST
from patron.segment_terms import SegmentRule
from patron.segments.behaviour.engagement import POINTS
from patron.segments.behaviour.engagement import USED as ENGAGEMENT
from patron.segments.clusters.facets import cluster_columns
from patron.segments.labels import RFM_NEEDS
from patron.segments.lifecycle import NEEDED as STAGE
from patron.segments.movement.outlook import NEEDED as OUTLOOK
from patron.segments.movement.outlook import SEASON
from patron.segments.rules.customers import asked_columns
from patron.segments.seasons import NEEDED as SEASONS
from patron.tables import BEHAVIOUR, SCORES, SEGMENTS

BEFORE: Final = "release.the release before"
VALUE: Final = "gold.scores.expected_value"
_BROUGHT: Final = f"{FEATURES}.trailing_value"
_OUTCOMES: Final = ("work.past_outcomes.future_value", "work.past_outcomes.future_orders")
_PLAN: Final = ("work.facts.plan",)
_CALM: Final = ("setting.segments.hysteresis",)
_CUTS: Final = tuple(f"setting.segments.{name}" for name in ("tiers_by", "high_share", "medium_share"))
_SEED: Final = ("setting.models.seed",)


def recalled(groups: Sequence[str], located: Collection[str]) -> dict[str, tuple[Made, ...]]:
    """work.previous_segments and work.places, given the columns of customer_groups and of customers that tell places."""
    told = ("tier", "rfm_segment", "lifecycle", "cluster_id", "cluster")
    numbers = {"value": "expected_value", "orders": "orders"}
    scores = ("recency_score", "frequency_score", "monetary_score")
    names = {name: name for name in (*told, *scores)} | numbers
    words = "what the release before said"
    before = (
        Made("customer_id", "copied", (f"{BEFORE}.customer_id",), words),
        *(Made(f"before_{one}", "copied", (f"{BEFORE}.{name}",), words) for one, name in names.items()),
    )
    wheres = (*(f"work.customer_groups.{name}" for name in groups), *(f"silver.customers.{name}" for name in located))
    place = ("setting.segments.least_place", *wheres)
    places = (
        Made("customer_id", "copied", (f"{FEATURES}.customer_id",), ""),
        Made("place", "computed", place, "the finest area that holds enough customers"),
        Made("branch", "copied", tuple(f"work.customer_groups.{name}" for name in groups if name == "branch"), ""),
    )
    return {"previous_segments": before, "places": places}


def segmented(features: Collection[str]) -> tuple[Made, ...]:
    """gold.segments, given all features."""
    scores = tuple(f"gold.segments.{name}_score" for name in ("recency", "frequency", "monetary"))
    stage, rfm = _of(STAGE), _of(RFM_NEEDS)
    clusters = (
        *_of(cluster_columns(features)),
        _BROUGHT,
        *_SEED,
        "setting.segments.clusters",
        "setting.segments.cluster_count",
    )
    clusters = (
        *clusters,
        *_before("cluster_id", "customer_id"),
        f"{FEATURES}.customer_id",
        "setting.models.sample_customers",
    )
    heading = (*_learnt((*OUTLOOK, *({SEASON} & set(features)))), *_CUTS)
    return (
        Made("customer_id", "copied", ("gold.scores.customer_id",), ""),
        Made("as_of", "copied", ("gold.scores.as_of",), ""),
        Made("raw_tier", "computed", (VALUE, *_CUTS), "by share of value, or of customers"),
        Made("tier", "computed", (VALUE, *_CUTS, *_CALM, *_before("tier")), "the tier before, while a value a little off would give it"),
        Made("recency_score", "computed", (f"{FEATURES}.days_since_last_purchase",), "fifths by rank, 5 for the latest"),
        Made("frequency_score", "computed", (f"{FEATURES}.orders",), "fifths by rank; one purchase or none is 1"),
        Made("monetary_score", "computed", (f"{FEATURES}.historic_value",), "fifths by rank"),
        Made("raw_rfm_segment", "computed", scores, "each of the 125 cells has one name"),
        Made("rfm_segment", "computed", (*rfm, *stage, *_CALM, *_before("rfm_segment")), "the name before, while numbers a little off would give it"),
        Made("raw_lifecycle", "computed", stage, "today's pause in the customer's own rhythm"),
        Made("lifecycle", "computed", (*stage, *_CALM, *_before("lifecycle")), "the stage before, while a pause a little off would give it"),
        Made("raw_cluster_id", "learnt", clusters, "clusters of behaviour, found on a sample and told to everybody by a classifier"),
        Made("cluster_id", "learnt", (*clusters, *_CALM), "the cluster before, while the classifier hardly prefers another"),
        Made("cluster", "computed", ("gold.segments.cluster_id", *clusters, *_before("cluster")), "named by what sets it apart, once"),
        Made("cluster_chance", "learnt", (*clusters, *_CALM), "how sure the classifier is"),
        Made("seasonal_type", "computed", _of(SEASONS), "when purchases fall, where that is more than chance"),
        Made("place", "copied", ("work.places.place",), ""),
        Made("branch", "copied", ("work.places.branch",), ""),
        Made("brought_tier", "computed", (_BROUGHT, *_CUTS), "by share of what was brought, or of customers"),
        Made("next_tier", "learnt", heading, "what became of such customers on past days"),
        Made("next_tier_chance", "learnt", heading, "what became of such customers on past days"),
        Made("tier_outlook", "computed", ("gold.segments.brought_tier", "gold.segments.next_tier"), "the one beside the other"),
        Made("next_rfm_segment", "learnt", (*heading, "gold.segments.rfm_segment", *_of(RFM_NEEDS)), "what became of such customers on past days"),
        Made("next_rfm_chance", "learnt", (*heading, "gold.segments.rfm_segment", *_of(RFM_NEEDS)), "what became of such customers on past days"),
    )  # fmt: skip


def moved() -> tuple[Made, ...]:
    """gold.moves."""
    views = ("tier", "rfm_segment", "lifecycle", "cluster")
    now = tuple(f"gold.segments.{view}" for view in views)
    before = _before(*views)
    why = (*_of(("orders", "days_since_last_purchase", *STAGE)), VALUE, *_before("value", "orders"), *now, *before)
    both = ("gold.segments.cluster_id", *_before("cluster_id"))
    return (
        Made("customer_id", "filtered", ("gold.segments.customer_id", *now, *before, *both), "whose group is another one"),
        Made("view", "computed", (*now, *before, *both), "in which view"),
        Made("before", "copied", before, ""),
        Made("now", "copied", now, ""),
        Made("because", "computed", (*why, *both, *_of(()), *_before("recency_score", "frequency_score", "monetary_score")), "what has changed since"),
        Made("value_before", "copied", (*_before("value"), *both, *now), ""),
        Made("value_now", "copied", (VALUE, *both, *now), ""),
    )  # fmt: skip


def belonging(rules: Sequence[SegmentRule]) -> tuple[Made, ...]:
    """gold.members."""
    told = tuple(_home(column) for column in asked_columns(rules))
    own = ("setting.segments.rules",)
    return (
        Made("customer_id", "filtered", ("gold.scores.customer_id", *told, *own), "who meets a rule"),
        Made("rule", "computed", (*told, *own), "the rule's name"),
    )


def behaved(features: Collection[str]) -> tuple[Made, ...]:
    """gold.behaviour, given all features."""
    process, engaged = _of(PROCESS), _of(name for name in ENGAGEMENT if name in features)
    alert = (*process, *engaged, _BROUGHT, *_learnt((*PROCESS, *(name for name in ENGAGEMENT if name in features))))
    risk = (*_learnt((*PROCESS, "trailing_value")), "work.past_outcomes.future_early_value", _BROUGHT, VALUE)
    rising = (_BROUGHT, VALUE, *_CUTS)
    parts = (Made(f"engagement_{part}", "computed", engaged, "points, beside other customers") for part in POINTS)
    return (
        Made("customer_id", "copied", ("gold.scores.customer_id",), ""),
        Made("as_of", "copied", ("gold.scores.as_of",), ""),
        Made("churn_chance", "copied", ("gold.scores.probability_no_purchase",), ""),
        Made("engagement", "computed", engaged, "the sum of its parts"),
        *parts,
        Made("alert", "learnt", alert, "the chance to fall off, highest first"),
        Made("alert_chance", "learnt", alert, "who fell off on past days"),
        Made("alert_because", "computed", (*alert, "gold.scores.probability_no_purchase"), "the signs, in words"),
        Made("usual_value", "computed", (_BROUGHT, *_PLAN), "the last horizon, told for 90 days"),
        Made("value_at_risk", "learnt", risk, "what may fall short of the usual value"),
        Made("value_at_risk_tail", "learnt", risk, "what one case in twenty exceeds"),
        Made("savable_value", "learnt", risk, "the part of those who are still there"),
        Made("rising", "computed", rising, "a tenth of those below the high tier"),
        Made("potential", "computed", (_BROUGHT, VALUE), "expected less brought"),
    )


def bridged(features: Collection[str], prepared: Iterable[str]) -> tuple[Made, ...]:
    """gold.bridge, given all features and the columns of the prepared tables that they are made of."""
    then, now, ends = tuple(prepared), _of(features), (VALUE,)
    old = _release("the model and its settings", "customer_id", "expected_value")
    own_day, plan = _release(*features), _PLAN
    return (
        Made("customer_id", "copied", ("gold.scores.customer_id", *_release("customer_id")), ""),
        Made("value_before", "copied", _release("expected_value"), "0 for who was not in it"),
        Made("new", "computed", (*ends, *_release("customer_id")), "the value of who was not in the release before"),
        Made("purchases", "learnt", (*then, *now, *old, *plan), "the model before: without refunds − as if nothing had happened"),
        Made("silence", "learnt", (*then, *old, *plan), "the model before: as if nothing had happened − its own day told again"),
        Made("refunds", "learnt", (*then, *now, *old, *plan), "the model before: today − the same without refunds"),
        Made("corrections", "learnt", (*then, *own_day, *old), "the model before: its own day told again − as it was told"),
        Made("model_change", "learnt", (*now, *old, *ends, "work.facts.contest"), "value now − the model before, of today"),
        Made("overrides", "computed", (*ends, *_release("expected_value")), "published − the model's own value, now − then"),
        Made("value_now", "copied", ends, "0 for who is gone"),
    )  # fmt: skip


def _home(column: str) -> str:
    """The gold column that a rule's column names; scores stand over segments, those over behaviour, and all over features."""
    if column in SCORES.names:
        return f"gold.scores.{column}"
    if column in SEGMENTS.names:
        return f"gold.segments.{column}"
    return f"gold.behaviour.{column}" if column in BEHAVIOUR.names else f"{FEATURES}.{column}"


def _of(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{FEATURES}.{name}" for name in names)


def _release(*names: str) -> tuple[str, ...]:
    return tuple(f"{BEFORE}.{name}" for name in names)


def _before(*names: str) -> tuple[str, ...]:
    """Columns of the release before, as work.previous_segments holds them where it does."""
    return tuple(
        f"work.previous_segments.before_{name}" if name in _REMEMBERED else f"{BEFORE}.{name}" for name in names
    )


_REMEMBERED: Final = frozenset(
    [
        "tier",
        "rfm_segment",
        "lifecycle",
        "cluster_id",
        "cluster",
        "value",
        "orders",
        "recency_score",
        "frequency_score",
        "monetary_score",
    ]
)


def _learnt(names: Iterable[str]) -> tuple[str, ...]:
    """Features of today and of past days, and what came after those."""
    told = tuple(names)
    return (*_of(told), *(f"{PAST}.{name}" for name in told), *_OUTCOMES, *_PLAN, *_SEED)
