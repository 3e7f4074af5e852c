"""Simulated worlds whose truth is known: one door for the demo, the tests and the benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from patron.errors import UnknownName, UsageError
from patron.periods import day_number
from patron.settings import FILE_NAME
from patron.sources.samples.bank import simulate_bank
from patron.sources.samples.export import Exports, FileFormat
from patron.sources.samples.patron_toml import SourceMap, patron_toml
from patron.sources.samples.plan import FUTURE_DAYS, Plan
from patron.sources.samples.shop import simulate_shop
from patron.sources.samples.subscription import simulate_subscription
from patron.sources.samples.tally import Tally
from patron.sources.samples.truth import HORIZONS

DEFAULT_END: Final = date(2025, 12, 31)


@dataclass(frozen=True)
class Kind:
    """One kind of world: how it is simulated, described and sized unless told otherwise."""

    run: Callable[[Plan, Exports, Tally], tuple[SourceMap, ...]]
    meaning: str
    profile: str
    basis: str
    days: int
    orders_per_customer: float
    sizes_orders: bool = True


WORLDS: Final[dict[str, Kind]] = {
    "shop": Kind(simulate_shop, "a shop on the web and in branches", "retail", "revenue", 1095, 6.0),
    "bank": Kind(simulate_bank, "a bank with branches, accounts and margins", "bank", "margin", 1095, 160.0),
    "subscription": Kind(
        simulate_subscription, "plans, renewals, upgrades and churn", "subscription", "revenue", 1095, 12.0, False
    ),
}


@dataclass(frozen=True)
class World:
    """A simulated world on disk: its exports, how they map, and the truth about its customers.

    ``truth`` has one row per customer (``truth.Truth.columns``), ``campaign_truth`` one per campaign; both count
    from ``end``, the last day of history. ``facts`` are counts of what was written.
    """

    name: str
    folder: Path
    seed: int
    end: date
    days: int
    sources: tuple[SourceMap, ...]
    truth: Path
    campaign_truth: Path
    facts: Mapping[str, int | Decimal]
    horizons: tuple[int, ...] = HORIZONS
    future_days: int = FUTURE_DAYS

    def settings(self) -> str:
        """The text of a patron.toml for these exports; file names are relative to the world's folder."""
        kind = WORLDS[self.name]
        return patron_toml(
            f"A simulated world: {kind.meaning} (seed {self.seed}, {self.days} days of history).\n"
            "The folder truth/ holds what only a simulation knows; it is never read by a run.",
            self.sources,
            profile=kind.profile,
            value={"currency": "EUR", "basis": kind.basis},
            as_of=self.end.isoformat(),
        )


def simulate(
    world: str,
    folder: Path,
    *,
    customers: int,
    seed: int,
    days: int | None = None,
    orders_per_customer: float | None = None,
    file_format: FileFormat = "parquet",
    end: date = DEFAULT_END,
    one_row_per_order: bool = False,
) -> World:
    """Write a world's exports and its truth into a folder; the same arguments write the same bytes.

    ``orders_per_customer`` is the mean number of orders (or movements) within the history, to about 3 %, a bank's
    salaries and fees (some 25 a customer) being there in any case; the subscription world's follows from its plans
    and cannot be asked for. ``one_row_per_order`` leaves out the lines
    of an order (shop only). Memory does not grow with the number of customers.
    """
    kind = _kind(world)
    if orders_per_customer is not None and not kind.sizes_orders:
        raise UsageError(
            f"The number of orders in the world '{world}' follows from its plans and their churn.",
            to_do="Leave orders_per_customer out, or choose other days.",
        )
    if one_row_per_order and world != "shop":
        raise UsageError(f"The world '{world}' has one row per order already.", to_do="Leave one_row_per_order out.")
    plan = Plan(
        customers,
        seed,
        day_number(end),
        kind.days if days is None else days,
        kind.orders_per_customer if orders_per_customer is None else orders_per_customer,
        one_row_per_order,
    )
    tally = Tally()
    with Exports(folder, file_format) as exports:
        sources = kind.run(plan, exports, tally)
    return World(
        name=world,
        folder=folder,
        seed=seed,
        end=end,
        days=plan.days,
        sources=sources,
        truth=exports.truth_path("truth"),
        campaign_truth=exports.truth_path("campaigns"),
        facts=tally.facts(customers),
    )


def prepare_world(
    name: str,
    folder: Path,
    *,
    customers: int = 2_000,
    seed: int = 1,
    days: int | None = None,
    orders_per_customer: float | None = None,
    file_format: FileFormat = "parquet",
    end: date = DEFAULT_END,
    one_row_per_order: bool = False,
) -> Path:
    """Simulate a world into a folder and write its patron.toml there; gives that file's path."""
    world = simulate(
        name,
        folder,
        customers=customers,
        seed=seed,
        days=days,
        orders_per_customer=orders_per_customer,
        file_format=file_format,
        end=end,
        one_row_per_order=one_row_per_order,
    )
    path = folder / FILE_NAME
    path.write_text(world.settings(), encoding="utf-8")
    return path


def _kind(world: str) -> Kind:
    if world not in WORLDS:
        raise UnknownName("world", world, WORLDS)
    return WORLDS[world]
