"""Where customers are, for every one of them: the finest area that is known and holds enough."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from patron.models.arrays import Floats
from patron.pipeline.columns import numbers_of
from patron.pipeline.modelling.backtest import recalled_plan
from patron.pipeline.step import Run
from patron.segments.places import UNKNOWN, Locations, places

TABLE: Final = ("work", "places")
LONGEST_NAME: Final = 40
LOCATED: Final = ("latitude", "longitude", "postcode")
PLACE_GROUPS: Final = ("branch", "region", "country")


def place_customers(run: Run) -> str:
    """Write work.places, the place of every customer, and remember the areas; gives what they are made of, if any is known."""
    values = numbers_of(run.warehouse, run.warehouse.table("gold", "scores"), "expected_value")["expected_value"]
    customers = run.warehouse.table("gold", "customer_features").select("customer_id")
    groups = run.warehouse.table("work", "customer_groups")
    groups = groups.filter(groups.as_of_day == recalled_plan(run).now)
    words = [name for name in PLACE_GROUPS if name in groups.columns]
    told = groups.select(told_id="customer_id", **{name: groups[name] for name in words})
    rows = customers.left_join(told, customers.customer_id == told.told_id).drop("told_id")
    rows = _with_coordinates(run, rows)
    fetched = run.warehouse.fetch(rows.order_by("customer_id"))
    located = Locations(
        latitude=_degrees(fetched, "latitude"),
        longitude=_degrees(fetched, "longitude"),
        postcode=_words(fetched, "postcode"),
        branch=_words(fetched, "branch"),
        region=_words(fetched, "region"),
        country=_words(fetched, "country"),
    )
    found = places(located, values, run.settings.segments.least_place)
    place = pa.array(found.labels, pa.string(), mask=found.labels == UNKNOWN)
    if not found.by:
        place = pa.nulls(len(fetched), pa.string())
    table = pa.table({"customer_id": fetched["customer_id"].cast(pa.string()), "place": place})
    run.warehouse.replace(*TABLE, table)
    run.remember("places", {"by": found.by, "cells": [asdict(cell) for cell in found.cells]})
    return found.by


def _with_coordinates(run: Run, rows: ir.Table) -> ir.Table:
    if not run.warehouse.exists("silver", "customers"):
        return rows
    people = run.warehouse.table("silver", "customers")
    names = [name for name in LOCATED if name in people.columns]
    people = people.filter(people.superseded_at.isnull() & people.customer_id.notnull())
    one = people.group_by(person_id="customer_id").aggregate(**{name: people[name].max() for name in names})
    return rows.left_join(one, rows.customer_id == one.person_id).drop("person_id") if names else rows


def _degrees(rows: pa.Table, name: str) -> Floats | None:
    if name not in rows.column_names:
        return None
    return np.asarray(rows[name].cast(pa.float64()).to_numpy(), dtype=np.float64)


def _words(rows: pa.Table, name: str) -> NDArray[np.str_] | None:
    if name not in rows.column_names:
        return None
    # Every word takes as much room as the longest: one endless name must not cost gigabytes.
    column = pc.utf8_slice_codeunits(rows[name].combine_chunks().cast(pa.string()).fill_null(""), 0, LONGEST_NAME)
    return np.asarray(column.to_numpy(zero_copy_only=False)).astype(np.str_)
