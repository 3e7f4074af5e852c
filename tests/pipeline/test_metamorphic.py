"""What a change of the input must change in the output, and that it changes nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from patron.pipeline.runner import run_workspace
from patron.releases.contents import Release, load_release

SETTINGS = """
[value]
horizon = "120 days"

[models]
candidates = ["bg_nbd"]
folds = 2

[sources.orders]
table = "transactions"
files = ["orders.csv"]

[sources.orders.columns]
customer_id = "client"
order_id = "order"
occurred_at = "day"
amount = "total"
channel = "channel"

[sources.clients]
table = "customers"
files = ["clients.csv"]

[sources.clients.columns]
customer_id = "client"
gender = "gender"
"""
FIRST_DAY = date(2021, 1, 4)
MONEY = ("expected_value", "value_low", "value_high", "historic_value", "total_value")
DAYS = ("as_of", "next_purchase_from", "next_purchase_to")


@dataclass(frozen=True)
class Order:
    client: str
    number: str
    day: date
    cents: int
    channel: str


@dataclass(frozen=True)
class World:
    """Orders and clients of a small shop."""

    orders: tuple[Order, ...]
    clients: tuple[str, ...]


def small_shop(clients: int = 220, days: int = 720) -> World:
    """Clients who buy at rates of their own until they leave, each with a usual amount."""
    rng = np.random.default_rng(11)
    orders = []
    for client in range(clients):
        begins = int(rng.integers(0, days * 0.7))
        leaves = begins + rng.exponential(500)
        usual = rng.gamma(3, 2000)
        day: float = begins
        while day < min(leaves, days):
            cents = max(100, int(usual * rng.gamma(5, 0.2)))
            channel = "web" if rng.random() < 0.6 else "shop"
            when = FIRST_DAY + timedelta(days=int(day))
            orders.append(Order(f"c{client:03d}", f"o{len(orders)}", when, cents, channel))
            day += 1 + rng.exponential(25 + 100 * rng.random())
    return World(tuple(orders), tuple(f"c{client:03d}" for client in range(clients)))


def released(world: World, folder: Path) -> Release:
    folder.mkdir()
    rows = (f"{o.client},{o.number},{o.day},{o.cents // 100}.{o.cents % 100:02d},{o.channel}" for o in world.orders)
    (folder / "orders.csv").write_text("\n".join(["client,order,day,total,channel", *rows, ""]), "utf-8")
    people = (f"{client},{'f' if n % 2 else 'm'}" for n, client in enumerate(world.clients))
    (folder / "clients.csv").write_text("\n".join(["client,gender", *people, ""]), "utf-8")
    (folder / "patron.toml").write_text(SETTINGS, "utf-8")
    run_workspace(folder)
    return load_release(folder)


@pytest.fixture(scope="module")
def shop() -> World:
    return small_shop()


@pytest.fixture(scope="module")
def before(shop: World, tmp_path_factory: pytest.TempPathFactory) -> Release:
    return released(shop, tmp_path_factory.mktemp("metamorphic") / "before")


Change = Callable[[World], Release]


@pytest.fixture
def after(tmp_path: Path) -> Change:
    return lambda world: released(world, tmp_path / "after")


def scores(release: Release) -> dict[str, dict[str, Any]]:
    return {row["customer_id"]: row for row in release.scores().to_pylist()}


def tiers(release: Release) -> dict[str, str]:
    return {row["customer_id"]: row["tier"] for row in release.segments().to_pylist()}


def measured(release: Release) -> dict[str, Any]:
    """What the card measured, without the names of files and hashes."""
    card = release.model_card()
    return {name: card[name] for name in ("gate", "study", "coverage")}


def assert_alike(one: Mapping[str, Any], other: Mapping[str, Any], names: set[str], rel: float) -> None:
    for name in names:
        if isinstance(one[name], float):
            assert other[name] == pytest.approx(one[name], rel=rel, abs=2e-4), name
        else:
            assert other[name] == one[name], name


def test_the_small_shop_is_tested_and_its_champion_is_no_baseline(before: Release) -> None:
    assert before.evidence()["gate"]["passed"]
    assert before.manifest.champion == "bg_nbd"
    assert len(before.evidence()["gate"]["folds"]) == 2


@pytest.mark.slow
def test_a_currency_worth_a_hundredth_makes_money_a_hundredfold_and_changes_nothing_else(
    shop: World, before: Release, after: Change
) -> None:
    dear = after(World(tuple(replace(order, cents=order.cents * 100) for order in shop.orders), shop.clients))
    one, other = scores(before), scores(dear)
    for client, row in one.items():
        for name in MONEY:
            assert other[client][name] == pytest.approx(row[name] * 100, rel=2e-4, abs=0.02), name
        assert_alike(row, other[client], set(row) - {*MONEY}, rel=1e-4)
    assert tiers(dear) == tiers(before)
    old, new = measured(before), measured(dear)
    for one_slice, other_slice in zip(old["study"]["slices"], new["study"]["slices"], strict=True):
        assert other_slice["name"] == one_slice["name"]
        assert other_slice["bias"]["value"] == pytest.approx(one_slice["bias"]["value"], abs=1e-3)


def test_the_order_of_rows_changes_not_a_byte(shop: World, before: Release, after: Change) -> None:
    rng = np.random.default_rng(3)
    orders = tuple(shop.orders[k] for k in rng.permutation(len(shop.orders)))
    clients_in_order = shop.clients
    shuffled = after(World(orders, clients_in_order))
    assert shuffled.manifest.score_digest == before.manifest.score_digest
    assert measured(shuffled) == measured(before)


@pytest.mark.slow
def test_a_history_written_twice_under_new_ids_doubles_the_total_and_gives_twins_one_value(
    shop: World, before: Release, after: Change
) -> None:
    copies = tuple(replace(o, client=f"x{o.client}", number=f"x{o.number}") for o in shop.orders)
    twice = after(World((*shop.orders, *copies), (*shop.clients, *(f"x{client}" for client in shop.clients))))
    one, other = scores(before), scores(twice)
    assert len(other) == 2 * len(one)
    same = {"expected_value", "expected_orders", "probability_alive", "probability_no_purchase", "historic_value"}
    for client, row in one.items():
        assert_alike(row, other[client], same, rel=2e-3)
        assert_alike(other[client], other[f"x{client}"], same | {"value_low", "value_high", "confidence"}, rel=1e-12)
        assert tiers(twice)[client] == tiers(twice)[f"x{client}"]
    total, doubled = (r.evidence()["total"]["expected"] for r in (before, twice))
    assert doubled == pytest.approx(2 * total, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("weeks", [52, pytest.param(521, marks=pytest.mark.slow)])
def test_a_history_moved_by_whole_weeks_moves_the_dates_and_nothing_else(
    shop: World, before: Release, after: Change, weeks: int
) -> None:
    gap = timedelta(weeks=weeks)
    moved = after(World(tuple(replace(o, day=o.day - gap) for o in shop.orders), shop.clients))
    one, other = scores(before), scores(moved)
    for client, row in one.items():
        for name in DAYS:
            assert other[client][name] == row[name] - gap, name
        assert_alike(row, other[client], set(row) - {*DAYS}, rel=0)
    assert tiers(moved) == tiers(before)
    assert [row["overall"] for row in measured(moved)["study"]["results"]] == [
        row["overall"] for row in measured(before)["study"]["results"]
    ]


@pytest.mark.slow
def test_a_client_who_never_bought_changes_not_a_byte(shop: World, before: Release, after: Change) -> None:
    joined = after(World(shop.orders, (*shop.clients, "never")))
    assert joined.manifest.score_digest == before.manifest.score_digest
    assert "never" not in scores(joined)
    assert measured(joined) == measured(before)
