"""The bridge between two releases as the report tells it: a headline, and the customers who changed most."""

from __future__ import annotations

from dataclasses import dataclass

from patron.reports.bridge_words import moves_of, part_names, signed_money, step_of
from patron.reports.segment_answers import BridgeTold, Told
from patron.reports.wording import printable, sentence
from patron.scores.bridge import SCALE, Sums

_UNIT = 10**SCALE


@dataclass(frozen=True)
class ChangeRow:
    """One customer or group: what they were worth, what they are worth now, and the largest part of the change."""

    name: str
    before: float
    change: str
    now: float
    mostly: str
    customers_before: int
    customers_now: int


def finding(bridge: BridgeTold) -> str:
    """How much more or less the portfolio is worth."""
    return bridge.sentence.partition(": ")[0].rstrip(".")


def parts_sentence(bridge: BridgeTold) -> str:
    """The parts of the change, the largest first."""
    return sentence(bridge.sentence.partition(": ")[2])


def no_bridge_sentence(bridge: BridgeTold | None) -> str:
    """Why there is no bridge."""
    why = f": {printable(bridge.why)}" if bridge and bridge.why else ""
    return f"Why values changed cannot be told{why}."


def change_rows(told: tuple[Told, ...], bridge: BridgeTold, *, of: str = "customer_id") -> tuple[ChangeRow, ...]:
    """Customers or groups with the largest part of each change."""
    return tuple(_row(str(one.get(of, "")), Sums.from_dict(one), bridge) for one in told)


def _row(name: str, sums: Sums, bridge: BridgeTold) -> ChangeRow:
    step, names = step_of(sums), part_names(bridge.undivided)
    moves = moves_of(sums)
    part = max(moves, key=lambda one: abs(moves[one]))
    mostly = f"{signed_money(moves[part], bridge.currency, step)} {names[part]}" if moves[part] else ""
    change = signed_money(sums.change, bridge.currency, step)
    ends = (sums.before / _UNIT, change, sums.now / _UNIT)
    return ChangeRow(name, *ends, mostly, sums.customers_before, sums.customers_now)
