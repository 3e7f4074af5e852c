"""What is usual among one's own: quartiles of positive figures per group, and how far beyond them is far.

Quartiles are found by rank among the counts of equal values: exact, and alike on every engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import ibis
import ibis.expr.types as ir

FEWEST: Final = 20  # figures of a group, below which nothing is called usual
# Tukey's outer fence on the logarithm: three times the spread of the middle half beyond it. A group whose middle half
# lies closer together than 1 : 2 is taken to spread that much, or a cent's difference from a fixed price would be far.
FENCE: Final = 3
_LEAST_SPREAD: Final = 2.0


def far_from_peers(rows: ir.Table, group: Sequence[str], figure: str) -> ir.Table:
    """The rows whose figure (positive) lies far beyond the quartiles of their group, with those as ``low_quarter`` and ``high_quarter``."""
    figures = rows.filter(rows[figure] > 0)
    sizes = figures.group_by(list(group)).aggregate(
        _figures=figures.count(), _least=figures[figure].min(), _most=figures[figure].max()
    )
    # A figure beyond the fence is more than eight times another of its group: few groups have such.
    wide = sizes._most.cast("float64") > sizes._least.cast("float64") * _LEAST_SPREAD**FENCE
    asked = figures.semi_join(sizes.filter((sizes._figures >= FEWEST) & wide), list(group))
    counted = asked.group_by([*group, figure]).aggregate(_copies=asked.count())
    same = [counted[name] for name in group]
    placed = counted.mutate(
        _up_to=counted._copies.sum().over(ibis.window(group_by=same, order_by=counted[figure], rows=(None, 0))),
        _all=counted._copies.sum().over(ibis.window(group_by=same)),
    )
    value = placed[figure].cast("float64")
    quartiles = placed.group_by(list(group)).aggregate(
        low_quarter=value.min(where=placed._up_to * 4 >= placed._all),
        high_quarter=value.min(where=placed._up_to * 4 >= placed._all * 3),
    )
    spread = quartiles.high_quarter / quartiles.low_quarter
    reach = (spread > _LEAST_SPREAD).ifelse(spread, _LEAST_SPREAD)
    fences = quartiles.mutate(_reach=reach * reach * reach)
    found = asked.join(fences, list(group))
    told = found[figure].cast("float64")
    far = (told > found.high_quarter * found._reach) | (told * found._reach < found.low_quarter)
    return found.filter(far).drop("_reach")
