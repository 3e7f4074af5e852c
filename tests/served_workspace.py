"""A workspace that was never run, with releases made by hand: customers of three branches, to be served in tests."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from patron.models.buying.bg_nbd import FittedBGNBD
from patron.models.buying.gamma_gamma import FittedGammaGamma
from patron.models.valuing.activity import FittedActivity
from patron.models.valuing.process_value import FittedProcessValue
from patron.periods import day_number
from patron.releases.contents import BEHAVIOUR as BEHAVIOUR_FILE
from patron.releases.contents import EVIDENCE, FEATURES, MODELS, PURCHASE_DAYS
from patron.releases.contents import MEMBERS as MEMBERS_FILE
from patron.releases.contents import MOVES as MOVES_FILE
from patron.releases.contents import SCORES as SCORES_FILE
from patron.releases.contents import SEGMENTS as SEGMENTS_FILE
from patron.releases.manifest import Manifest
from patron.releases.shelf import Shelf
from patron.tables import BEHAVIOUR, MEMBERS, MOVES, SCORES, SEGMENTS, Kind, Table

SETTINGS = """
[sources.orders]
table = "transactions"
files = "orders.csv"
columns = { customer_id = "who", occurred_at = "when", amount = "amount" }
"""
BRANCHES = ("north", "south", "west")
AS_OF = date(2026, 10, 31)
MODEL = FittedProcessValue(
    FittedActivity(FittedBGNBD({"r": 0.6, "alpha": 25.0, "a": 0.8, "b": 2.5}, converged=True, advice=""), 90),
    FittedGammaGamma({"p": 6.0, "q": 4.0, "v": 15.0}, converged=True, advice=""), 25.0, 1.0, 1.0,
)  # fmt: skip
"""What the releases were scored with, as far as live values go."""
_TYPES: dict[Kind, pa.DataType] = {
    "id": pa.string(), "text": pa.string(), "count": pa.int64(), "date": pa.date32(), "share": pa.float64(),
    "real": pa.float64(), "flag": pa.bool_(), "money": pa.decimal128(18, 4),
}  # fmt: skip


def customer_ids(count: int) -> list[str]:
    return [f"c{number:05}" for number in range(count)]


def branch_of(number: int, *, lonely: bool = True) -> str | None:
    """The branch of a customer: one in ten has none, one alone is of the branch 'lonely', the others take turns."""
    if lonely and number == 7:
        return "lonely"
    return None if number % 10 == 9 else BRANCHES[number % 3]


def served_workspace(folder: Path, *, customers: int = 60, live: bool = False) -> Path:
    """A workspace with one release, which events can move if it is ``live``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "patron.toml").write_text(SETTINGS, "utf-8")
    publish(folder, customers=customers, live=live)
    return folder


def publish(folder: Path, *, customers: int = 60, scale: float = 1.0, minute: int = 0, live: bool = False) -> str:
    """Publish another release: the same customers, worth ``scale`` times as much; gives its name."""
    now = datetime(2026, 11, 1, 8, minute, tzinfo=UTC)
    manifest = Manifest(
        id="", created_at=f"{now:%Y-%m-%dT%H:%M:%SZ}", run_key=f"{minute:024}", score_digest=f"{minute:02}{int(scale * 100):010}",
        data_hash="0" * 64, code_version="0", profile="retail", currency="EUR", as_of=f"{AS_OF}", horizon_days=90,
        customers=customers, champion="bg_nbd", files={},
    )  # fmt: skip
    return (
        Shelf(folder / "releases").publish(manifest, lambda home: _write(home, customers, scale, live=live), now, 50).id
    )


def _write(home: Path, count: int, scale: float, *, live: bool) -> None:
    ids = customer_ids(count)
    value = np.array([scale * (10.0 + number) for number in range(count)])
    tiers = ["high" if number % 5 == 0 else "low" for number in range(count)]
    scores = {"expected_value": value, "value_low": value / 2, "value_high": value * 2, "historic_value": value * 3}
    scores |= {"horizon_days": [90] * count, "confidence": ["medium"] * count, "model": ["bg_nbd"] * count}
    segments = {"tier": tiers, "branch": [branch_of(number) for number in range(count)]}
    behaviour = {
        "value_at_risk": value / 10,
        "alert": ["watch" if number % 4 == 0 else "calm" for number in range(count)],
    }
    if live:
        _write_live(home, ids)
    pq.write_table(_table(SCORES, ids, scores), home / SCORES_FILE)
    pq.write_table(_table(SEGMENTS, ids, segments), home / SEGMENTS_FILE)
    pq.write_table(_table(BEHAVIOUR, ids, behaviour), home / BEHAVIOUR_FILE)
    pq.write_table(_table(MEMBERS, ids[::2], {"rule": ["Even ones"] * len(ids[::2])}), home / MEMBERS_FILE)
    pq.write_table(
        _table(MOVES, ids[:3], {"view": ["tier"] * 3, "before": ["low"] * 3, "now": tiers[:3]}), home / MOVES_FILE
    )
    evidence: dict[str, Any] = {  # Any: plain data
        "total": {"expected": float(value.sum()), "low": float(value.sum() * 0.9), "high": float(value.sum() * 1.1)},
        "gate": {"champion": "bg_nbd", "passed": True, "leaderboard": []},
    }
    (home / EVIDENCE).write_text(json.dumps(evidence), "utf-8")
    (home / "model_card.json").write_text(json.dumps({"champion": "bg_nbd"}), "utf-8")


def _write_live(home: Path, ids: list[str]) -> None:
    """What live values start from: everybody bought for 10 on a day and for 20 ten days later, the last ten days ago."""
    first = day_number(AS_OF) - 20
    known = {
        "first_day": first,
        "frequency": 1,
        "monetary_value": 20.0,
        "gross_value": 30.0,
        "historic_value": 30.0,
        "orders": 2,
    }
    pq.write_table(
        pa.table({"customer_id": ids} | {name: [value] * len(ids) for name, value in known.items()}), home / FEATURES
    )
    days: dict[str, Any] = {"customer_id": np.repeat(ids, 2), "purchase_day": [first, first + 10] * len(ids)}
    pq.write_table(pa.table(days), home / PURCHASE_DAYS)
    (home / MODELS).mkdir()
    for name, body in MODEL.artifacts().items():
        (home / MODELS / name).write_bytes(body)


def _table(table: Table, ids: list[str], given: dict[str, Any]) -> pa.Table:  # Any: values of columns
    columns = {}
    for column in table.columns:
        if column.name == "customer_id":
            columns[column.name] = pa.array(ids, pa.string())
        elif column.name in given:
            columns[column.name] = pa.array(given[column.name], _TYPES[column.kind])
        else:
            columns[column.name] = pa.array([_plain(column.kind)] * len(ids), _TYPES[column.kind])
    return pa.table(columns)


def _plain(kind: Kind) -> object:
    return {"id": "x", "text": "some", "count": 3, "date": AS_OF, "share": 0.5, "real": 1.5, "flag": False}.get(kind)
