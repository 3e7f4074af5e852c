"""What a release holds for live values: each customer's purchase days, and which events it was made from."""

from __future__ import annotations

from typing import Final

import ibis.expr.types as ir

from patron.features.purchase_before import is_purchase
from patron.pipeline.step import Run
from patron.sources.fetching import last_watermark
from patron.sources.lake import lake_files

_TOLD: Final = "told"


def purchase_days(run: Run) -> ir.Table:
    """The days on which each customer bought, as known by the day that is scored: (customer_id, purchase_day), in order."""
    parts, keys = (run.warehouse.table("work", name) for name in ("order_parts", "customer_keys"))
    known = parts.filter(is_purchase(parts) & (parts.visible_day <= run.recall("span")["last_day"]))
    days = known.select("customer_key", purchase_day="occurred_day").distinct()
    named = days.inner_join(keys, "customer_key").select("customer_id", "purchase_day")
    return named.order_by("customer_id", "purchase_day")


def told_reached(run: Run) -> dict[str, int]:
    """Up to which place events were read, by table; where several sources read those of one table, what all have reached."""
    reached: dict[str, int] = {}
    for name, source in run.settings.sources.items():
        if source.connector == _TOLD:
            watermark = last_watermark(lake_files(run.workspace.folder, name))
            place = int(watermark.text) if watermark else 0
            reached[source.table] = min(place, reached.get(source.table, place))
    return reached
