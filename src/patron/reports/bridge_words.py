"""The bridge in words: how much more or less customers are worth than at the earlier release, and what made the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from patron.reports.wording import day, listed, money, sentence
from patron.scores.bridge import SCALE, Sums

PART_WORDS: Final = {
    "new": "new customers",
    "purchases": "purchases",
    "silence": "silence",
    "refunds": "refunds",
    "corrections": "corrected data",
    "model_change": "model change",
    "overrides": "overrides",
    "moved_in": "moved in",
    "moved_out": "moved out",
}
PART_MEANINGS: Final = {
    "new": "customers who were not in the earlier release",
    "purchases": "what customers bought in between, and what else they did",
    "silence": "what customers would be worth by now had they done nothing, less what they were worth",
    "refunds": "what customers gave back in between",
    "corrections": "rows of before the earlier day that came, changed or went since",
    "model_change": "today's model and settings instead of the earlier ones, for the same history",
    "overrides": "what people set values to, beside what the model says",
    "moved_in": "what those who came from another segment were worth",
    "moved_out": "what those who left for another segment were worth",
}
_UNDIVIDED: Final = "all else"
_UNIT: Final = 10**SCALE
_CENT: Final = _UNIT // 100
_FIGURES: Final = 3


def bridge_sentence(
    sums: Sums,
    currency: str,
    since: date,
    today: date,
    *,
    who: str = "The portfolio",
    changed: Sequence[str] = (),
    undivided: str = "",
) -> str:
    """'The portfolio is worth £41,200 less than on 5 March 2026: −£63,000 silence, +£18,400 purchases.'

    The largest part comes first; parts are rounded so that they add up to the rounded change. ``changed`` names what the
    model change consists of, ``undivided`` says why only the ends are known, where that is so.
    """
    step = step_of(sums)
    parts = rounded_parts(sums, step)
    change = sum(parts.values())
    then = f"on {day(since)}" if since < today else "the earlier release said"
    if change:
        size = money(abs(change) / _UNIT, currency, step / _UNIT)
        told = f"{who} is worth {size} {'more' if change > 0 else 'less'} than {then}"
    else:
        told = f"{who} is worth as much as {then}"
    largest = sorted((part for part in parts if parts[part]), key=lambda part: -abs(parts[part]))
    names = part_names(undivided, changed)
    words = ", ".join(f"{signed_money(parts[part], currency, step)} {names[part]}" for part in largest)
    told = sentence(f"{told}: {words}" if words else told)
    return f"{told} What makes up the rest cannot be told: {undivided}." if undivided else told


def part_names(undivided: str = "", changed: Sequence[str] = ()) -> dict[str, str]:
    """The name of each part in plain words; ``changed`` stands behind the model change."""
    model = _UNDIVIDED if undivided else PART_WORDS["model_change"]
    return PART_WORDS | {"model_change": f"{model} ({listed(changed)})" if changed else model}


def step_of(sums: Sums) -> int:
    """The power of ten, in ten-thousandths, that leaves the largest amount three figures; a hundredth at least."""
    largest = max(abs(amount) for amount in (*_moves(sums).values(), sums.change))
    return max(_CENT, int(10 ** (len(str(largest)) - _FIGURES))) if largest else _CENT


def rounded_parts(sums: Sums, step: int) -> dict[str, int]:
    """The parts in whole steps that add up to the change in whole steps: what is left over goes to the largest remainders."""
    parts = _moves(sums)
    floors = {part: amount // step * step for part, amount in parts.items()}
    left = (round(sums.change / step) * step - sum(floors.values())) // step
    ordered = sorted(parts, key=lambda part: floors[part] - parts[part])
    return {part: floor + step * (part in ordered[:left]) for part, floor in floors.items()}


def signed_money(amount: int, currency: str, step: int) -> str:
    """Ten-thousandths with their sign: '+£18,400', '−£63,000'."""
    words = money(amount / _UNIT, currency, step / _UNIT)
    return words if amount < 0 else f"+{words}"


def _moves(sums: Sums) -> Mapping[str, int]:
    return {**sums.parts, "moved_in": sums.moved_in, "moved_out": sums.moved_out}
