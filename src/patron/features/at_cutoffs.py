"""What was known on each cutoff: prepared rows paired with the cutoffs at which they may be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import ibis
import ibis.expr.types as ir

from patron.errors import UsageError
from patron.features.purchase_before import is_purchase, with_purchase_before

KEY = ("as_of_day", "customer_key")
Cutoffs: TypeAlias = Sequence[int] | ir.Table
"""Day numbers, or a table of one column as_of_day that holds them when the query is run."""


def cutoff_rows(cutoffs: Cutoffs) -> ir.Table:
    """The cutoffs as a table of one column, as_of_day, each once."""
    if isinstance(cutoffs, ir.Table):
        return cutoffs
    rows = [_literal(day).as_table() for day in _days(cutoffs)]
    return rows[0] if len(rows) == 1 else ibis.union(rows[0], *rows[1:], distinct=False)


def chosen_customers(prepared: Mapping[str, ir.Table], customers: ir.Table | None) -> ir.Table:
    """The keys of all customers, or of those whose customer_id stands in the given table."""
    keys = prepared["customer_keys"]
    return keys if customers is None else keys.inner_join(customers.select("customer_id").distinct(), "customer_id")


def of_customers(rows: ir.Table, prepared: Mapping[str, ir.Table], customers: ir.Table | None) -> ir.Table:
    """These rows, of the chosen customers only."""
    if customers is None:
        return rows
    chosen = chosen_customers(prepared, customers).select(chosen_key="customer_key")
    return rows.inner_join(chosen, rows.customer_key == chosen.chosen_key).drop("chosen_key")


def known_by(rows: ir.Table, cutoffs: Cutoffs, clock: str) -> ir.Table:
    """Each row at every cutoff on or after its clock's day."""
    if not isinstance(cutoffs, ir.Table) and len(days := _days(cutoffs)) == 1:
        # A filter, where the engine keeps what it knows of the columns' ranges and then sums twice as fast.
        return rows.filter(rows[clock] <= days[0]).mutate(as_of_day=_literal(days[0]))
    pairs = rows.cross_join(cutoff_rows(cutoffs))
    return pairs.filter(pairs[clock] <= pairs.as_of_day)


def known_parts(prepared: Mapping[str, ir.Table], cutoffs: Cutoffs, customers: ir.Table | None) -> tuple[ir.Table, ...]:
    """The customers' order parts known at each cutoff, with the purchase day before each as known then.

    Two tables of the same columns, the second of tangled customers: of them the purchase before is looked
    up among the rows known at the cutoff; for the others the prepared one is the same, since whatever
    came before was known before. Where nobody said who is tangled, everybody's is looked up: of a few
    customers that costs less.
    """
    parts = of_customers(prepared["order_parts"], prepared, customers)
    if "tangled_customers" not in prepared:
        return (_looked_up(known_by(parts, cutoffs, "visible_day")),)
    tangled = prepared["tangled_customers"]
    is_tangled = parts.customer_key == tangled.tangled_key
    steady = known_by(parts.anti_join(tangled, is_tangled), cutoffs, "visible_day")
    knots = known_by(parts.semi_join(tangled, is_tangled), cutoffs, "visible_day")
    return steady, _looked_up(knots)


def _looked_up(known: ir.Table) -> ir.Table:
    """Known parts with the purchase day before each among them, in the same columns."""
    others = known.filter(~is_purchase(known))
    bought = with_purchase_before(known.filter(is_purchase(known)), list(KEY))
    return ibis.union(bought.select(known.columns), others.select(known.columns), distinct=False)


def _days(cutoffs: Sequence[int]) -> list[int]:
    if not cutoffs:
        raise UsageError("No cutoff was given.", allowed="At least one day number.")
    return sorted({int(day) for day in cutoffs})


def _literal(day: int) -> ir.IntegerScalar:
    return ibis.literal(day, "int32").name("as_of_day")
