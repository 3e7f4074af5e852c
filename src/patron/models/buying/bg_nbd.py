"""BG/NBD: customers buy at random at their own rate, and after any repeat purchase may leave for good.

Fader, Hardie and Lee (2005), "'Counting your customers' the easy way", Marketing Science 24(2): likelihood eq. 6,
count of purchases eq. 8, expectation eq. 9, forecast eq. 10; P(alive) is eq. 4 of the same authors' 2008 note. A
customer who bought once is alive for certain under this model, however long ago that was: leaving follows a repeat
purchase. Where most customers buy once, MBG/NBD or Pareto/NBD are without that flaw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from patron.models.buying.beta_geometric import FittedBetaGeometric, fit_beta_geometric
from patron.models.buying.summary import Summary


@dataclass(frozen=True)
class FittedBGNBD(FittedBetaGeometric):
    """A BG/NBD with parameters r, alpha, a, b; alpha is in ``unit``s of time."""

    NAME: ClassVar[str] = "bg_nbd"
    TITLE: ClassVar[str] = "BG/NBD"


class BGNBD:
    """The BG/NBD model, before it has seen customers."""

    def fit(self, summary: Summary) -> FittedBGNBD:
        """Maximum-likelihood parameters for these customers.

        Raises DataError when there are no customers or none was observed for any time. Everything else gives a fit;
        ``converged`` and ``advice`` say what it is worth.
        """
        return fit_beta_geometric(FittedBGNBD, summary)
