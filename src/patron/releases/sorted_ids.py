"""Customers found by id where ids are sorted."""

from __future__ import annotations

import pyarrow as pa


def places_before(ids: pa.Array | pa.ChunkedArray, customer_id: str, *, and_at: bool = False) -> int:
    """How many of the sorted ids come before this one; with ``and_at``, up to and including it."""
    low, high = 0, len(ids)
    while low < high:
        middle = (low + high) // 2
        held = ids[middle].as_py()
        if held < customer_id or (and_at and held == customer_id):
            low = middle + 1
        else:
            high = middle
    return low


def place_of(ids: pa.Array, customer_id: str) -> int | None:
    """The place of an id among the sorted ones; None where it is not among them."""
    place = places_before(ids, customer_id)
    return place if place < len(ids) and ids[place].as_py() == customer_id else None
