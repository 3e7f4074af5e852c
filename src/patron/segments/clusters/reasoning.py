"""Why a grouping was kept, in one sentence that also tells what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from patron.segments.clusters.criteria import Criteria

_A_LITTLE: Final = 0.1
_WORDS: Final = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


class Tried(Protocol):
    """What is told of a candidate."""

    @property
    def title(self) -> str: ...
    @property
    def k(self) -> int: ...
    @property
    def criteria(self) -> Criteria: ...
    @property
    def score(self) -> float: ...


def explained(verdict: str, chosen: Tried | None, candidates: Sequence[Tried]) -> str:
    """The choice in one sentence: what was kept, why, and what another number of segments would have given."""
    if chosen is None and verdict != "noise":
        tried = " or ".join(dict.fromkeys(one.title for one in candidates))
        return f"One group only: {tried} finds no second region, though another algorithm might."
    if chosen is None:
        return (
            "One group only: these customers spread around one centre, and cutting them up finds no more than it would "
            "find by chance."
        )
    begun = f"{chosen.k} segments by {chosen.title}: {_why(verdict, chosen.criteria)}"
    rivals = [one for one in candidates if one.k != chosen.k and one.k > 1 and one.criteria.in_no_group < _A_LITTLE]
    if not rivals:
        return f"{begun}."
    return f"{begun}; {_trade_off(chosen, max(rivals, key=lambda one: one.criteria.silhouette))}."


def _why(verdict: str, criteria: Criteria) -> str:
    again = f"found again in resamples at {criteria.stability:.2f} of 1"
    if verdict == "clear":
        return f"they stand clearly apart and are {again}"
    if verdict == "noise":
        return "as many as was asked for, though they are no more than chance would find"
    return f"customers pass gradually from one to the next, so the borders are drawn, yet they are {again} and tell value apart ({criteria.value_told:.2f} of 1)"


def _trade_off(chosen: Tried, rival: Tried) -> str:
    own, other = chosen.criteria, rival.criteria
    gain = other.silhouette - own.silhouette
    if gain <= 0:
        return f"no other number is separated more cleanly (the next is {rival.k}: {other.silhouette:.2f} against {own.silhouette:.2f})"
    much = "a little more cleanly" if gain < _A_LITTLE else "more cleanly"
    return f"{rival.k} would be separated {much} ({other.silhouette:.2f} against {own.silhouette:.2f}), {_but(chosen, rival)}"


def _but(chosen: Tried, rival: Tried) -> str:
    own, other = chosen.criteria, rival.criteria
    if other.value_told < own.value_told - 0.005:
        return f"but would tell value apart less ({other.value_told:.2f} against {own.value_told:.2f})"
    if other.valley < own.valley - 0.05:
        return "but would cut through a group that belongs together"
    if other.stability < own.stability - 0.005:
        return f"but would be found again less surely ({other.stability:.2f} against {own.stability:.2f})"
    if rival.k < chosen.k:
        return f"but {_WORDS[rival.k].lower()} groups would hide differences that can be acted on"
    return "but more segments would be harder to work with"
