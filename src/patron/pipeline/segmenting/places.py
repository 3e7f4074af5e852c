"""Where customers are, for every one of them: the finest area that is known and holds enough."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from patron.models.arrays import Floats
from patron.pipeline.columns import numbers_of
from patron.pipeline.modelling.backtest import recalled_plan
from patron.pipeline.step import Run
from patron.segments.coded import Coded
from patron.segments.places import UNKNOWN, Locations, Places, places

TABLE: Final = ("work", "places")
LOCATED: Final = ("latitude", "longitude", "postcode")
PLACE_GROUPS: Final = ("branch", "region", "country")


def place_customers(run: Run) -> str:
    """Write work.places, every customer's place and branch, and remember the areas; gives what they are made of, if known."""
    values = numbers_of(run.warehouse, run.warehouse.table("gold", "scores"), "expected_value")["expected_value"]
    customers = run.warehouse.table("gold", "customer_features").select("customer_id")
    groups = run.warehouse.table("work", "customer_groups")
    groups = groups.filter(groups.as_of_day == recalled_plan(run).now)
    words = [name for name in PLACE_GROUPS if name in groups.columns]
    told = groups.select(told_id="customer_id", **{name: groups[name] for name in words})
    rows = customers.left_join(told, customers.customer_id == told.told_id).drop("told_id")
    rows = _with_coordinates(run, rows)
    ids, located = located_customers(run.warehouse.stream(rows.order_by("customer_id")))
    branch = _decoded(located.branch) if located.branch is not None else pa.nulls(len(ids), pa.string())
    found = places(located, values, run.settings.segments.least_place)
    place = _told(found) if found.by else pa.nulls(len(ids), pa.string())
    run.warehouse.replace(*TABLE, pa.table({"customer_id": ids, "place": place, "branch": branch}))
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


def located_customers(rows: pa.RecordBatchReader) -> tuple[pa.ChunkedArray, Locations]:
    """The ids of customers and what is known of where they are; of names, however long, each distinct one is held once."""
    schema = pa.schema([_held(field) for field in rows.schema])
    held = pa.Table.from_batches((batch.cast(schema) for batch in rows), schema).unify_dictionaries()
    located = Locations(
        latitude=_degrees(held, "latitude"),
        longitude=_degrees(held, "longitude"),
        postcode=_words(held, "postcode"),
        branch=_words(held, "branch"),
        region=_words(held, "region"),
        country=_words(held, "country"),
    )
    return held["customer_id"], located


def _held(field: pa.Field) -> pa.Field:
    if field.name in ("postcode", *PLACE_GROUPS):
        return pa.field(field.name, pa.dictionary(pa.int32(), pa.string()))
    return pa.field(field.name, pa.string()) if field.name == "customer_id" else field


def _degrees(rows: pa.Table, name: str) -> Floats | None:
    if name not in rows.column_names:
        return None
    return np.asarray(rows[name].cast(pa.float64()).to_numpy(), dtype=np.float64)


def _words(rows: pa.Table, name: str) -> Coded | None:
    if name not in rows.column_names:
        return None
    column = rows[name].combine_chunks()
    words = [*column.dictionary.to_pylist(), ""]
    return Coded.numbered(words, column.indices.fill_null(len(words) - 1).to_numpy())


def _told(found: Places) -> pa.Array:
    """The place of each customer, missing where it is not known."""
    return _decoded(found.labels, unknown=UNKNOWN)


def _decoded(told: Coded, unknown: str = "") -> pa.Array:
    """The word of each customer, missing where it is not known."""
    words = pa.array([None if word == unknown else word for word in told.words], pa.string())
    return words.take(pa.array(told.number))
