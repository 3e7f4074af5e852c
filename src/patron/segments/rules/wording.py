"""A rule in a sentence, in words that a reader who never saw patron.toml understands."""

from __future__ import annotations

from typing import Final

from patron.features.words import words_of
from patron.segment_terms import Scalar, SegmentRule, Where

_SAID: Final = {
    "is": "is",
    "is_not": "is known and not",
    "above": "is above",
    "at_least": "is at least",
    "below": "is below",
    "at_most": "is at most",
}


def rule_text(rule: SegmentRule) -> str:
    """Who belongs to a rule's group, in words: "Number of orders is at least 5, and value tier is not missing."."""
    text = _told(rule.where, outermost=True)
    return f"{text[:1].upper()}{text[1:]}."


def _told(where: Where, *, outermost: bool = False) -> str:
    if where.shape == "column":
        return _comparison(where)
    parts = [_told(part) for _, part in where.parts]
    if where.shape == "not":
        inner = where.parts[0][1]
        return f"not {parts[0]}" if inner.shape in ("all", "any") and len(inner.parts) > 1 else f"not ({parts[0]})"
    if len(parts) == 1:
        return parts[0]
    joined = (", and " if outermost else " and ") if where.shape == "all" else (", or " if outermost else " or ")
    return joined.join(parts) if outermost else f"({joined.join(parts)})"


def _comparison(where: Where) -> str:
    noun, test = words_of(where.column or "").noun, where.test
    if test == "missing":
        return f"{noun} is missing" if where.limit else f"{noun} is known"
    limits = [_shown(limit) for limit in where.limits]
    if test == "in":
        return f"{noun} is one of {', '.join(limits)}"
    if test == "between":
        return f"{noun} is from {limits[0]} to {limits[1]}"
    return f"{noun} {_SAID[test]} {limits[0]}"


def _shown(limit: Scalar) -> str:
    if isinstance(limit, bool):
        return "true" if limit else "false"
    return limit if isinstance(limit, str) else f"{limit:,}" if isinstance(limit, int) else f"{limit:,.15g}"
