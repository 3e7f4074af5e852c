"""Whether a file that names customers means those who buy: by the name of its column, or by the ids in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

import numpy as np

from patron.sources.column_looks import Check, IdCheck
from patron.sources.column_names import plain_name
from patron.sources.mapping import Fit
from patron.sources.proposal import Candidate, Group

# Of the ids in the one file or in the other, so large a share must stand in both.
LEAST_SHARED: Final = 0.1
# How sure a link can be that rests on values alone.
_BY_VALUES: Final = 0.75


class Buyers:
    """The customers that the transactions name. ``show`` shows all rows of a group's files to checks."""

    def __init__(self, transactions: Sequence[Candidate], show: Callable[[Group, Sequence[Check]], int]) -> None:
        self._transactions, self._show = transactions, show
        self._names = dict.fromkeys(c.fit.places["customer_id"] for c in transactions)

    @property
    def names(self) -> str:
        """What the transactions call their customers' column."""
        return ", ".join(sorted(self._names))

    def named_alike(self, candidate: Candidate) -> bool:
        """Whether a file calls its customers as the transactions do, or names none."""
        name = candidate.fit.places.get("customer_id")
        return name is None or plain_name(name) in {plain_name(known) for known in self._names}

    def linked(self, candidate: Candidate) -> Candidate | None:
        """The candidate, if its customers are the transactions'; with a note and less sure where only their ids say so."""
        if self.named_alike(candidate) or not self._transactions:
            return candidate
        name = candidate.fit.places["customer_id"]
        found = self._ids_of(candidate)
        shared = len(np.intersect1d(found, self._ids))
        share = max(shared / max(len(found), 1), shared / max(len(self._ids), 1))
        if share < LEAST_SHARED:
            return None
        told = f"its '{name}' are the transactions' '{self.names}': {shared:,} of {len(found):,} ids stand in both"
        return replace(candidate, fit=_less_sure(candidate.fit), notes=(*candidate.notes, told))

    @cached_property
    def _ids(self) -> np.ndarray:
        return np.unique(np.concatenate([self._ids_of(candidate) for candidate in self._transactions]))

    def _ids_of(self, candidate: Candidate) -> np.ndarray:
        check = IdCheck(candidate.fit.places["customer_id"])
        self._show(candidate.group, [check])
        return check.ids


def _less_sure(fit: Fit) -> Fit:
    guesses = (
        replace(guess, confidence=min(guess.confidence, _BY_VALUES)) if guess.column == "customer_id" else guess
        for guess in fit.guesses
    )
    return Fit(fit.table, tuple(guesses))
