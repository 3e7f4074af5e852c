"""MBG/NBD: like BG/NBD, but a customer may leave right after the first purchase too.

Batislam, Denizel and Filiztekin (2007), "Empirical validation and comparison of models for customer base analysis",
International Journal of Research in Marketing 24(3); Hoppe and Wagner (2007), "Customer base analysis: the case for a
central variant of the Betageometric/NBD model", Marketing: Journal of Research and Management 3(2). One-time buyers are
alive with less than certainty here, the less so the longer ago they bought.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from patron.models.buying.beta_geometric import FittedBetaGeometric, fit_beta_geometric
from patron.models.buying.summary import Summary


@dataclass(frozen=True)
class FittedMBGNBD(FittedBetaGeometric):
    """An MBG/NBD with parameters r, alpha, a, b; alpha is in ``unit``s of time."""

    NAME: ClassVar[str] = "mbg_nbd"
    TITLE: ClassVar[str] = "MBG/NBD"
    FIRST_CAN_LEAVE: ClassVar[bool] = True


class MBGNBD:
    """The MBG/NBD model, before it has seen customers."""

    def fit(self, summary: Summary) -> FittedMBGNBD:
        """Maximum-likelihood parameters for these customers.

        Raises DataError when there are no customers or none was observed for any time. Everything else gives a fit;
        ``converged`` and ``advice`` say what it is worth.
        """
        return fit_beta_geometric(FittedMBGNBD, summary)
