"""How often 80 % intervals hold out of time, on real shops: of customers, tiers, the top tenth, and totals.

    python benchmarks/intervals.py                            # every data set in ../shared/data, and Complete Journey
    python benchmarks/intervals.py --only cdnow berka --models bg_nbd blend --data FOLDER

For each window the intervals are learnt from folds of its horizon that had ended by its first day; where history holds
none, from folds of half its horizon. Nothing after that day is used. *Plain* is the share of customers inside their interval;
*smoothed* counts a customer on a 0-to-0 interval by what the claim needs of it (``models/validation/coverage.py``). Figures
outside 77-83 % of all customers, 75-85 % of a group, are marked: * where only plain counting is above and smoothed is not,
which tells of many 0-to-0 intervals and is no proof that plain counting could not be lower; ! elsewhere.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import ibis.expr.types as ir
import numpy as np
import pyarrow.parquet as pq

from patron.errors import DataError
from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.outcomes import outcomes
from patron.features.prepared import needed_tables
from patron.models.arrays import Floats
from patron.models.customers import Customers, History, Window
from patron.models.validation.coverage import LabelCoverage, tenths
from patron.models.validation.fold import Fold
from patron.models.valuing.installed import value_model
from patron.periods import day_number, longest_provable_horizon
from patron.pipeline.mapped import mapped_columns
from patron.pipeline.modelling.describe import history_span
from patron.pipeline.runner import Watcher, opened_run, run_until
from patron.pipeline.step import Run
from patron.scores.intervals import ended_by, learnt_intervals, rolling_totals
from patron.scores.views import customers_of
from patron.segments.tiers import value_tiers
from patron.settings import SegmentSettings
from patron.sources.samples import prepare_sample
from patron.surfaces.notebook import init

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
STEPS_PER_HORIZON = 3
MOST_WINDOWS_LEARNT = 4
MOST_FOLDS = 6
NEWEST_FOLDS = 2
SHORTEST_HORIZON = 7
SEED = 20_260_101
NAMES = ("all", "high", "medium", "low", "top tenth")
ALL_BOUNDS, GROUP_BOUNDS = (0.77, 0.83), (0.75, 0.85)


@dataclass(frozen=True)
class DataSet:
    """Where a shop's rows lie, and fixed windows (first day to predict from, days ahead) besides the newest folds."""

    files: tuple[str, ...] = ()
    profile: str = "retail"
    windows: tuple[tuple[str, int], ...] = ()
    columns: tuple[str, ...] = ()


SETS = {
    "cdnow": DataSet(("cdnow/master.parquet",), windows=(("1997-09-30", 136), ("1997-09-30", 273))),
    "cdnow_sample": DataSet(
        ("cdnow/sample.parquet",),
        windows=(("1997-09-30", 273),),
        columns=("customer_id", "date", "cds", "amount"),
    ),
    "complete_journey": DataSet(windows=(("2017-08-31", 122),)),
    "online_retail": DataSet(("online_retail/online_retail.parquet",)),
    "berka": DataSet(
        ("berka/trans_1993_to_1994q1.parquet", "berka/account.parquet", "berka/district.parquet"), profile="bank"
    ),
}


@dataclass(frozen=True, eq=False)
class Shop:
    """A prepared history; windows are described once each, when they are first asked for."""

    run: Run
    prepared: Mapping[str, ir.Table]
    first: int
    last: int
    made: dict[tuple[int, int], Customers] = field(default_factory=dict)
    seen: dict[tuple[int, int, int], Window] = field(default_factory=dict)
    told: dict[tuple[object, ...], Fold | None] = field(default_factory=dict)

    @property
    def horizon(self) -> int:
        return longest_provable_horizon(self.last - self.first + 1) or SHORTEST_HORIZON

    def customers(self, day: int, horizon: int) -> Customers:
        if (day, horizon) not in self.made:
            features = customer_features(self.prepared, [day], horizon, available_features(mapped_columns(self.run)))
            self.made[day, horizon] = customers_of(self.run.warehouse.fetch(features), day)
        return self.made[day, horizon]

    def window(self, day: int, horizon: int, known_by: int) -> Window:
        """Customers at a day with what they brought in the horizon after it, as known by some later day."""
        if (day, horizon, known_by) not in self.seen:
            parts = self.prepared["order_parts"]
            known = {**self.prepared, "order_parts": parts.filter(parts.visible_day <= known_by)}
            rows = self.run.warehouse.fetch(outcomes(known, [day], horizon)).sort_by("customer_id")
            value, orders = (
                rows[name].cast("float64").combine_chunks().to_numpy(zero_copy_only=False)
                for name in ("future_value", "future_orders")
            )
            self.seen[day, horizon, known_by] = Window(self.customers(day, horizon), value, orders)
        return self.seen[day, horizon, known_by]

    def days(self, newest: int, horizon: int) -> list[int]:
        """Days a third of a horizon apart, newest first, each with at least half a horizon before it."""
        step = max(1, horizon // STEPS_PER_HORIZON)
        return list(range(newest, self.first + max(horizon // 2, 40), -step))

    def fold(self, model: str, day: int, horizon: int, grid: Sequence[int]) -> Fold | None:
        """The model's predictions from a day, learnt from windows that had ended by it; None where it cannot learn."""
        ended = [earlier for earlier in grid if earlier + horizon <= day]
        places = np.unique(np.linspace(0, len(ended) - 1, MOST_WINDOWS_LEARNT).astype(int)).tolist()
        learnt = tuple(ended[place] for place in places) if ended else ()
        key = (model, day, horizon, learnt)
        if key not in self.told:
            self.told[key] = self._fold(model, day, horizon, learnt)
        return self.told[key]

    def _fold(self, model: str, day: int, horizon: int, learnt: Sequence[int]) -> Fold | None:
        test = self.window(day, horizon, self.last)
        windows = tuple(self.window(earlier, horizon, day) for earlier in learnt)
        try:
            fitted = value_model(model).fit(History(test.customers, windows, horizon), SEED)
        except DataError:
            return None
        expected = fitted.predict(test.customers).expected_value
        return Fold(day, test.customers.customer_id, test.future_value, {model: expected})

    def folds(self, model: str, newest: int, horizon: int) -> list[Fold]:
        """One fold a third of a horizon after another, newest first."""
        grid = self.days(newest, horizon)
        return [fold for day in grid if (fold := self.fold(model, day, horizon, grid)) is not None]


def main() -> None:
    parser = argparse.ArgumentParser(description="How often 80 % intervals hold out of time, on real shops.")
    parser.add_argument("--only", nargs="+", choices=tuple(SETS), default=tuple(SETS), help="these data sets alone")
    parser.add_argument("--models", nargs="+", default=("bg_nbd", "blend"), help="whose values (bg_nbd, blend)")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of real data sets")
    choices = parser.parse_args()
    print(
        f"{'window':<44}{'model':<9}{'learnt from':<17}{'plain: ' + ' · '.join(NAMES):<44}smoothed, in the same order"
    )
    counted: dict[str, list[bool]] = {}
    for name in choices.only:
        with tempfile.TemporaryDirectory(prefix="patron-intervals-") as folder:
            for model, inside in measured(name, Path(folder), choices.data, choices.models):
                counted.setdefault(model, []).extend(inside)
    print("\nTotals inside their 80 % interval, over all rolling origins of all data sets:")
    for model, inside in counted.items():
        print(f"  {model:<9}{np.mean(inside):.1%} of {len(inside)}")


def measured(name: str, folder: Path, data: Path, models: Sequence[str]) -> Iterator[tuple[str, list[bool]]]:
    """Print a data set's rows; gives for each model which totals held."""
    with opened_run(made_workspace(name, folder, data), Watcher()) as run:
        run_until(run, "prepare", Watcher())
        tables = {one.name: run.warehouse.table("work", one.name) for one in needed_tables(mapped_columns(run))}
        shop = Shop(run, tables, *history_span(run))
        for model in models:
            newest = shop.last - shop.horizon
            for day in shop.days(newest, shop.horizon)[:NEWEST_FOLDS]:
                show(name, shop, model, day, shop.horizon)
            for text, horizon in SETS[name].windows:
                show(name, shop, model, day_number(date.fromisoformat(text)), horizon)
            yield model, totals_held(name, shop, model)


def made_workspace(name: str, folder: Path, data: Path) -> Path:
    chosen = SETS[name]
    if not chosen.files:
        return prepare_sample(name, folder).parent
    files = [data / file for file in chosen.files]
    if chosen.columns:
        copy = folder / "transactions.parquet"
        pq.write_table(pq.read_table(files[0], columns=list(chosen.columns)), copy)
        files = [copy]
    init(files, folder, profile=chosen.profile)
    return folder


def show(name: str, shop: Shop, model: str, day: int, horizon: int) -> None:
    """One window: what its intervals were learnt from, and how often they held."""
    test, learnt, learnt_horizon = split(shop, model, day, horizon)
    title = f"{name}, {horizon} days from {date.fromordinal(day + date(1970, 1, 1).toordinal())}"
    intervals = learnt_intervals(learnt, model)
    if test is None or intervals is None:
        print(f"{title:<44}{model:<9}unknown: nothing had ended by then")
        return
    expected = test.predictions[model]
    held = intervals.held(expected, test.actual)
    tiers = {row.label: row for row in held.by_label(value_tiers(expected, SegmentSettings()))}
    tenth = {row.label: row for row in held.by_label(tenths(expected).astype(str))}
    (everybody,) = held.by_label(np.full(len(expected), "all"))
    rows = [everybody, *(tiers.get(tier) for tier in ("high", "medium", "low")), tenth["9"]]
    source = f"{len(learnt)} × {learnt_horizon} days"
    plain = " ".join(plainly(row, place) for place, row in enumerate(rows))
    print(
        f"{title:<44}{model:<9}{source:<17}{plain:<44}{' '.join(smoothed(row, k) for k, row in enumerate(rows))}",
        flush=True,
    )


def split(shop: Shop, model: str, day: int, horizon: int) -> tuple[Fold | None, list[Fold], int]:
    """The fold to measure on, those that had ended by its first day, and their horizon."""
    grid = shop.days(day, horizon)
    test = shop.fold(model, day, horizon, grid)
    for learnt_horizon in (horizon, horizon // 2):
        ended = ended_by(shop.folds(model, day - learnt_horizon, learnt_horizon), day, learnt_horizon)
        if ended:
            return test, ended[:MOST_FOLDS], learnt_horizon
    return test, [], horizon


def within(share: float, place: int) -> bool:
    low, high = GROUP_BOUNDS if place else ALL_BOUNDS
    return low <= share <= high


def plainly(row: LabelCoverage | None, place: int) -> str:
    if row is None:
        return "   –  "
    only_zeros = row.share > row.smoothed and within(row.smoothed, place)
    return f"{row.share:.1%}{' ' if within(row.share, place) else '*' if only_zeros else '!'}"


def smoothed(row: LabelCoverage | None, place: int) -> str:
    if row is None:
        return "   –  "
    return f"{row.smoothed:.1%}{' ' if within(row.smoothed, place) else '!'}"


def totals_held(name: str, shop: Shop, model: str) -> list[bool]:
    """Which totals held, at every origin of three horizons."""
    inside: list[bool] = []
    widths: list[Floats] = []
    for horizon in (shop.horizon, shop.horizon // 2, shop.horizon // 3):
        rows = rolling_totals(shop.folds(model, shop.last - horizon, horizon), model, horizon)
        inside.extend(row.inside for row in rows)
        widths.extend(np.array([(row.high - row.low) / row.expected]) for row in rows if row.expected > 0)
    if inside:
        width = float(np.median(np.concatenate(widths)))
        print(
            f"{name + ', totals':<44}{model:<9}{np.mean(inside):.1%} of {len(inside)} origins inside; median width {width:.0%}"
        )
    return inside


if __name__ == "__main__":
    main()
