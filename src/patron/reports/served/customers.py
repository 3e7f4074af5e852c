"""Questions about single customers and lists of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from patron.errors import NothingThere, UnknownName
from patron.releases.sorted_ids import places_before
from patron.reports.served.snapshot import row
from patron.reports.served.view import View

FILTERS: Final[Mapping[str, tuple[str, str]]] = {
    "tier": ("segments", "tier"),
    "rfm_segment": ("segments", "rfm_segment"),
    "lifecycle": ("segments", "lifecycle"),
    "cluster": ("segments", "cluster"),
    "branch": ("segments", "branch"),
    "place": ("segments", "place"),
    "seasonal_type": ("segments", "seasonal_type"),
    "alert": ("behaviour", "alert"),
    "confidence": ("scores", "confidence"),
}
"""What lists can be narrowed by, and where it stands."""
Row = dict[str, Any]  # Any: values of columns


@dataclass(frozen=True)
class Page:
    """Some rows of a longer list, and the key to ask for those after them with; None at its end. ``begin`` is how many come before."""

    rows: tuple[Row, ...]
    after: str | None
    customers: int
    begin: int = 0


def customer(view: View, customer_id: str) -> Row:
    """What the release says of one customer: ``score``, ``segments``, ``behaviour``, the ``rules`` they meet, and ``overrides``:
    what people set, beside what was published.

    NothingThere for one who is not in it, and in the same words for one who is out of scope.
    """
    place = place_in(view, customer_id)
    told = {"customer_id": customer_id, **view.snapshot.told_at(place), "rules": rules_of(view, customer_id)}
    return told | {"overrides": [one.to_dict() for one in view.snapshot.set_for(customer_id, place)]}


def moves_of(view: View, customer_id: str) -> list[Row]:
    """How the customer moved between groups since the release before."""
    place_in(view, customer_id)
    return _rows_of(view.snapshot.moves, customer_id)


def rules_of(view: View, customer_id: str) -> list[str]:
    """The names of the own rules that the customer meets."""
    return [found["rule"] for found in _rows_of(view.snapshot.members, customer_id)]


def customers(
    view: View, filters: Mapping[str, str], *, after: str | None, limit: int, among: pa.Array | None = None
) -> Page:
    """Customers by id, after one, as far as the filters let them through: what lists need of each.

    ``among`` are the ids of the only ones to be listed; None is everybody.
    """
    kept = _among(_narrowed(view, filters), among)
    begin = 0 if after is None else places_before(kept["customer_id"], after, and_at=True)
    return _page(view, kept, begin, limit)


def members(view: View, name: str, group: str, *, after: str | None, limit: int, among: pa.Array | None = None) -> Page:
    """The customers of a group of a view (``tier``, ``cluster`` …) or of an own rule (view ``rule``), by id."""
    if name != "rule":
        return customers(view, {name: group}, after=after, limit=limit, among=among)
    table = view.members
    ids = table.filter(pc.equal(table["rule"].cast(pa.string()), group))["customer_id"]
    listed = _listed(view)
    kept = _among(_among(listed, ids.combine_chunks()), among)
    begin = 0 if after is None else places_before(kept["customer_id"], after, and_at=True)
    return _page(view, kept, begin, limit)


def _among(listed: pa.Table, ids: pa.Array | None) -> pa.Table:
    return listed if ids is None else listed.filter(pc.is_in(listed["customer_id"], value_set=ids)).combine_chunks()


def place_in(view: View, customer_id: str) -> int:
    """The row of a customer; NothingThere for one who is not there or out of scope."""
    place = view.place_of(customer_id)
    if place is None:
        raise NothingThere(f"There is no customer '{customer_id}'.")
    return place


def _rows_of(table: pa.Table, customer_id: str) -> list[Row]:
    """The rows of a customer in a table sorted by customer."""
    ids = table["customer_id"]
    begin, end = places_before(ids, customer_id), places_before(ids, customer_id, and_at=True)
    return [row(table, place) for place in range(begin, end)]


def _listed(view: View) -> pa.Table:
    scores, segments = view.scores, view.segments
    columns = {
        name: scores[name] for name in ("customer_id", "expected_value", "value_low", "value_high", "confidence")
    }
    columns |= {name: segments[name] for name in ("tier", "rfm_segment", "lifecycle", "cluster")}
    if view.behaviour.num_rows:
        columns["alert"] = view.behaviour["alert"]
    return pa.table(columns)


def _narrowed(view: View, filters: Mapping[str, str]) -> pa.Table:
    kept: pa.ChunkedArray | None = None
    for name, wanted in filters.items():
        if name not in FILTERS:
            raise UnknownName("filter", name, FILTERS)
        table, column = FILTERS[name]
        held: pa.Table = getattr(view, table)
        if column not in held.column_names:
            here = pa.chunked_array([pa.repeat(False, view.scores.num_rows)])
        else:
            here = pc.fill_null(pc.equal(held[column].cast(pa.string()), wanted), False)
        kept = here if kept is None else pc.and_(kept, here)
    listed = _listed(view)
    return listed if kept is None else listed.filter(kept).combine_chunks()


def _page(view: View, kept: pa.Table, begin: int, limit: int) -> Page:
    rows: Sequence[Row] = [row(kept, place) for place in range(begin, min(begin + limit, kept.num_rows))]
    for found in rows:
        found["overridden"] = [one.field for one in view.snapshot.set_by_hand.of(found["customer_id"])]
    more = begin + limit < kept.num_rows
    return Page(tuple(rows), rows[-1]["customer_id"] if more else None, kept.num_rows, begin)
