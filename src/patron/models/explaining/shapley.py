"""Shapley values, exactly: what each player adds to a score, the mean over all orders in which players may come.

Shapley (1953), "A value for n-person games"; Štrumbelj and Kononenko (2014), "Explaining prediction models and individual
predictions with feature contributions", Knowledge and Information Systems 41(3). The only way to share a score that adds
up, treats equals alike and gives nothing to who changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np

from patron.errors import UsageError
from patron.models.arrays import Floats

MOST_PLAYERS = 12


def shapley(worth: Callable[[int], Floats], players: int) -> tuple[Floats, Floats]:
    """The score without any player, and what each adds: an array (rows) and one (players, rows).

    ``worth`` gives the score of each row when only some players are there: player k if bit k of the number is set. It is
    asked 2^players times. Raises UsageError for more players than MOST_PLAYERS.
    """
    if players > MOST_PLAYERS:
        raise UsageError(
            f"{players} inputs cannot be told apart exactly.",
            allowed=f"At most {MOST_PLAYERS} at a time.",
            to_do="Gather inputs in fewer groups.",
        )
    told = [worth(present) for present in range(1 << players)]
    shares = np.zeros((players, len(told[0])))
    for player in range(players):
        for present in range(1 << players):
            if not present >> player & 1:
                orders = players * comb(players - 1, present.bit_count())
                # Difference first: a player who changes nothing gets 0 to the last bit.
                shares[player] += (told[present | 1 << player] - told[present]) / orders
    return told[0], shares
