"""The question about everybody: what all customers in scope are expected to bring, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc

from patron.reports.served.view import View


@dataclass(frozen=True)
class Portfolio:
    """All customers in scope, money in the release's currency. The interval is of the whole portfolio only: parts have their own.
    What people set by hand moves it, and makes it neither wider nor narrower.

    ``value_at_risk`` is None where behaviour is not told. All figures are None where the portfolio is too small to be told.
    """

    customers: int | None
    expected_value: float | None
    expected_low: float | None
    expected_high: float | None
    historic_value: float | None
    value_at_risk: float | None


def portfolio(view: View, *, least_cell: int = 0) -> Portfolio:
    """The customers in scope in one row of figures."""
    scores = view.scores
    if scores.num_rows < least_cell:
        return Portfolio(None, None, None, None, None, None)
    total = view.snapshot.evidence.get("total", {}) if view.is_whole else {}
    low, high = (None if total.get(end) is None else total[end] + view.snapshot.set_more for end in ("low", "high"))
    at_risk = pc.sum(view.behaviour["value_at_risk"]).as_py() if view.behaviour.num_rows else None
    return Portfolio(
        scores.num_rows,
        pc.sum(scores["expected_value"]).as_py() or 0.0,
        low,
        high,
        pc.sum(scores["historic_value"]).as_py() or 0.0,
        at_risk,
    )
