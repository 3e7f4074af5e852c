"""What a run leaves behind so that its release can be believed or doubted: evidence.json.

Values are checked when they are made (pydantic), so a wrong type shows in the run, not in a report.
Figures that do not exist (no backtest, a percentage of zero) are None; NaN is read as None.
"""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, TypeAdapter
from pydantic.dataclasses import dataclass

from patron.reports.plain_file import read_as

Status = Literal["champion", "beaten", "baseline", "refused"]
Metric = Literal["wape", "mae", "rmse", "gini", "spearman"]


def _none_unless_finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Figure = Annotated[float | None, BeforeValidator(_none_unless_finite)]


@dataclass(frozen=True)
class SourceFile:
    """One file of one source, and the table it fills."""

    source: str
    name: str
    rows_in: int
    table: str = "transactions"


@dataclass(frozen=True)
class Finding:
    """A quarantine reason or a review flag: its code, how many rows, and one of them in words."""

    code: str
    count: int
    example: str = ""


@dataclass(frozen=True)
class RunEvidence:
    """What was read, and what it adds up to.

    ``customers``, ``invoices``, ``items`` and ``net_revenue`` count identified customers only;
    ``accepted`` includes ``anonymous_rows``. ``provable`` is false when history cannot test the horizon.
    """

    sources: tuple[SourceFile, ...]
    profile: str
    currency: str
    as_of: date
    horizon_days: int
    provable: bool
    first_day: date
    history_days: int
    customers: int
    invoices: int
    items: Decimal
    net_revenue: Decimal
    anonymous_revenue: Decimal
    rows_in: int
    accepted: int
    anonymous_rows: int
    duplicate: int
    quarantined: int
    review: tuple[Finding, ...] = ()
    quarantine: tuple[Finding, ...] = ()
    basis: Literal["revenue", "margin"] = "revenue"


@dataclass(frozen=True)
class LeaderboardRow:
    """How one model did out of time, over all its folds.

    Shares are written 0.12 for 12%; ``bias`` is predicted total / actual total − 1; ``mae`` and ``rmse``
    are money; ``capture_20`` is the share of actual value held by the 20% predicted highest.
    """

    model: str
    title: str
    status: Status
    wape: Figure = None
    mae: Figure = None
    rmse: Figure = None
    mape: Figure = None
    bias: Figure = None
    spearman: Figure = None
    gini: Figure = None
    precision_at_10: Figure = None
    capture_10: Figure = None
    capture_20: Figure = None
    decile_mape: Figure = None
    folds: int = 0


@dataclass(frozen=True)
class RefusedModel:
    """A model that was not allowed to compete, and why."""

    model: str
    title: str
    reason: str


@dataclass(frozen=True)
class GateEvidence:
    """Who makes the published values, and how that was decided.

    ``passed`` is true when a candidate beat every plain baseline within the declared bias. An empty
    ``leaderboard`` means that no backtest was possible. ``folds`` are the backtest's cutoff days, ``max_bias`` how far off a
    total may be (0.25 for 25%; None: a release of before that was told).
    """

    champion: str
    champion_title: str
    passed: bool
    metric: Metric
    reasons: tuple[str, ...] = ()
    leaderboard: tuple[LeaderboardRow, ...] = ()
    folds: tuple[date, ...] = ()
    refused: tuple[RefusedModel, ...] = ()
    max_bias: Figure = None


@dataclass(frozen=True)
class DecileRow:
    """A tenth of the backtest's customers by predicted value: 1 holds the highest predictions."""

    decile: int
    customers: int
    predicted_mean: float
    predicted_total: float
    actual_mean: float
    actual_total: float


@dataclass(frozen=True)
class CoverageRow:
    """How often the actual value fell inside the interval (``measured``), against the promise (``nominal``).

    ``error`` is the standard error of the measured share. ``smoothed`` is the share with zeros counted fairly: where more
    customers bring nothing than the promise leaves room for, no interval holds fewer, and each then counts in part.
    """

    label: str
    customers: int
    nominal: float
    measured: Figure = None
    error: Figure = None
    smoothed: Figure = None


@dataclass(frozen=True)
class Coverage:
    """Interval coverage over all backtested customers and by value band."""

    overall: CoverageRow | None = None
    bands: tuple[CoverageRow, ...] = ()


@dataclass(frozen=True)
class ValueInterval:
    """An expected value with the ends of its 80% interval."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True)
class MonthValue:
    """Net value of one calendar month, written '2024-06'."""

    month: str
    value: Decimal


@dataclass(frozen=True)
class MonthAhead:
    """Revenue expected in one calendar month, with the two views it comes from; no bounds where none could be learnt."""

    month: str
    expected: float
    bottom_up: float
    top_down: float
    so_far: float = 0.0
    low: Figure = None
    high: Figure = None


@dataclass(frozen=True)
class CohortAhead:
    """What the customers who came in one span of time bring over all the months ahead."""

    label: str
    customers: float
    expected: float


@dataclass(frozen=True)
class ForecastEvidence:
    """Revenue by month: what was, what is expected, and how the forecast was made.

    ``weight_bottom_up`` is the weight of the customers' values against the monthly series (``series_model``);
    ``origins`` is how many earlier days the forecast was tried from.
    """

    months: tuple[MonthAhead, ...]
    cohorts: tuple[CohortAhead, ...]
    history: tuple[MonthValue, ...]
    series_model: str
    weight_bottom_up: float
    origins: int


@dataclass(frozen=True)
class GroupTotal:
    """What the customers of one group (a tier, branch, country …) bring together; ``unknown`` says why bounds are missing."""

    by: str
    label: str
    customers: int
    expected: float
    low: Figure = None
    high: Figure = None
    unknown: str = ""


@dataclass(frozen=True)
class ValueDriver:
    """How much one thing moves the values: the mean size of its part in each, in money, and its share of all such sizes."""

    noun: str
    mean_size: float
    share: float
    direction: Literal["up", "down", "mixed"]
    words: str


@dataclass(frozen=True)
class Evidence:
    """Everything the report says about a release beyond its scores and segments."""

    run: RunEvidence
    gate: GateEvidence
    total: ValueInterval
    deciles: tuple[DecileRow, ...] = ()
    coverage: Coverage = Coverage()
    monthly_revenue: tuple[MonthValue, ...] = ()
    caveats: tuple[str, ...] = ()
    forecast: ForecastEvidence | None = None
    groups: tuple[GroupTotal, ...] = ()
    value_drivers: tuple[ValueDriver, ...] = ()

    def to_json(self) -> str:
        """The evidence as indented JSON text; equal evidence gives equal text."""
        return _ADAPTER.dump_json(self, indent=1).decode() + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Evidence:
        """Evidence read back from its JSON text; raises DamagedRelease where it does not fit."""
        return read_as(_ADAPTER, text, "evidence.json", "a run's evidence")


_ADAPTER: Final = TypeAdapter(Evidence)
