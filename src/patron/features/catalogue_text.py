"""The catalogue of features as Markdown, for the documentation."""

from __future__ import annotations

from itertools import groupby

from patron.features.catalogue import FEATURES
from patron.features.feature import Feature

_HEADINGS = {
    "rfm": "Recency, frequency, value",
    "gaps": "Time between purchases",
    "trend": "Trend",
    "basket": "Basket",
    "breadth": "Breadth",
    "refunds": "Refunds",
    "places": "Branches and channels",
    "seasons": "Seasons",
    "cohort": "Cohort",
    "discounts": "Discounts",
    "campaigns": "Campaigns",
    "engagement": "Engagement",
    "reviews": "Reviews",
    "contracts": "Contracts",
}


def catalogue_markdown() -> str:
    """One table per family, in catalogue order: name, meaning, formula, unit, window, what must be mapped."""
    families = groupby(FEATURES, key=lambda feature: feature.family)
    return "\n".join(_family_table(family, tuple(features)) for family, features in families)


def needs_words(feature: Feature) -> str:
    """What must be mapped for a feature, in words; '–' when transactions are enough."""
    return " or ".join(" and ".join(group) for group in feature.needs) or "–"


def _family_table(family: str, features: tuple[Feature, ...]) -> str:
    lines = [
        f"## {_HEADINGS[family]}",
        "",
        "| name | meaning | formula | unit | window | needs |",
        "|---|---|---|---|---|---|",
        *(f"| `{f.name}` | {f.meaning} | {f.formula} | {f.unit} | {f.window} | {needs_words(f)} |" for f in features),
    ]
    return "\n".join(lines) + "\n"
