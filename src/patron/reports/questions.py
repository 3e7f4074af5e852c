"""The questions: what the customers of one release are worth, and how that value is spread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from patron.reports.valuation import Valuation
from patron.segments.rfm import RFM_CATALOGUE
from patron.segments.tiers import TIERS

CONFIDENCES: Final = ("high", "medium", "low")
MOST_BANDS: Final = 10
CURVE_POINTS: Final = 101


@dataclass(frozen=True)
class ValueBand:
    """Customers whose expected value is at least ``low`` and below ``high``; None: no bound on that side."""

    low: float | None
    high: float | None
    customers: int
    value: float


@dataclass(frozen=True)
class Lorenz:
    """How unevenly value is spread, the most valuable customers first.

    ``points`` are (share of customers, share of value) from (0, 0) to (1, 1). Customers expected to cost
    money count as worth nothing. Without any value, ``points`` is empty and the shares are None.
    """

    points: tuple[tuple[float, float], ...]
    gini: float | None
    top_20_share: float | None


@dataclass(frozen=True)
class TierRow:
    """One value tier: its customers and what they are expected to bring."""

    tier: str
    customers: int
    customer_share: float
    value: float
    value_share: float | None
    least: float | None


@dataclass(frozen=True)
class RfmRow:
    """One RFM name: its customers, what they brought and are expected to bring, and what to do about them."""

    name: str
    standing: str
    customers: int
    customer_share: float
    historic_value: float
    value: float
    value_share: float | None
    mean_value: float | None
    description: str
    action: str


@dataclass(frozen=True)
class CustomerRow:
    """One customer with the figures that matter to a person."""

    customer_id: str
    expected_value: float
    value_low: float
    value_high: float
    expected_orders: float
    probability_alive: float
    historic_value: float
    next_purchase_from: date | None
    next_purchase_to: date | None
    tier: str
    rfm_segment: str
    confidence: str


@dataclass(frozen=True)
class ConfidenceRow:
    """One grade of confidence: how many customers' values carry it, and how much value."""

    confidence: str
    customers: int
    customer_share: float
    value: float


@dataclass(frozen=True)
class Totals:
    """The whole portfolio: counts and sums over all customers."""

    customers: int
    value: float
    historic_value: float
    expected_orders: float
    active: float
    with_value: int
    below_zero: int


def totals(valuation: Valuation) -> Totals:
    """Counts and sums over all customers; ``active`` is the expected number of active ones."""
    values = valuation.expected_value
    return Totals(
        customers=valuation.customers,
        value=_sum(values),
        historic_value=_sum(valuation.historic_value),
        expected_orders=_sum(valuation.numbers["expected_orders"]),
        active=_sum(valuation.numbers["probability_alive"]),
        with_value=int(np.count_nonzero(values > 0)),
        below_zero=int(np.count_nonzero(values < 0)),
    )


def value_distribution(valuation: Valuation) -> tuple[ValueBand, ...]:
    """Customers by expected value in bands with round bounds, the lowest first.

    Values below zero and of exactly zero stand in bands of their own, where there are any.
    """
    values = valuation.expected_value
    positive = values[values > 0]
    bands = []
    for low, high, inside in ((None, 0.0, values < 0), (0.0, 0.0, values == 0)):
        if inside.any():
            bands.append(_band(low, high, values[inside]))
    if positive.size:
        edges = band_edges(positive)
        place = np.searchsorted(edges, positive, side="right")
        bounds: list[float | None] = [0.0, *edges.tolist(), None]
        filled = np.unique(place)
        bands += [
            _band(bounds[k], bounds[k + 1], positive[place == k]) for k in range(int(filled[0]), int(filled[-1]) + 1)
        ]
    return tuple(bands)


def band_edges(positive: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round inner bounds (1, 2, 5, 10 … of some power of ten) between nearly all of these values."""
    low, high = (float(q) for q in np.quantile(positive, (0.01, 0.995)))
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    if high < 5 * low:
        return _even_edges(low, high)
    for steps in ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        edges = np.array([s * 10.0**power for power in range(first, last + 1) for s in steps])
        edges = edges[(edges > low) & (edges <= high)]
        if edges.size < MOST_BANDS:
            return edges
    return edges[-(MOST_BANDS - 1) :]


def _even_edges(low: float, high: float) -> NDArray[np.float64]:
    # Values closer than a twentieth share a band: narrower ones could not be told apart by their labels.
    step = _round_step(max(high - low, high / 20))
    return np.arange(max(1, math.floor(low / step)), math.floor(high / step) + 2, dtype=np.float64) * step


def _round_step(width: float) -> float:
    raw = width / (MOST_BANDS - 3)
    power = 10.0 ** math.floor(math.log10(raw))
    return next((s * power for s in (1.0, 2.0, 5.0) if s * power >= raw), 10 * power)


def lorenz(valuation: Valuation) -> Lorenz:
    """The Lorenz curve of expected value, its Gini coefficient, and the share of the top 20%."""
    values = np.sort(np.maximum(valuation.expected_value, 0.0))[::-1]
    total = float(values.sum()) if values.size else 0.0
    if total <= 0:
        return Lorenz((), None, None)
    held = np.concatenate(([0.0], np.cumsum(values) / total))
    held[-1] = 1.0
    places = np.linspace(0.0, 1.0, values.size + 1)
    at = np.linspace(0.0, 1.0, CURVE_POINTS)
    curve = np.interp(at, places, held)
    # The area under a chain of straight pieces, richest first, is (1 + Gini) / 2.
    gini = 2 * float(np.trapezoid(held, places)) - 1
    points = tuple(zip(at.tolist(), curve.tolist(), strict=True))
    return Lorenz(points, max(0.0, gini), float(np.interp(0.2, places, held)))


def tier_summary(valuation: Valuation) -> tuple[TierRow, ...]:
    """The three tiers, high first: customers, expected value, and the least value found in each."""
    values, whole = valuation.expected_value, _sum(valuation.expected_value)
    rows = []
    for tier in TIERS:
        inside = values[valuation.words["tier"].members(tier)]
        rows.append(
            TierRow(
                tier,
                inside.size,
                _ratio(inside.size, values.size) or 0.0,
                _sum(inside),
                _ratio(_sum(inside), whole),
                float(inside.min()) if inside.size else None,
            )
        )
    return tuple(rows)


def rfm_summary(valuation: Valuation) -> tuple[RfmRow, ...]:
    """The eleven RFM names, healthiest first, with those that nobody carries."""
    values, whole = valuation.expected_value, _sum(valuation.expected_value)
    rows = []
    for entry in RFM_CATALOGUE:
        members = valuation.words["rfm_segment"].members(entry.name)
        inside = values[members]
        rows.append(
            RfmRow(
                entry.name,
                entry.standing,
                inside.size,
                _ratio(inside.size, values.size) or 0.0,
                _sum(valuation.historic_value[members]),
                _sum(inside),
                _ratio(_sum(inside), whole),
                _ratio(_sum(inside), inside.size),
                entry.description,
                entry.action,
            )
        )
    return tuple(rows)


def top_customers(valuation: Valuation, n: int = 20) -> tuple[CustomerRow, ...]:
    """The n customers of the greatest expected value; equal values in the order of the release."""
    values = valuation.expected_value
    n = min(n, values.size)
    if n <= 0:
        return ()
    least = np.partition(values, values.size - n)[values.size - n]
    candidates = np.flatnonzero(values >= least)
    rows = candidates[np.argsort(-values[candidates], kind="stable")][:n]
    return tuple(_customer(valuation, int(row)) for row in rows)


def confidence_summary(valuation: Valuation) -> tuple[ConfidenceRow, ...]:
    """How many customers' values deserve high, medium and low confidence, and how much value each holds."""
    values = valuation.expected_value
    rows = []
    for confidence in CONFIDENCES:
        inside = values[valuation.words["confidence"].members(confidence)]
        rows.append(ConfidenceRow(confidence, inside.size, _ratio(inside.size, values.size) or 0.0, _sum(inside)))
    return tuple(rows)


def _customer(valuation: Valuation, row: int) -> CustomerRow:
    def number(name: str) -> float:
        return float(valuation.numbers[name][row])

    return CustomerRow(
        customer_id=valuation.customer_id(row),
        expected_value=number("expected_value"),
        value_low=number("value_low"),
        value_high=number("value_high"),
        expected_orders=number("expected_orders"),
        probability_alive=number("probability_alive"),
        historic_value=number("historic_value"),
        next_purchase_from=valuation.day("next_purchase_from", row),
        next_purchase_to=valuation.day("next_purchase_to", row),
        tier=valuation.words["tier"].of(row),
        rfm_segment=valuation.words["rfm_segment"].of(row),
        confidence=valuation.words["confidence"].of(row),
    )


def _band(low: float | None, high: float | None, inside: NDArray[np.float64]) -> ValueBand:
    return ValueBand(low, high, int(inside.size), _sum(inside))


def _sum(values: NDArray[np.float64]) -> float:
    return float(values.sum()) if values.size else 0.0


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
