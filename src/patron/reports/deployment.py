"""Where to run Patron for how many customers: the eight tiers of the seed's plan, with the machine that each needs.

Planned costs are those that the seed's plan gave for a project of its own, in thousands of dollars. They are repeated
here to be compared with, and nothing of them is calculated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Tier:
    """Customers per cycle, from (above) to (included; None: no end), what was planned for them, and how to run Patron."""

    above: int
    up_to: int | None
    planned: tuple[int, int, int]
    at_least: bool
    shape: str
    machine: str

    @property
    def name(self) -> str:
        if self.up_to is None:
            return f"over {_short(self.above)}"
        return f"{_short(self.above)} to {_short(self.up_to)}" if self.above else f"under {_short(self.up_to)}"

    @property
    def size(self) -> int:
        """The customers that its figures are told for: the most it holds, twice the least where there is no most."""
        return self.up_to or 2 * self.above

    def holds(self, customers: int) -> bool:
        return self.above < customers and (self.up_to is None or customers <= self.up_to)


TIERS: Final = (
    Tier(0, 50_000, (130, 4, 45), False, "one process, DuckDB in a file", "a laptop: 2 processors, 4 GB"),
    Tier(50_000, 100_000, (140, 5, 50), False, "one process, DuckDB in a file", "a laptop: 2 processors, 4 GB"),
    Tier(100_000, 250_000, (150, 6, 55), False, "one scheduled job, DuckDB in a file", "2 processors, 8 GB"),
    Tier(250_000, 500_000, (165, 7, 60), False, "one scheduled job, DuckDB in a file", "2 processors, 8 GB"),
    Tier(
        500_000,
        1_000_000,
        (180, 8, 70),
        False,
        "one scheduled job, DuckDB in a file; readers take the published release",
        "2 to 4 processors, 16 GB, local disk",
    ),
    Tier(
        1_000_000,
        2_000_000,
        (200, 10, 80),
        False,
        "a job on a machine of its own, or PostgreSQL where the data already live; two readers behind a balancer",
        "4 processors, 16 GB, fast local disk",
    ),
    Tier(
        2_000_000,
        5_000_000,
        (220, 12, 90),
        False,
        "a job on a machine of its own, out of core; or Spark with two executors; readers balanced over two zones",
        "4 to 8 processors, 24 GB, fast local disk",
    ),
    Tier(
        5_000_000,
        None,
        (250, 15, 100),
        True,
        "a dedicated cluster: Spark, or BigQuery where the data already live; readers in each region",
        "executors of 4 processors and 16 GB, one for each 2 to 3 million customers",
    ),
)


def tier_of(customers: int) -> Tier:
    """The tier that so many customers fall in."""
    return next(tier for tier in TIERS if tier.holds(max(customers, 1)))


def _short(customers: int) -> str:
    return f"{customers // 1_000_000} M" if customers >= 1_000_000 else f"{customers // 1_000} k"
