"""Customers who should be looked at by a person: worth much and known little, worth much less or more than before, about to be lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import pyarrow as pa
import pyarrow.compute as pc

from patron.reports.served.snapshot import Snapshot
from patron.reports.served.view import View

Kind = Literal["low_confidence", "change", "alert"]
URGENT: Final = "act now"


@dataclass(frozen=True)
class WaitingCustomer:
    """A customer to be looked at: why, what is at stake, and what a decision would be about: it stands while that is the same."""

    kind: Kind
    customer_id: str
    value: float
    why: str
    about: str


def waiting_customers(view: View, *, most: int, least_change: float) -> tuple[WaitingCustomer, ...]:
    """Who in scope should be looked at, those of most value first; ``most`` of each kind at most."""
    return (*_little_known(view, most), *_changed(view, most, least_change), *_urgent(view, most))


def _little_known(view: View, most: int) -> Iterator[WaitingCustomer]:
    """High value that the model is not sure of; where somebody set the value by hand there is nothing more to ask."""
    unsure = pc.and_(_is(view.scores["confidence"], "low"), _is(view.segments["tier"], "high"))
    for row in _most(view.scores.filter(unsure), "expected_value", most, skipped=_valued_by_hand(view.snapshot)):
        low, high = row["value_low"], row["value_high"]
        yield WaitingCustomer(
            "low_confidence",
            str(row["customer_id"]),
            _amount(row["expected_value"]),
            f"High value of which little is known: the interval goes from {_amount(low):,.2f} to {_amount(high):,.2f}.",
            "low confidence",
        )


def _changed(view: View, most: int, least_change: float) -> Iterator[WaitingCustomer]:
    """Values that differ much from those in the release before; who is new has nothing to differ from."""
    table = view.changes
    before, now = (table[name].cast(pa.float64()) for name in ("value_before", "value_now"))
    change = pc.abs(pc.subtract(now, before))
    limit = pc.multiply(pc.max_element_wise(pc.abs(before), pc.abs(now)), least_change)
    known = pc.and_(pc.not_equal(before, 0.0), pc.not_equal(now, 0.0))
    table = table.append_column("change", change).filter(pc.and_(pc.greater(change, limit), known))
    for row in _most(table, "change", most):
        yield WaitingCustomer(
            "change",
            str(row["customer_id"]),
            _amount(row["change"]),
            f"The value went from {_amount(row['value_before']):,.2f} to {_amount(row['value_now']):,.2f} since the release before.",
            view.snapshot.id,
        )


def _urgent(view: View, most: int) -> Iterator[WaitingCustomer]:
    if not view.behaviour.num_rows:
        return
    urgent = view.behaviour.filter(_is(view.behaviour["alert"], URGENT))
    for row in _most(urgent, "savable_value", most):
        yield WaitingCustomer(
            "alert",
            str(row["customer_id"]),
            _amount(row["savable_value"]),
            str(row["alert_because"] or "The customer may be lost."),
            URGENT,
        )


def _most(table: pa.Table, column: str, most: int, skipped: frozenset[str] = frozenset()) -> list[dict[str, object]]:
    """The rows with most in a column, equal ones by id."""
    keys = [(column, "descending"), ("customer_id", "ascending")]
    places = pc.select_k_unstable(table, k=min(most + len(skipped), table.num_rows), sort_keys=keys)
    rows: list[dict[str, object]] = table.take(places).to_pylist() if table.num_rows else []
    return [row for row in rows if row["customer_id"] not in skipped][:most]


def _valued_by_hand(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(one.customer_id for one in snapshot.set_by_hand.values if one.field == "expected_value")


def _is(column: pa.ChunkedArray, word: str) -> pa.ChunkedArray:
    return pc.fill_null(pc.equal(column.cast(pa.string()), word), False)


def _amount(value: object) -> float:
    return float(str(value))
