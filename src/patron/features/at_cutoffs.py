"""What was known on each cutoff: prepared rows paired with the cutoffs at which they may be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from patron.errors import UsageError
from patron.features.customer_days import with_purchase_before

KEY = ("as_of_day", "customer_key")


def cutoff_rows(cutoffs: Sequence[int]) -> ir.Table:
    """The cutoffs as a table of one column, as_of_day, each once."""
    if not cutoffs:
        raise UsageError("No cutoff was given.", allowed="At least one day number.")
    rows = [ibis.literal(int(day), "int32").name("as_of_day").as_table() for day in sorted(set(cutoffs))]
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


def known_by(rows: ir.Table, moments: ir.Table, clock: str) -> ir.Table:
    """Each row at every cutoff on or after its clock's day."""
    pairs = rows.cross_join(moments)
    return pairs.filter(pairs[clock] <= pairs.as_of_day)


def known_days(prepared: Mapping[str, ir.Table], moments: ir.Table, customers: ir.Table | None) -> ir.Table:
    """The customers' days known at each cutoff, with the purchase day before each as known then.

    Of tangled customers the purchase before is looked up among the rows known at the cutoff; for the
    others the prepared one is the same, since whatever came before was known before.
    """
    days = of_customers(prepared["customer_days"], prepared, customers)
    tangled = prepared["tangled_customers"]
    apart = days.left_join(tangled, days.customer_key == tangled.tangled_key)
    steady = known_by(apart.filter(apart.tangled_key.isnull()).drop("tangled_key"), moments, "visible_day")
    knots = days.inner_join(tangled, days.customer_key == tangled.tangled_key).drop("tangled_key")
    knots = with_purchase_before(known_by(knots, moments, "visible_day"), list(KEY))
    return ibis.union(steady, knots.select(steady.columns), distinct=False)
