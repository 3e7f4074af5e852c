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
_FIGURES_OF_ENDS: Final = 5


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

    The largest part comes first; parts are rounded so that they add up to the rounded change, and one that is not nothing is
    never left out: where it rounds to nothing it is "under" the step. ``changed`` names what the
    model change consists of, ``undivided`` says why only the ends are known, where that is so.
    """
    step = step_of(sums)
    exact, parts = moves_of(sums), rounded_parts(sums, step)
    change = sum(parts.values())
    then = f"on {day(since)}" if since < today else "the earlier release said"
    if change:
        size = money(abs(change) / _UNIT, currency, step / _UNIT)
        told = f"{who} is worth {size} {'more' if change > 0 else 'less'} than {then}"
    else:
        told = f"{who} is worth as much as {then}"
    largest = sorted((part for part in exact if exact[part]), key=lambda part: (-abs(parts[part]), -abs(exact[part])))
    names = part_names(undivided, changed)
    words = ", ".join(f"{part_money(exact[part], parts[part], currency, step)} {names[part]}" for part in largest)
    told = sentence(f"{told}: {words}" if words else told)
    return f"{told} What makes up the rest cannot be told: {undivided}." if undivided else told


def part_names(undivided: str = "", changed: Sequence[str] = ()) -> dict[str, str]:
    """The name of each part in plain words; ``changed`` stands behind the model change."""
    model = _UNDIVIDED if undivided else PART_WORDS["model_change"]
    return PART_WORDS | {"model_change": f"{model} ({listed(changed)})" if changed else model}


def step_of(sums: Sums) -> int:
    """The power of ten, in ten-thousandths, that leaves the largest amount three figures; a hundredth at least."""
    return _step(max(abs(amount) for amount in (*moves_of(sums).values(), sums.change)), _FIGURES)


def row_step_of(sums: Sums) -> int:
    """The same for a row that tells both ends in short: it leaves the larger end five figures."""
    return max(step_of(sums), _step(max(abs(sums.before), abs(sums.now)), _FIGURES_OF_ENDS))


def rounded_parts(sums: Sums, step: int) -> dict[str, int]:
    """The parts in whole steps that add up to the change in whole steps: what is left over goes to the largest remainders."""
    return rounded_amounts(moves_of(sums), step)


def rounded_amounts(amounts: Mapping[str, int], step: int) -> dict[str, int]:
    """Amounts in whole steps that add up to their sum in whole steps; each is less than a step off."""
    floors = {part: amount // step * step for part, amount in amounts.items()}
    left = (round(sum(amounts.values()) / step) * step - sum(floors.values())) // step
    ordered = sorted(amounts, key=lambda part: floors[part] - amounts[part])
    return {part: floor + step * (part in ordered[:left]) for part, floor in floors.items()}


def rounded_ends(sums: Sums, step: int) -> tuple[int, int]:
    """What it was and what it is in whole steps, so that the rounded parts lead from the one to the other."""
    now = round(sums.now / step) * step
    return now - sum(rounded_parts(sums, step).values()), now


def part_money(exact: int, shown: int, currency: str, step: int) -> str:
    """A part as it is told: '+£18,400', or '−under £100' where it is not nothing, yet less than a step and rounded to none."""
    if shown or not exact:
        return signed_money(shown, currency, step)
    return f"{'+' if exact > 0 else '−'}under {money(step / _UNIT, currency, step / _UNIT)}"


def signed_money(amount: int, currency: str, step: int) -> str:
    """Ten-thousandths with their sign: '+£18,400', '−£63,000'."""
    words = money(amount / _UNIT, currency, step / _UNIT)
    return words if amount < 0 else f"+{words}"


def moves_of(sums: Sums) -> Mapping[str, int]:
    """Every part of the change, and what came from and went to other segments."""
    return {**sums.parts, "moved_in": sums.moved_in, "moved_out": sums.moved_out}


def _step(largest: int, figures: int) -> int:
    return max(_CENT, int(10 ** (len(str(largest)) - figures))) if largest else _CENT
