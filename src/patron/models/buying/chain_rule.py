"""Derivatives by coefficients of covariates, from derivatives by each customer's own parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from patron.models.arrays import Floats, Integers

PAIRS: Final = ((0, 0), (0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3))
"""Second derivatives by a model's four parameters, in the order in which customers' terms hold them."""
TERMS: Final = 5 + len(PAIRS)
"""A customer's terms: the log-likelihood, four first derivatives, then the second ones."""

Slopes = Mapping[int, Floats]
"""For parameters whose logarithm follows covariates: by how much each coefficient moves it, per customer (rows)."""


class Sums:
    """The log-likelihood of many customers and its derivatives, added up block by block.

    Coordinates are the four parameters, then the coefficients of each of ``slopes`` in the order of its parameters.
    """

    def __init__(self, slopes: Slopes) -> None:
        self.slopes = slopes
        ends = np.cumsum([4] + [columns.shape[1] for columns in slopes.values()])
        self.where = {number: slice(*ends[place : place + 2]) for place, number in enumerate(slopes)}
        self.value, self.gradient, self.hessian = 0.0, np.zeros(ends[-1]), np.zeros((ends[-1], ends[-1]))

    def add(self, terms: Floats, rows: slice | Integers) -> None:
        """Adds some customers' terms, one column each; ``rows`` are their rows in the slopes."""
        totals = terms.sum(axis=1)
        self.value += float(totals[0])
        self.gradient[:4] += totals[1:5]
        for pair, total in zip(PAIRS, totals[5:], strict=True):
            self.hessian[pair] += total
        for number, columns in self.slopes.items():
            self._add_coefficients(terms, number, columns[rows], rows)

    def _add_coefficients(self, terms: Floats, number: int, columns: Floats, rows: slice | Integers) -> None:
        where = self.where[number]
        # Not as matrix products: their order of summation depends on the number of threads.
        self.gradient[where] += np.einsum("ij,i->j", columns, terms[1 + number])
        for other in range(4):
            second = terms[5 + PAIRS.index((min(number, other), max(number, other)))]
            self.hessian[other, where] += np.einsum("ij,i->j", columns, second)
            if other in self.slopes and other >= number:
                across = self.slopes[other][rows]
                self.hessian[where, self.where[other]] += np.einsum("ij,i,ik->jk", columns, second, across)

    def mean(self, total: float, logarithms: Mapping[int, float]) -> tuple[float, Floats, Floats]:
        """Value, gradient and second derivatives per customer; ``logarithms``: parameters to go by the logarithm of."""
        gradient, hessian = self.gradient / total, np.triu(self.hessian) / total
        hessian += np.triu(hessian, 1).T
        for place, value in logarithms.items():
            gradient[place] *= value
            hessian[place] *= value
            hessian[:, place] *= value
            hessian[place, place] += gradient[place]
        return self.value / total, gradient, hessian
