"""Rows that were sent, made into silver rows by the rules of the batch; what cannot be believed is set aside with a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel

from patron.errors import UsageError
from patron.quality.decisions import CONFLICTING_ID
from patron.quality.rules import MOST_AMOUNT
from patron.scores.by_data.contract import DataContract, ReadBy
from patron.scores.by_data.sent import SentCustomer, SentCustomers, SentTransaction
from patron.sources import computed
from patron.sources.typed_columns import ARROW_TYPE
from patron.tables import TRANSACTIONS, Kind, source_table

SUPERSEDED: Final = pa.field("superseded_at", pa.timestamp("us"))
_DERIVED: Final = (
    pa.field("occurred_day", pa.int32()),
    pa.field("visible_day", pa.int32()),
    pa.field("is_refund", pa.bool_()),
)
_TENTHOUSANDTH: Final = Decimal("0.0001")
_ONLY_JUDGED: Final = frozenset({"row_id", "unit_price", "currency"})
_DAYS_TELL: Final = frozenset({(TRANSACTIONS.name, "occurred_at"), (TRANSACTIONS.name, "known_at")})
_FLIPPED: Final = ("amount", "quantity", "margin")
BESIDE: Final = ("engagements", "contacts", "reviews", "subscriptions")


@dataclass(frozen=True)
class SetAside:
    """One transaction that was not counted: its place among those sent, from 0, and the reason code of the batch."""

    row: int
    reason: str
    detail: str


@dataclass(frozen=True)
class Arrived:
    """The silver rows of those sent, the customer's number as its id; what was set aside, and how many were repeats."""

    tables: Mapping[str, pa.Table]
    aside: tuple[tuple[SetAside, ...], ...]
    duplicates: tuple[int, ...]
    counted: tuple[int, ...]


def sent_schema(table: str) -> pa.Schema:
    """The columns of a silver table that features may ask for; each one more is written with every request."""
    declared = [column for column in source_table(table).columns if column.name not in _ONLY_JUDGED]
    fields = [
        pa.field(column.name, ARROW_TYPE[column.kind]) for column in declared if (table, column.name) not in _DAYS_TELL
    ]
    return pa.schema([*fields, *(_DERIVED if table == TRANSACTIONS.name else ()), SUPERSEDED])


def arrived(sent: SentCustomers, contract: DataContract, read_by: ReadBy, as_of: int) -> Arrived:
    """Silver rows of everybody sent, as of a day number; UsageError for what no row of this contract can be."""
    zone = zone_of(read_by.timezone)
    lines = [
        (number, place, row) for number, one in enumerate(sent.customers) for place, row in enumerate(one.transactions)
    ]
    _refuse_unfit([row for *_, row in lines], contract)
    silver = _transactions(lines, zone, read_by)
    reasons = _reasons(lines, silver, contract.earliest, as_of)
    repeated = _repeats(lines, reasons)
    aside: list[list[SetAside]] = [[] for _ in sent.customers]
    for (number, place, _), why in zip(lines, reasons, strict=True):
        if why:
            aside[number].append(SetAside(place, *why))
    kept = np.array([not why for why in reasons], dtype=np.bool_)
    kept[repeated] = False
    tables = {TRANSACTIONS.name: silver.filter(pa.array(kept)), **_beside(sent.customers, contract, zone)}
    numbers = np.array([number for number, *_ in lines], dtype=np.int64)
    count = len(sent.customers)
    return Arrived(
        tables,
        tuple(map(tuple, aside)),
        tuple(np.bincount(numbers[repeated], minlength=count).tolist()),
        tuple(np.bincount(numbers[kept], minlength=count).tolist()),
    )


def zone_of(name: str) -> tzinfo:
    """The time zone of a source; KeyError for one that this computer does not know."""
    return UTC if name.upper() == "UTC" else ZoneInfo(name)


def _refuse_unfit(rows: Sequence[SentTransaction], contract: DataContract) -> None:
    """Refuse what can only be a mistake of whoever sends: another currency, or no margin where margins count."""
    for row in rows:
        if row.currency is not None and row.currency.upper() != contract.value.currency:
            raise UsageError(
                f"currency: {row.currency} is not the value contract's {contract.value.currency} (unknown_currency).",
                to_do=f"Send amounts in {contract.value.currency}.",
            )
    margins_count = contract.value.basis == "margin" and "margin" in contract.present[TRANSACTIONS.name]
    if margins_count and any("margin" not in row.model_fields_set for row in rows):
        raise UsageError(
            "This release counts what was earned, by the column margin, and a transaction has none.",
            to_do=f"Send margin with each; null where it is not known: then it is {contract.value.margin_rate:g} of the amount.",
        )


def _transactions(lines: Sequence[tuple[int, int, SentTransaction]], zone: tzinfo, read_by: ReadBy) -> pa.Table:
    rows = [row for *_, row in lines]
    schema = sent_schema(TRANSACTIONS.name)
    columns = {
        column.name: _column([getattr(row, column.name) for row in rows], column.kind, zone)
        for column in TRANSACTIONS.columns
        if column.name != "customer_id"
    }
    columns["customer_id"] = pa.array([str(number) for number, *_ in lines], pa.string())
    # A row without an order is one by itself; no id that is sent can begin with this sign.
    own = pa.array([f"\x1f{place}" for _, place, _ in lines], pa.string())
    columns["order_id"] = pc.coalesce(columns["order_id"], own)
    columns["amount"] = pc.coalesce(columns["amount"], computed.product(columns["quantity"], columns["unit_price"]))
    columns["discount"] = pc.abs(columns["discount"])
    by_rule = pa.array([row.is_refund or read_by.is_marked(row) for row in rows], pa.bool_())
    flips = computed.turns(columns["amount"], by_rule)
    columns |= {name: computed.turned(columns[name], flips) for name in _FLIPPED}
    columns["occurred_day"] = computed.days(columns["occurred_at"])
    columns["visible_day"] = computed.visible_days(columns["occurred_day"], computed.days(columns["known_at"]))
    columns["is_refund"] = computed.is_refund(columns["amount"], by_rule)
    return _shaped(columns, schema, len(rows))


def _column(values: list[Any], kind: Kind, zone: tzinfo) -> pa.Array:  # Any: values of the kind
    if all(one is None for one in values):
        return pa.nulls(len(values), ARROW_TYPE[kind])
    if kind in ("money", "quantity"):
        values = [None if one is None else one.quantize(_TENTHOUSANDTH, ROUND_HALF_UP) for one in values]
    elif kind == "moment":
        values = [None if one is None else _utc(one, zone) for one in values]
    return pa.array(values, ARROW_TYPE[kind])


def _utc(moment: datetime, zone: tzinfo) -> datetime:
    """The moment in UTC, without saying so; one without a zone is in the source's."""
    placed = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return placed.astimezone(UTC).replace(tzinfo=None)


def _shaped(columns: Mapping[str, pa.Array], schema: pa.Schema, rows: int) -> pa.Table:
    """The columns in the schema's order, with NULL for those that nobody sends."""
    arrays = [columns.get(field.name, pa.nulls(rows, field.type)) for field in schema]
    return pa.table([array.cast(field.type) for array, field in zip(arrays, schema, strict=True)], schema=schema)


def _reasons(
    lines: Sequence[tuple[int, int, SentTransaction]], silver: pa.Table, earliest: int, as_of: int
) -> list[tuple[str, str] | None]:
    """Reason and detail of each row that cannot be believed as of a day."""
    told = (silver[name].to_pylist() for name in ("occurred_day", "visible_day", "amount"))
    return [
        _why_not(row, occurred, visible, amount, earliest, as_of)
        for (*_, row), occurred, visible, amount in zip(lines, *told, strict=True)
    ]


def _why_not(
    row: SentTransaction, occurred: int, visible: int, amount: Decimal | None, earliest: int, as_of: int
) -> tuple[str, str] | None:
    if occurred > as_of:
        return "future_date", f"occurred_at: {row.occurred_at.isoformat()} is after the day to value as of"
    if visible > as_of and row.known_at is not None:
        return "future_known_at", f"known_at: {row.known_at.isoformat()} is after the day to value as of"
    if occurred < earliest:
        return "date_too_early", f"occurred_at: {row.occurred_at.isoformat()} is before quality.earliest"
    if amount is None:
        return "amount_out_of_range", "amount: quantity × unit_price is beyond 99,999,999,999,999.9999"
    if abs(amount) >= MOST_AMOUNT:
        return "amount_too_large", f"amount: {amount:f} is a trillion or more"
    return None


def _repeats(lines: Sequence[tuple[int, int, SentTransaction]], reasons: list[tuple[str, str] | None]) -> list[int]:
    """Which believable lines repeat an earlier one of their id; those that differ are in conflict, and none holds."""
    of_id: dict[tuple[int, str], list[int]] = defaultdict(list)
    for at, (number, _, row) in enumerate(lines):
        if row.row_id is not None and reasons[at] is None:
            of_id[number, row.row_id].append(at)
    repeated = []
    for places in of_id.values():
        if all(lines[at][2] == lines[places[0]][2] for at in places):
            repeated += places[1:]
            continue
        for at in places:
            reasons[at] = (
                CONFLICTING_ID,
                f"row_id: {lines[at][2].row_id} stands on another row with different content",
            )
    return repeated


def _beside(customers: Sequence[SentCustomer], contract: DataContract, zone: tzinfo) -> dict[str, pa.Table]:
    """The rows of the other tables that the release knows; what it does not know says nothing to its models."""
    found = {}
    for name in BESIDE:
        if name in contract.present:
            rows = chain.from_iterable(
                ((number, row) for row in getattr(one, name) or ()) for number, one in enumerate(customers)
            )
            found[name] = _table(name, rows, zone)
    if "customers" in contract.present:
        records = ((number, one.attributes) for number, one in enumerate(customers) if one.attributes)
        found["customers"] = _table("customers", records, zone)
    return found


def _table(name: str, rows: Iterable[tuple[int, BaseModel]], zone: tzinfo) -> pa.Table:
    held = list(rows)
    columns = {
        column.name: _column([getattr(row, column.name, None) for _, row in held], column.kind, zone)
        for column in source_table(name).columns
        if column.name != "customer_id"
    }
    columns["customer_id"] = pa.array([str(number) for number, _ in held], pa.string())
    return _shaped(columns, sent_schema(name), len(held))


def told_columns(one: SentCustomer) -> frozenset[str]:
    """The silver columns that are told of a customer, as table.column: those named in any row, even as empty."""
    told = {f"{TRANSACTIONS.name}.{name}" for row in one.transactions for name in row.model_fields_set}
    for name in BESIDE:
        if getattr(one, name) is not None:
            told |= {f"{name}.{column}" for column in source_table(name).names}
    if one.attributes is not None:
        told |= {f"customers.{name}" for name in one.attributes.model_fields_set}
    return frozenset(told)
