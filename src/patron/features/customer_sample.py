"""A sample of customers that is the same on every engine and in every run."""

from __future__ import annotations

from typing import Final

import ibis
import ibis.expr.types as ir

# Knuth's multiplicative hash: 2³² divided by the golden ratio spreads consecutive numbers evenly.
_GOLDEN: Final = 2_654_435_761
_RANGE: Final = 2**32


def sampled_customers(customer_keys: ir.Table, most: int, seed: int) -> ir.Table:
    """At most so many of the prepared customers, spread evenly over them: a table with customer_id."""
    spread = (customer_keys.customer_key.cast("int64") * _GOLDEN + seed % _RANGE) % _RANGE
    hashed = customer_keys.mutate(spread=spread)
    place = ibis.row_number().over(ibis.window(order_by=["spread", "customer_key"]))
    ranked = hashed.mutate(place=place)
    return ranked.filter(ranked.place < most).select("customer_id")
