"""What was planted between two releases is found in its own part, to the ten-thousandth, and in no other."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.silver_cast import HORIZON, ORDERS_ONLY, Line, bought, prepare, silver, warehouse
from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.models.customers import Customers, History
from patron.models.valuing.baselines import FittedRule, RFMRate
from patron.periods import day_of
from patron.pipeline.modelling.bridge_states import Later, build_bridge
from patron.releases.contents import FEATURES, SCORES, Release
from patron.releases.manifest import MANIFEST, Manifest
from patron.scores.bridge import PARTS, Bridge
from patron.scores.views import customers_of
from patron.warehouse.duckdb import DuckDBWarehouse

THEN, NOW = 19_800, 19_830
CONTRACT = {"value.basis": "revenue", "value.margin_rate": "1.0", "value.refunds": "net"}
LINES = (
    bought("Ada", "A1", THEN - 199, "300"),
    bought("Ada", "A2", THEN - 50, "100"),
    bought("Bruno", "B1", THEN - 149, "60"),
    bought("Chen", "C1", THEN - 119, "90"),
)
ALL = available_features(ORDERS_ONLY)


def rate(historic: float, tenure: int) -> int:
    """What the model of these tests expects, in ten-thousandths: the rate so far, over the horizon."""
    return round(historic * HORIZON / (tenure + 1) * 10_000)


def described(house: DuckDBWarehouse, lines: tuple[Line, ...], day: int) -> tuple[dict[str, pa.Table], pa.Table]:
    prepared = prepare(house, silver(house, lines), ORDERS_ONLY)
    return prepared, house.fetch(customer_features(prepared, [day], HORIZON, ALL).order_by("customer_id"))


def valued(fitted: FittedRule, features: pa.Table, day: int) -> pa.Table:
    values = np.round(fitted.predict(customers_of(features, day)).expected_value, 4)
    return pa.table({"customer_id": features["customer_id"], "expected_value": values})


def published(folder: Path, fitted: FittedRule, settings: dict[str, str] | None = None) -> Release:
    """A release of LINES as of THEN, by this model."""
    with warehouse() as house:
        _, features = described(house, LINES, THEN)
    pq.write_table(features, folder / FEATURES)
    pq.write_table(valued(fitted, features, THEN), folder / SCORES)
    (folder / "models").mkdir()
    for name, body in fitted.artifacts().items():
        (folder / "models" / name).write_bytes(body)
    manifest = Manifest(
        folder.name, "2024-01-01T00:00:00Z", "k", "d", "h", "0", "retail", "EUR", day_of(THEN).isoformat(),
        HORIZON, features.num_rows, "rfm_rate", {},
    )  # fmt: skip
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest)), "utf-8")
    (folder / "model_card.json").write_text(json.dumps({"provenance": {"settings": settings or CONTRACT}}), "utf-8")
    return Release(folder, manifest)


@pytest.fixture(scope="module")
def fitted() -> FittedRule:
    columns = {name: np.array([1.0, 0.0, 2.0]) for name in ("frequency", "recency", "orders", "historic_value")}
    now = Customers(THEN, np.array(["x", "y", "z"]), columns | {"T": np.array([90.0, 50.0, 120.0])})
    return RFMRate().fit(History(now, (), HORIZON), 1)


@pytest.fixture
def earlier(tmp_path: Path, fitted: FittedRule) -> Release:
    return published(tmp_path, fitted)


def bridge(earlier: Release, fitted: FittedRule, *lines: Line, horizon: int = HORIZON) -> Bridge:
    """The bridge to a later day with these lines instead, valued by the same model."""
    with warehouse() as house:
        prepared, features = described(house, lines, NOW)
        house.replace("gold", "customer_features", features)
        later = Later(
            house, prepared, ORDERS_ONLY, NOW, horizon, valued(fitted, features, NOW), CONTRACT,
            house.table("gold", "customer_features"), lambda _: None,
        )  # fmt: skip
        return build_bridge(earlier, later)


def parts(found: Bridge, customer: str) -> dict[str, int]:
    """The parts of a customer that are not nothing."""
    return {part: amount for part, amount in found.of(customer).parts.items() if amount}


SILENT = {
    "Ada": rate(400, 229) - rate(400, 199),
    "Bruno": rate(60, 179) - rate(60, 149),
    "Chen": rate(90, 149) - rate(90, 119),
}


def test_where_nothing_happened_all_is_silence(earlier: Release, fitted: FittedRule) -> None:
    found = bridge(earlier, fitted, *LINES)
    assert {who: parts(found, who) for who in SILENT} == {who: {"silence": fall} for who, fall in SILENT.items()}
    assert found.total().parts == dict.fromkeys(PARTS, 0) | {"silence": sum(SILENT.values())}


PLANTED = {
    "a purchase": (bought("Ada", "A3", NOW - 3, "50"), {"purchases": rate(450, 229) - rate(400, 229)}),
    "a purchase written up late": (
        bought("Ada", "A3", THEN - 9, "50", known=NOW - 3),
        {"purchases": rate(450, 229) - rate(400, 229)},
    ),
    "a refund": (bought("Ada", "A2", NOW - 3, "-100", refund=True), {"refunds": rate(300, 229) - rate(400, 229)}),
    "a purchase that arrived late": (
        bought("Ada", "A3", THEN - 9, "50"),
        {
            "corrections": rate(450, 199) - rate(400, 199),
            "silence": rate(450, 229) - rate(450, 199) - SILENT["Ada"],
        },
    ),
    "a refund that arrived late": (
        bought("Ada", "A2", THEN - 9, "-100", refund=True),
        {
            "corrections": rate(300, 199) - rate(400, 199),
            "silence": rate(300, 229) - rate(300, 199) - SILENT["Ada"],
        },
    ),
}


@pytest.mark.parametrize("what", list(PLANTED))
def test_what_was_planted_with_one_customer_is_in_its_own_part(what: str, earlier: Release, fitted: FittedRule) -> None:
    line, expected = PLANTED[what]
    found = bridge(earlier, fitted, *LINES, line)
    expected = {"silence": SILENT["Ada"] + expected.get("silence", 0)} | {
        part: amount for part, amount in expected.items() if part != "silence"
    }
    assert parts(found, "Ada") == expected
    assert parts(found, "Bruno") == {"silence": SILENT["Bruno"]}


def test_a_changed_row_is_a_correction(earlier: Release, fitted: FittedRule) -> None:
    changed = (replace(LINES[1], superseded=True), replace(LINES[1], amount="40"))
    found = bridge(earlier, fitted, LINES[0], *changed, *LINES[2:])
    assert parts(found, "Ada") == {
        "corrections": rate(340, 199) - rate(400, 199),
        "silence": rate(340, 229) - rate(340, 199),
    }


def test_a_customer_whose_rows_are_gone_is_a_correction_and_one_who_came_is_new(
    earlier: Release, fitted: FittedRule
) -> None:
    found = bridge(earlier, fitted, *LINES[:3], bought("Dora", "D1", NOW - 9, "70"))
    assert parts(found, "Chen") == {"corrections": -rate(90, 119)}
    assert parts(found, "Dora") == {"new": 70 * 10_000}  # the tenure counts 90 days at least, as many as the horizon
    assert found.total().change == sum(found.total().parts.values())


def test_a_purchase_and_its_refund_in_between_are_told_apart(earlier: Release, fitted: FittedRule) -> None:
    more = (bought("Ada", "A3", NOW - 9, "50"), bought("Ada", "A3", NOW - 3, "-50", refund=True))
    found = bridge(earlier, fitted, *LINES, *more)
    gain = rate(450, 229) - rate(400, 229)
    assert parts(found, "Ada") == {"silence": SILENT["Ada"], "purchases": gain, "refunds": -gain}


def test_a_customer_of_whom_all_that_was_known_then_moved_to_a_later_day(earlier: Release, fitted: FittedRule) -> None:
    found = bridge(earlier, fitted, *LINES[:3], bought("Chen", "C1", THEN + 11, "90"))
    assert parts(found, "Chen") == {"corrections": -rate(90, 119), "purchases": 90 * 10_000}


def test_another_horizon_is_a_change_of_the_model_alone(earlier: Release, fitted: FittedRule) -> None:
    found = bridge(earlier, replace(fitted, activity=replace(fitted.activity, horizon_days=180)), *LINES, horizon=180)
    assert parts(found, "Ada") == {"silence": SILENT["Ada"], "model_change": rate(800, 229) - rate(400, 229)}


def test_where_value_is_counted_otherwise_only_the_ends_are_told(tmp_path: Path, fitted: FittedRule) -> None:
    found = bridge(published(tmp_path, fitted, CONTRACT | {"value.basis": "margin"}), fitted, *LINES)
    assert "value.basis" in found.undivided
    assert set(parts(found, "Ada")) == {"model_change"}


def test_where_the_model_cannot_be_read_back_only_the_ends_are_told(earlier: Release, fitted: FittedRule) -> None:
    foreign = replace(earlier, manifest=replace(earlier.manifest, champion="of_a_plugin"))
    found = bridge(foreign, fitted, *LINES)
    assert "of_a_plugin" in found.undivided
    (earlier.folder / "models" / "rfm_rate.json").write_text("{}", "utf-8")
    assert bridge(earlier, fitted, *LINES).undivided.startswith("the model of the earlier release cannot be asked")


def test_where_the_model_says_otherwise_than_was_published_only_the_ends_are_told(
    earlier: Release, fitted: FittedRule
) -> None:
    scores = pq.read_table(earlier.folder / SCORES)
    doubled = pa.array(scores["expected_value"].to_numpy() * 2)
    pq.write_table(scores.set_column(1, "expected_value", doubled), earlier.folder / SCORES)
    found = bridge(earlier, fitted, *LINES)
    assert found.undivided == "as it was kept, the earlier model values 3 customers otherwise"
    assert found.total().parts["model_change"] == found.total().change


def test_overrides_stand_beside_what_the_models_made(earlier: Release, fitted: FittedRule) -> None:
    scores = pq.read_table(earlier.folder / SCORES)
    own = scores.select(["customer_id", "expected_value"])
    raised = pa.array(scores["expected_value"].to_numpy() + np.array([0.0, 5.0, 0.0]))
    pq.write_table(scores.set_column(1, "expected_value", raised), earlier.folder / SCORES)
    with warehouse() as house:
        prepared, features = described(house, LINES, NOW)
        made = valued(fitted, features, NOW)
        told = made.set_column(1, "expected_value", pa.array(made["expected_value"].to_numpy() + np.array([7.0, 0, 0])))
        later = Later(house, prepared, ORDERS_ONLY, NOW, HORIZON, told, CONTRACT, None, lambda _: None, own=made)
        found = build_bridge(earlier, later, own_before=own)
    assert parts(found, "Ada") == {"silence": SILENT["Ada"], "overrides": 70_000}
    assert parts(found, "Bruno") == {"silence": SILENT["Bruno"], "overrides": -50_000}
    assert parts(found, "Chen") == {"silence": SILENT["Chen"]}
