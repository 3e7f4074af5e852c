"""An explanation: a base that is the same for everybody, and what each input adds to it or takes away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from patron.errors import DataError
from patron.models.arrays import Flags, Floats, Integers

ROUNDING: Final = 1e-4
"""Trees answer in 32 bits: by so much of the score may the parts miss it before they are made to meet it."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Of each customer: score = base + the sum of its contributions, all in money.

    ``base`` (rows) is one number for everybody: what is expected of the typical customer, where boosted trees add the mean of
    what they learnt from in place of what they say of it. ``contributions`` has a row per customer and a column per name.
    """

    base: Floats
    names: tuple[str, ...]
    contributions: Floats
    score: Floats

    def __len__(self) -> int:
        return len(self.score)

    def rows(self, chosen: Flags | Integers) -> Explanation:
        """The chosen customers only."""
        return Explanation(self.base[chosen], self.names, self.contributions[chosen], self.score[chosen])

    def importance(self) -> dict[str, float]:
        """The mean size of each input's contribution, in money, largest first."""
        if not len(self):
            return dict.fromkeys(self.names, 0.0)
        sizes = np.abs(self.contributions).mean(axis=0)
        order = sorted(range(len(self.names)), key=lambda place: (-sizes[place], self.names[place]))
        return {self.names[place]: float(sizes[place]) for place in order}

    def closed(self, score: Floats) -> Explanation:
        """The same for the score as it was told: what rounding left open is shared by size of contribution.

        Raises DataError where more than rounding is left open: then this is no explanation of that score.
        """
        left = score - self.base - self.contributions.sum(axis=1)
        sizes = np.abs(self.contributions)
        total = sizes.sum(axis=1, keepdims=True)
        wrong = np.flatnonzero(np.abs(left) > ROUNDING * (np.abs(score) + np.abs(self.base) + total[:, 0]))
        if wrong.size:
            row = wrong[0]
            raise DataError(
                f"The contributions of row {row} miss its score of {score[row]:g} by {left[row]:g}.",
                to_do="This is a fault of the explanation: please report it.",
            )
        share = np.divide(sizes, total, out=np.zeros_like(sizes), where=total > 0)
        return replace(self, contributions=self.contributions + share * left[:, None], score=score)


def explained(base: Floats, parts: Iterable[tuple[str, Floats]]) -> Explanation:
    """An explanation from a base and parts, each a name and a contribution per row; parts of one name are added."""
    told: dict[str, Floats] = {}
    for name, part in parts:
        told[name] = told[name] + part if name in told else part
    names = tuple(sorted(told))
    contributions = np.column_stack([told[name] for name in names]) if names else np.zeros((len(base), 0))
    return Explanation(base, names, contributions, base + contributions.sum(axis=1))


def weighted_sum(parts: Sequence[tuple[Floats | float, Explanation]]) -> Explanation:
    """The explanation of a weighted sum of scores; a weight is one number, or one per row."""
    base = sum((weight * one.base for weight, one in parts), np.zeros(len(parts[0][1])))
    named = ((name, np.asarray(weight * column)) for weight, one in parts for name, column in _columns(one).items())
    return explained(base, named)


def stacked(parts: Sequence[Explanation]) -> Explanation:
    """Explanations of some customers after those of others, by the same names."""
    return Explanation(
        np.concatenate([part.base for part in parts]),
        parts[0].names,
        np.concatenate([part.contributions for part in parts]),
        np.concatenate([part.score for part in parts]),
    )


def _columns(one: Explanation) -> Mapping[str, Floats]:
    return dict(zip(one.names, one.contributions.T, strict=True))
