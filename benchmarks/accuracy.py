"""How well Patron's models foresee real customers, by the project's accuracy protocol, beside its peers.

    python benchmarks/accuracy.py                              every window
    python benchmarks/accuracy.py cj online_retail             some of them
    python benchmarks/accuracy.py --predictions peers/preds    with paired errors against these peers

Windows: cdnow_sample, cdnow_full, cdnow_full_h136, cj (Complete Journey) and online_retail (four cutoffs). Features come
from Patron's own room, of one row per customer and day; a model sees rows up to the cutoff only, and learns from earlier
windows on the grid of `patron run`, shorter than the horizon where no whole one fits. A run itself asks for three horizons
of history before it lets anything learn, which three of these windows don't have: there it serves buy till you die, untested.
So this measures the models, not a run. The champion is the hybrid, fixed beforehand, on every window.

``--shared`` is the folder with the data sets and the peers' figures (data/, conformance/peers_accuracy.csv), by
default ../shared; ``--peers`` names the figures themselves. ``--predictions`` is a folder of the peers' own predictions
as peers_accuracy.py writes them ({window}__{peer}.csv): then a line missed by less than one standard error of the
paired difference (200 customer bootstraps, seed 0) counts as a tie; without it no peer's line can be a tie.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import perf_counter

import duckdb
import numpy as np
import pyarrow as pa

from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.cutoffs import plan_cutoffs, teaching_horizon
from patron.features.outcomes import outcomes
from patron.features.prepared import needed_tables
from patron.models.arrays import Floats
from patron.models.customers import History, Window
from patron.models.validation.metrics import Metrics, measure
from patron.models.valuing.installed import value_model
from patron.periods import day_number
from patron.quality.value import with_value
from patron.scores.views import customers_of, past_of
from patron.settings import Value, WarehouseSettings
from patron.sources.samples.complete_journey import package_data
from patron.tables import TRANSACTIONS, silver_columns
from patron.warehouse.duckdb import DuckDBWarehouse

CHAMPION = "hybrid"
MODELS = ("trailing_value", "bg_nbd", "pareto_nbd", "boosting", "blend", CHAMPION)
SEED = 20_260_101
BOOTSTRAPS = 200
PRESENT = {"transactions": frozenset({"customer_id", "order_id", "occurred_at", "amount"})}
# The peers' file names for our metrics; a model of plain trailing spend is no rival for Spearman: its ties flatter it.
COLUMNS = {
    "mae": "MAE",
    "rmse": "RMSE",
    "bias": "bias",
    "spearman": "spearman",
    "gini": "gini_norm",
    "captured_top_10": "cap10",
    "decile_mape": "decileMAPE",
}
NOT_A_PEER = ("ORACLE (actual)", "blend_bgnbd_lgbm_tweedie")
PLAIN_PEERS = ("naive_rate", "naive_last_window")


@dataclass(frozen=True)
class Span:
    """One window of the protocol: history up to the cut, the truth in (cut, end]."""

    log: str
    cut: str
    end: str
    bias_allowed: float
    customers: int

    @property
    def cut_day(self) -> int:
        return day_number(date.fromisoformat(self.cut))

    @property
    def horizon_days(self) -> int:
        return day_number(date.fromisoformat(self.end)) - self.cut_day


SPANS = {
    "cdnow_sample": Span("cdnow_sample", "1997-09-30", "1998-06-30", 0.10, 2_357),
    "cdnow_full": Span("cdnow_full", "1997-09-30", "1998-06-30", 0.10, 23_570),
    "cdnow_full_h136": Span("cdnow_full", "1997-09-30", "1998-02-13", 0.10, 23_570),
    "cj": Span("cj", "2017-08-31", "2017-12-31", 0.03, 2_430),
}
RETAIL = "online_retail"
RETAIL_HORIZON = 90
RETAIL_CUTS = ("2011-06-11", "2011-07-11", "2011-08-10", "2011-09-09")
RETAIL_RIVALS = ("trailing_value", "bg_nbd")


# ---------------------------------------------------------------- data
def queries(shared: Path) -> dict[str, str]:
    """For each log, the query that gives one row per customer and day (Online Retail: and invoice)."""
    data = shared / "data"
    cdnow = "SELECT {} AS customer_id, date AS day, sum(amount) AS amount, false AS refund, '' AS invoice FROM '{}' GROUP BY ALL"
    return {
        "cdnow_sample": cdnow.format("sample_id", data / "cdnow" / "sample.parquet"),
        "cdnow_full": cdnow.format("customer_id", data / "cdnow" / "master.parquet"),
        "cj": f"""SELECT household_id AS customer_id, transaction_timestamp::DATE AS day, sum(sales_value) AS amount,
            false AS refund, '' AS invoice FROM '{package_data() / "transactions.parquet"}'
            WHERE transaction_timestamp < TIMESTAMP '2018-01-01' GROUP BY ALL""",
        RETAIL: f"""SELECT customer_id, invoice_date::DATE AS day, sum(round(quantity * unit_price, 2)) AS amount,
            invoice_no LIKE 'C%' AS refund, invoice_no AS invoice
            FROM '{data / "online_retail" / "online_retail.parquet"}' WHERE customer_id IS NOT NULL GROUP BY ALL""",
    }


# What each log must hold: rows, and the sum of all amounts.
FACTS = {
    "cdnow_sample": (6_696, 244_091.94),
    "cdnow_full": (67_591, 2_500_315.63),
    "cj": (126_747, 4_594_146.32),
    RETAIL: (22_190, 8_300_065.81),
}


def read_log(name: str, shared: Path) -> pa.Table:
    """One log, held to its known facts."""
    ordered = f"SELECT customer_id::VARCHAR AS customer_id, day, amount::DECIMAL(18,4) AS amount, refund, invoice FROM ({queries(shared)[name]}) ORDER BY ALL"
    log = duckdb.sql(ordered).to_arrow_table()
    found = (log.num_rows, round(float(sum(log["amount"].to_pylist())), 2))
    rows, amount = FACTS[name]
    held = found[0] == rows and abs(found[1] - amount) < 0.05
    assert held, f"{name} holds {found}, not {FACTS[name]}"
    return log


def silver(log: pa.Table) -> pa.Table:
    """The log as silver transactions, each row an order."""
    days, rows = log["day"].cast(pa.int32()), log.num_rows
    return pa.table(
        {
            "customer_id": log["customer_id"],
            "order_id": pa.array([f"o{number:09d}" for number in range(rows)]),
            "occurred_at": log["day"].cast(pa.timestamp("us")),
            "amount": log["amount"],
            "occurred_day": days,
            "visible_day": days,
            "is_refund": log["refund"],
            "file_id": pa.array(["benchmark"] * rows),
            "line": pa.array(np.arange(rows) + 1),
            "row_hash": pa.array(np.arange(rows)),
        }
    )


@dataclass(frozen=True)
class Shop:
    """One log in a warehouse, ready to be described as of any day."""

    warehouse: DuckDBWarehouse
    tables: Mapping[str, object]
    first_day: int

    def window(self, cutoff: int, days: int, features_of: int) -> Window:
        """Customers as of a cutoff with features of one horizon, and what they brought in so many days after it."""
        features = customer_features(self.tables, [cutoff], features_of, available_features(PRESENT))
        future = outcomes(self.tables, [cutoff], days)
        known = self.warehouse.fetch(future)
        known = known.append_column("known_by", pa.array([cutoff] * known.num_rows, pa.int32()))
        described = customers_of(self.warehouse.fetch(features), cutoff)
        told = past_of(self.warehouse.fetch(features), known).window(cutoff, cutoff)
        return Window(described, told.future_value, told.future_orders, days)

    def history(self, cutoff: int, horizon_days: int) -> tuple[History, Floats]:
        """All that may be learnt from at a cutoff, and what then came."""
        days = teaching_horizon(self.first_day, cutoff, horizon_days)
        plan = plan_cutoffs(self.first_day, cutoff, days, 1)
        windows = tuple(self.window(day, days, days) for day in plan.training_of(cutoff))
        now = self.window(cutoff, horizon_days, days)
        return History(now.customers, windows, horizon_days), now.future_value


@contextmanager
def opened(log: pa.Table) -> Iterator[Shop]:
    """The log in a warehouse of its own, with the tables that features are made from."""
    with tempfile.TemporaryDirectory() as folder:
        settings = WarehouseSettings(threads=1, memory_gb=2.0)
        with DuckDBWarehouse(Path(folder) / "warehouse.duckdb", settings, spill=Path(folder) / "spill") as warehouse:
            warehouse.create("silver", TRANSACTIONS.name, silver_columns(TRANSACTIONS))
            warehouse.append("silver", TRANSACTIONS.name, silver(log))
            tables = {TRANSACTIONS.name: with_value(warehouse.table("silver", TRANSACTIONS.name), Value())}
            for table in needed_tables(PRESENT):
                warehouse.replace("work", table.name, table.build(tables, PRESENT))
                tables[table.name] = warehouse.table("work", table.name)
            yield Shop(warehouse, tables, day_number(min(log["day"].to_pylist())))


# ---------------------------------------------------------------- measures
@dataclass(frozen=True, eq=False)
class Answer:
    """One model's predictions and the seconds that learning and predicting took."""

    predicted: Floats
    seconds: float


def answers(history: History, names: Sequence[str]) -> dict[str, Answer]:
    """Every model's prediction of the value to come."""
    made: dict[str, Answer] = {}
    for name in names:
        began = perf_counter()
        predicted = value_model(name).fit(history, SEED).predict(history.now).expected_value
        made[name] = Answer(predicted, perf_counter() - began)
    return made


@dataclass(frozen=True, eq=False)
class Truth:
    """What came, and the customers of each bootstrap."""

    actual: Floats
    resamples: list[np.ndarray]

    @classmethod
    def of(cls, actual: Floats) -> Truth:
        rng = np.random.default_rng(0)
        return cls(actual, [rng.integers(0, len(actual), len(actual)) for _ in range(BOOTSTRAPS)])

    def error(self, figure: Callable[[Floats, Floats], float], one: Floats, other: Floats | None = None) -> float:
        """Bootstrap standard error of a figure, or of the difference of two predictions' figures."""
        values = []
        for chosen in self.resamples:
            value = figure(self.actual[chosen], one[chosen])
            values.append(value if other is None else value - figure(self.actual[chosen], other[chosen]))
        return float(np.std(values, ddof=1))


def figure(name: str) -> Callable[[Floats, Floats], float]:
    return lambda actual, predicted: float(getattr(measure(actual, predicted), name))


# ---------------------------------------------------------------- peers and the bar
def read_peers(path: Path, window: str) -> dict[str, dict[str, float]]:
    """Each peer's figures on this window, by our names."""
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == window and row["target"] == "spend"]
    return {
        row["model"]: {ours: float(row[theirs]) for ours, theirs in COLUMNS.items()}
        for row in rows
        if row["model"] not in NOT_A_PEER
    }


def read_predictions(folder: Path | None, window: str, ids: np.ndarray) -> dict[str, Floats]:
    """The peers' own predictions, in the order of these customers."""
    if folder is None:
        return {}
    found: dict[str, Floats] = {}
    for path in sorted(folder.glob(f"{window}__*.csv")):
        with path.open(encoding="utf-8") as file:
            spend = {row["customer_id"]: float(row["pred_spend"] or 0) for row in csv.DictReader(file)}
        found[path.stem.split("__")[1]] = np.array([spend[str(one)] for one in ids])
    return found


@dataclass(frozen=True)
class Line:
    """One line of the bar: what is asked, what was reached, and whether that is enough."""

    asked: str
    reached: float
    verdict: str


class Bar:
    """The champion's figures against each line of the bar."""

    def __init__(
        self, truth: Truth, champion: Floats, peers: Mapping[str, Mapping[str, float]], known: Mapping[str, Floats]
    ) -> None:
        self.truth, self.champion, self.peers, self.known = truth, champion, peers, known
        self.figures = measure(truth.actual, champion)

    def lines(self, bias_allowed: float) -> list[Line]:
        models = {name: figures for name, figures in self.peers.items() if name not in PLAIN_PEERS}
        level = {name: figures for name, figures in self.peers.items() if abs(figures["bias"] - 1) <= 0.1}
        return [
            self._against("rmse", self.peers, -1),
            self._against("gini", self.peers, 1),
            self._against("spearman", models, 1),
            self._bias(bias_allowed),
            self._against("decile_mape", self.peers, -1),
            self._against("mae", level, -1, "peers within 10 % of the total"),
        ]

    def _against(self, name: str, peers: Mapping[str, Mapping[str, float]], sign: int, which: str = "peers") -> Line:
        best = max(peers, key=lambda peer: sign * peers[peer][name])
        asked, reached = peers[best][name], float(getattr(self.figures, name))
        short = sign * (asked - reached)
        words = f"{name} {'≥' if sign > 0 else '≤'} {asked:.4g} ({best}, best of {len(peers)} {which})"
        if short <= 0:
            return Line(words, reached, "met")
        if best not in self.known:
            return Line(words, reached, f"missed by {short:.4g} (no paired error: the peer's predictions are not here)")
        error = self.truth.error(figure(name), self.champion, self.known[best])
        verdict = "met (a tie: within one paired standard error" if short <= error else "missed ("
        return Line(words, reached, f"{verdict} short by {short:.4g}, error {error:.2g})")

    def _bias(self, allowed: float) -> Line:
        reached = self.figures.bias
        short = abs(reached - 1) - allowed
        words = f"bias within ±{allowed:.0%}"
        if short <= 0:
            return Line(words, reached, "met")
        error = self.truth.error(figure("bias"), self.champion)
        verdict = "met (a tie: within one standard error" if short <= error else "missed ("
        return Line(words, reached, f"{verdict} short by {short:.3g}, error {error:.2g})")


# ---------------------------------------------------------------- reports
def header(first: str) -> str:
    return f"{first:<26}" + "".join(f"{name:>16}" for name in COLUMNS)


def row(name: str, figures: Metrics | Mapping[str, float], seconds: float | None = None) -> str:
    def value(column: str) -> float:
        return float(figures[column] if isinstance(figures, Mapping) else getattr(figures, column))

    took = "" if seconds is None else f"{seconds:>10.1f} s"
    return f"{name:<26}" + "".join(f"{value(column):>16.4g}" for column in COLUMNS) + took


def report(window: str, shop: Shop, peers_file: Path, predictions: Path | None) -> None:
    """One window's table, and the champion against the bar."""
    span = SPANS[window]
    history, actual = shop.history(span.cut_day, span.horizon_days)
    assert len(actual) == span.customers, f"{window} has {len(actual)} customers, not {span.customers}"
    peers = read_peers(peers_file, window)
    windows = ", ".join(f"{one.customers.as_of_day - span.cut_day:+d}" for one in history.windows)
    looks = history.horizon_of(history.windows[0])
    print(f"\n== {window}: {len(actual):,} customers, {span.horizon_days} days after {span.cut}")
    print(f"   taught by windows of {looks} days from the days {windows} before the cut\n")
    print(header("Patron"))
    made = answers(history, MODELS)
    for name, answer in made.items():
        print(row(name, measure(actual, answer.predicted), answer.seconds))
    print(header("peers"))
    for peer, figures in sorted(peers.items(), key=lambda one: one[1]["rmse"]):
        print(row(peer, figures))
    known = read_predictions(predictions, window, history.now.customer_id)
    print(f"\n   the bar, for {CHAMPION}:")
    for line in Bar(Truth.of(actual), made[CHAMPION].predicted, peers, known).lines(span.bias_allowed):
        print(f"   {line.asked}: {line.reached:.4g}, {line.verdict}")


def report_retail(shop: Shop) -> None:
    """Online Retail from several cutoffs: the champion against trailing value and buy till you die."""
    print(f"\n== {RETAIL}: {RETAIL_HORIZON} days after each of {len(RETAIL_CUTS)} cutoffs\n")
    figures = ("wape", "spearman", "captured_top_10", "rmse", "bias", "gini")
    print(f"{'':<26}" + "".join(f"{name:>16}" for name in figures))
    totals: dict[str, list[list[float]]] = {}
    gaps: dict[str, list[list[float]]] = {}
    for cut in RETAIL_CUTS:
        history, actual = shop.history(day_number(date.fromisoformat(cut)), RETAIL_HORIZON)
        made, truth = answers(history, MODELS), Truth.of(actual)
        print(f"{cut}, {len(actual):,} customers, {len(history.windows)} windows to learn from")
        for name, answer in made.items():
            measured = measure(actual, answer.predicted)
            values = [float(getattr(measured, one)) for one in figures]
            totals.setdefault(name, []).append(values)
            print(f"   {name:<23}" + "".join(f"{value:>16.4g}" for value in values) + f"{answer.seconds:>10.1f} s")
        for rival in RETAIL_RIVALS:
            errors = [truth.error(figure(one), made[CHAMPION].predicted, made[rival].predicted) for one in figures[:3]]
            gaps.setdefault(rival, []).append(errors)
    print("mean of all cutoffs")
    for name, each in totals.items():
        print(f"   {name:<23}" + "".join(f"{value:>16.4g}" for value in np.mean(each, axis=0)))
    for rival in RETAIL_RIVALS:
        difference = np.mean(totals[CHAMPION], axis=0) - np.mean(totals[rival], axis=0)
        # The cutoffs share customers, so their errors are not independent: the mean of them is on the safe side.
        usual_errors = np.mean(gaps[rival], axis=0)
        better = (difference[0] < 0, difference[1] > 0, difference[2] > 0)
        for one, gap, error, won in zip(figures, difference, usual_errors, better, strict=False):
            verdict = "better" if won else "not better"
            print(f"   {CHAMPION} and {rival}: {one} {gap:+.4f} (paired error of one cutoff {error:.4f}): {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Patron's accuracy by the project's protocol.")
    parser.add_argument("window", nargs="*", help=f"{', '.join(SPANS)}, {RETAIL}; all of them by default")
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--predictions", type=Path)
    asked = parser.parse_args()
    wanted = asked.window or [*SPANS, RETAIL]
    unknown = [window for window in wanted if window not in {*SPANS, RETAIL}]
    if unknown:
        parser.error(f"no window '{unknown[0]}'; there are {', '.join(SPANS)} and {RETAIL}")
    for window in wanted:
        log = read_log(SPANS[window].log if window in SPANS else RETAIL, asked.shared)
        with opened(log) as shop:
            if window == RETAIL:
                report_retail(shop)
            else:
                peers = asked.peers or asked.shared / "conformance" / "peers_accuracy.csv"
                report(window, shop, peers, asked.predictions)


if __name__ == "__main__":
    main()
