"""What live values start from: the statistics of a release, and the models that were published with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from patron.live.closed_form import ClosedForm, closed_form_of
from patron.live.money import from_float
from patron.live.statistics import Known
from patron.models.arrays import Floats, Integers
from patron.periods import day_number
from patron.releases.contents import FEATURES, Release
from patron.releases.sorted_ids import place_of

_SUMS: Final = ("first_day", "frequency", "monetary_value", "gross_value", "historic_value", "orders")


@dataclass(frozen=True, eq=False)
class Basis:
    """One release, ready to be moved by events.

    ``reached`` is the place of the newest transaction it was made from. Customers are in the order of their ids; the one at
    place n bought on ``days[begins[n]:begins[n + 1]]``.
    """

    id: str
    as_of_day: int
    reached: int
    closed_form: ClosedForm | None
    ids: pa.Array
    sums: Mapping[str, Floats]
    days: Integers
    begins: Integers

    def known(self, customer_id: str) -> Known | None:
        """What the release knew of a customer; None for one whom it does not have."""
        place = place_of(self.ids, customer_id)
        if place is None:
            return None
        told = {name: float(column[place]) for name, column in self.sums.items()}
        gross = from_float(told["gross_value"])
        return Known(
            days=frozenset(self.days[self.begins[place] : self.begins[place + 1]].tolist()),
            first_known=int(told["first_day"]),
            gross=gross,
            first_day_gross=gross - from_float(told["monetary_value"] * told["frequency"]),
            net=from_float(told["historic_value"]),
            orders=int(told["orders"]),
        )


def basis_of(release: Release) -> Basis:
    """What live values of a release start from; NothingThere for one from before purchase days were kept."""
    bought = release.purchase_days()
    features = pq.read_table(release.folder / FEATURES, columns=["customer_id", *_SUMS])
    features = features.take(pc.sort_indices(features, [("customer_id", "ascending")])).combine_chunks()
    ids = features["customer_id"].combine_chunks().cast(pa.string())
    ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) else ids
    days, begins = _by_customer(bought, ids)
    return Basis(
        id=release.id,
        as_of_day=day_number(date.fromisoformat(release.manifest.as_of)),
        reached=release.told_reached().get("transactions", 0),
        closed_form=closed_form_of(release),
        ids=ids,
        sums={name: features[name].cast(pa.float64()).to_numpy() for name in _SUMS},
        days=days,
        begins=begins,
    )


def _by_customer(bought: pa.Table, ids: pa.Array) -> tuple[Integers, Integers]:
    """All purchase days in the order of their customers, and where each customer's begin."""
    places = pc.index_in(bought["customer_id"].cast(pa.string()), value_set=ids).to_numpy().astype(np.int64)
    order = np.argsort(places, kind="stable")
    days = bought["purchase_day"].to_numpy().astype(np.int64)[order]
    return days, np.searchsorted(places[order], np.arange(len(ids) + 1))
