"""Clean feeds of random shops, batch by batch: growth, seasons and weekly swings as they come, and nothing wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

FIRST_DAY = date(2023, 1, 2)
HEADER = ("id", "client", "when", "branch", "product", "channel", "currency", "quantity", "price")
BRANCHES = tuple(f"b{number}" for number in range(12))
SETTINGS = """\
[quality]
repeat_limit = 0.6
{quality}
[models]
candidates = ["bg_nbd"]
folds = 1

[sources.branches]
table = "branches"
files = "branches.csv"
[sources.branches.columns]
branch_id = "branch"
branch_name = "name"

[sources.sales]
table = "transactions"
files = "in/sales-*"
row_id = "id"
[sources.sales.columns]
customer_id = "client"
occurred_at = "when"
branch_id = "branch"
product_id = "product"
channel = "channel"
currency = "currency"
quantity = "quantity"
unit_price = "price"
"""

Row = dict[str, str]


@dataclass(frozen=True)
class Shop:
    """What a shop is like: how much it sells, how that grows and swings, and what its sales look like."""

    rows_a_day: float
    growth_a_year: float
    season: float
    weekend: float
    price: float
    spread: float
    web: float
    opens: int
    days_a_batch: int

    @classmethod
    def drawn(cls, rng: np.random.Generator, *, days_a_batch: int = 28, rows_a_day: float = 40) -> Shop:
        return cls(
            rows_a_day=rows_a_day * float(rng.uniform(0.8, 1.3)),
            growth_a_year=float(rng.uniform(0.9, 1.6)),
            season=float(rng.uniform(0.05, 0.35)),
            weekend=float(rng.uniform(0.6, 1.5)),
            price=float(rng.uniform(3, 80)),
            spread=float(rng.uniform(0.4, 1.0)),
            web=float(rng.uniform(0.2, 0.8)),
            opens=int(rng.integers(7, 11)),
            days_a_batch=days_a_batch,
        )

    def batch(self, rng: np.random.Generator, number: int) -> list[Row]:
        """The rows of one batch, in order of time."""
        rows: list[Row] = []
        for day in range(number * self.days_a_batch, (number + 1) * self.days_a_batch):
            rows += [self._row(rng, day, f"{day}-{place}") for place in range(rng.poisson(self._busy(day)))]
        return rows

    def _busy(self, day: int) -> float:
        weekday = (FIRST_DAY + timedelta(days=day)).weekday()
        season = 1 + self.season * np.sin(2 * np.pi * day / 365.25)
        return float(
            self.rows_a_day * self.growth_a_year ** (day / 365.25) * season * (self.weekend if weekday >= 5 else 1)
        )

    def _row(self, rng: np.random.Generator, day: int, name: str) -> Row:
        minute = int(rng.integers(self.opens * 60, (self.opens + 10) * 60))
        when = datetime.combine(FIRST_DAY, datetime.min.time()) + timedelta(days=day, minutes=minute)
        customer = int(300 * rng.beta(1, 1.6))
        return {
            "id": name,
            "client": "" if rng.random() < 0.06 else f"c{customer:03d}",
            "when": f"{when:%Y-%m-%d %H:%M}",
            "branch": BRANCHES[min(int(rng.exponential(3)), len(BRANCHES) - 1)],
            "product": f"p{int(rng.exponential(20))}",
            "channel": "web" if rng.random() < self.web else "shop",
            "currency": "EUR",
            "quantity": str(1 + int(rng.poisson(0.4))),
            "price": f"{self.price * rng.lognormal(0, self.spread):.2f}",
        }


def batch_name(number: int) -> str:
    return f"sales-{number:03d}.csv"


def as_csv(rows: list[Row]) -> bytes:
    lines = [",".join(rows[0] if rows else HEADER), *(",".join(row.values()) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def workspace(folder: Path, *, quality: str = "") -> Path:
    """A workspace without sales yet."""
    (folder / "in").mkdir(parents=True)
    (folder / "patron.toml").write_text(SETTINGS.format(quality=quality), "utf-8")
    (folder / "branches.csv").write_text(
        "\n".join(["branch,name", *(f"{name},Branch {name}" for name in BRANCHES), ""]), "utf-8"
    )
    return folder


def day_after(shop: Shop, number: int) -> datetime:
    """Noon of the day after a batch's last."""
    return datetime.combine(FIRST_DAY, datetime.min.time()) + timedelta(days=(number + 1) * shop.days_a_batch, hours=12)
