"""Why a customer belongs to another group than before, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patron.currencies import with_currency
from patron.segments.labels import Labeller
from patron.segments.rfm import Scores
from patron.segments.tiers import TIERS

Floats = NDArray[np.float64]
Words = NDArray[np.str_]
Texts = NDArray[np.object_]
Columns = Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class Before:
    """The labels and numbers of these customers in the release before: '' and NaN for who was not in it."""

    tier: Words
    rfm_segment: Words
    lifecycle: Words
    cluster: Words
    value: Floats
    orders: Floats
    scores: tuple[Floats, Floats, Floats]


@dataclass(frozen=True)
class MoveReasons:
    """Words for moves, with the borders they crossed, the currency of their money, and whether another model made the values.

    ``began`` tells where the tiers began in the release before.
    """

    labeller: Labeller
    currency: str
    began: Mapping[str, float | None]
    another_model: bool = False

    def tier(self, before: Before, now: Words, value: Floats) -> Texts:
        """'Expected value rose from €120 to €340; high begins at €250.' for each who moved, None for others."""
        told = _nothing(now)
        model = " Another model values customers since." if self.another_model else ""
        for row in _moved(before.tier, now):
            old, new = float(before.value[row]), float(value[row])
            upper = min(str(before.tier[row]), str(now[row]), key=TIERS.index)
            border, then = getattr(self.labeller.tiers, upper), self.began.get(upper)
            shifted = border is not None and then is not None and _changed(then, border)
            moved = f"rose from {self.money(old)} to" if new > old else f"fell from {self.money(old)} to"
            lead = f"Expected value {moved if _changed(old, new) else 'is, as before,'} {self.money(new)}"
            begins = "" if border is None else f"; {upper} begins at {self.money(border)}"
            was = f" ({self.money(then)} before)" if shifted and then is not None else ""
            told[row] = f"{lead}{begins}{was}.{model}"
        return told

    def rfm(self, before: Before, now: Words, columns: Columns, scores: tuple[Scores, Scores, Scores]) -> Texts:
        """What made the scores another: purchases since, or the days without one."""
        told = _nothing(now)
        for row in _moved(before.rfm_segment, now):
            bought = _bought(before, columns, row)
            days = int(np.nan_to_num(columns["days_since_last_purchase"][row]))
            changed = [
                f"{name} {_went(float(old[row]), float(new[row]))} from {old[row]:.0f} to {new[row]}"
                for name, old, new in zip(("recency", "frequency", "money"), before.scores, scores, strict=True)
                if np.isfinite(old[row]) and old[row] != new[row]
            ]
            did = f"Bought {_times(bought)} since" if bought > 0 else f"No purchase for {_days(days)}"
            told[row] = f"{did}: {_listed(changed)}." if changed else f"{did}, while the borders between scores moved."
        return told

    def lifecycle(self, before: Before, now: Words, columns: Columns) -> Texts:
        """How today's pause stands to the usual one."""
        told = _nothing(now)
        pauses, usual = self.labeller.rhythm.pauses(columns), self.labeller.rhythm.own_gap(columns)
        for row in _moved(before.lifecycle, now):
            days = int(np.nan_to_num(columns["days_since_last_purchase"][row]))
            bought = _bought(before, columns, row)
            lead = f"Bought {_times(bought)} since; the" if bought > 0 else "The"
            told[row] = (
                f"{lead} last purchase was {_days(days)} ago, {pauses[row]:.1f} times the usual pause of {_days(round(usual[row]))}."
            )
        return told

    def money(self, amount: float) -> str:
        return with_currency(f"{abs(amount):,.{0 if abs(amount) >= 100 else 2}f}", amount < 0, self.currency)


def _bought(before: Before, columns: Columns, row: int) -> int:
    """How many orders came since; none where the release before did not tell."""
    since = columns["orders"][row] - before.orders[row]
    return int(since) if np.isfinite(since) else 0


def _nothing(now: Words) -> Texts:
    return np.full(len(now), None, dtype=object)


def _moved(before: Words, now: Words) -> list[int]:
    return [int(row) for row in np.flatnonzero((before != "") & (before != now))]


def _changed(old: float, new: float) -> bool:
    return abs(new - old) > 0.01 * max(abs(old), abs(new))


def _went(old: float, new: float) -> str:
    return "rose" if new > old else "fell"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
