"""The last gate: what is about to be published, by itself, against silver, and against the release before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import ibis.expr.types as ir

from patron.errors import DamagedRelease
from patron.periods import day_of
from patron.pipeline.gates.batches import by_history
from patron.pipeline.judging.decided import decided_since
from patron.pipeline.mapped import silver_tables
from patron.pipeline.step import Run
from patron.quality.declared import (
    feature_expectations,
    forecast_expectations,
    movement_expectations,
    score_expectations,
    segment_expectations,
)
from patron.quality.expectations import Expectation, Kind, Verdict, figure
from patron.quality.measures import measured, measured_table
from patron.releases.contents import Release
from patron.releases.manifest import read_manifest
from patron.releases.shelf import Shelf
from patron.segments.rfm import RFM_CATALOGUE
from patron.tables import BEHAVIOUR, BRIDGE, FORECAST, FORECAST_COHORTS, MEMBERS, MOVES, SCORES, SEGMENTS, TRANSACTIONS

TOTAL_FACTOR = 2.5
"""How far the expected total may move from one release to the next."""
_KEPT_CUSTOMERS = 0.5
_ENOUGH_CUSTOMERS = 50
_AGAIN = "This is no fault of a file: run again, and report it if it comes back."
_IF_RIGHT = 'Look at what changed since; if it is right, set quality.history = "warn" and run again.'
_A_CENT_EACH = 0.01


def gold_gate(run: Run) -> list[Verdict]:
    """Every declared check on gold, what must agree between its tables and silver, and the step from the last release."""
    names = tuple(segment.name for segment in RFM_CATALOGUE)
    verdicts: list[Verdict] = []
    for table, expectations in (
        (SCORES, (*score_expectations(), *_of_this_run(run))),
        (SEGMENTS, segment_expectations(names)),
        *((table, movement_expectations()) for table in (MOVES, MEMBERS, BEHAVIOUR, BRIDGE)),
        (FORECAST, forecast_expectations()),
        (FORECAST_COHORTS, forecast_expectations()),
    ):
        mine = [one for one in expectations if one.table == table.name]
        rows = run.warehouse.table("gold", table.name)
        verdicts += measured_table(run.warehouse, rows, table.columns, mine)
    features = run.warehouse.table("gold", "customer_features")
    verdicts += measured(run.warehouse, features, feature_expectations())
    return verdicts + _agreements(run) + _since_last_release(run)


def _of_this_run(run: Run) -> list[Expectation]:
    """What scores must say of the day and the horizon that this run is for, and that they tell customers apart."""
    day, horizon = day_of(run.recall("span")["last_day"]).isoformat(), float(run.recall("horizon")["days"])
    made = [
        _gold("range", "as_of", words=f"as_of is not {day}", least=day, most=day),
        _gold("range", "horizon_days", words=f"the horizon is not {horizon:g} days", least=horizon, most=horizon),
    ]
    made = [replace(one, rule="run") for one in made]
    if run.warehouse.count("gold", SCORES.name) >= _ENOUGH_CUSTOMERS and _differ(run):
        made.append(_gold("varied", "expected_value", words="every customer is given one value", least=2))
    return made


def _differ(run: Run) -> bool:
    """Whether customers have brought different values so far: then one value for all is a fault, and else it is right."""
    features = run.warehouse.table("gold", "customer_features")
    brought = features.aggregate(least=features.historic_value.min(), most=features.historic_value.max())
    (row,) = run.warehouse.fetch(brought).to_pylist()
    return bool(row["least"] != row["most"])


def _agreements(run: Run) -> list[Verdict]:
    scores, segments, features = (run.warehouse.table("gold", n) for n in ("scores", "segments", "customer_features"))
    verdicts = [
        _missing(run, "scores", features, scores, "customers with features have no score"),
        _missing(run, "customer_features", scores, features, "scored customers have no features"),
        _missing(run, "segments", scores, segments, "scored customers have no segment"),
        _missing(run, "scores", segments, scores, "customers with a segment have no score", "segments"),
    ]
    historic, expected = _sum(run, scores, "historic_value"), _sum(run, scores, "expected_value")
    told, customers = float(run.recall("total")["expected"]), run.warehouse.count("gold", "scores")
    return [
        *verdicts,
        _equal("scores", "historic_value", historic, _sum(run, features, "historic_value"), customers, "the features"),
        _equal("scores", "historic_value", historic, _silver_value(run), customers, "silver", "silver"),
        _equal("scores", "expected_value", expected, told, customers, "the total that is published", "total"),
    ]


def _missing(run: Run, table: str, wanted: ir.Table, found: ir.Table, what: str, rule: str = "") -> Verdict:
    lacking = wanted.anti_join(found, "customer_id").count()
    count = int(run.warehouse.fetch(lacking.as_table()).column(0)[0].as_py())
    expectation = Expectation("gold", table, "reconciles", ("customer_id",), to_do=_AGAIN, rule=rule)
    return Verdict(expectation, count, None, 0, f"{count:,} {what}")


def _equal(
    table: str, column: str, sum_here: float, sum_there: float, rows: int, where: str, rule: str = "features"
) -> Verdict:
    """Two sums that must agree but for rounding each row to a cent."""
    slack = _A_CENT_EACH * max(rows, 1) + 1e-6 * abs(sum_there)
    expectation = Expectation("gold", table, "reconciles", (column,), to_do=_AGAIN, rule=rule)
    words = f"Σ {column} is {figure(sum_here)}, of {where} {figure(sum_there)}"
    return Verdict(expectation, sum_here, sum_there - slack, sum_there + slack, words)


def _silver_value(run: Run) -> float:
    """The value of identified customers that was known by the day of the scores."""
    rows = silver_tables(run)[TRANSACTIONS.name]
    known = rows.superseded_at.isnull() & rows.customer_id.notnull()
    return _sum(run, rows.filter(known & (rows.visible_day <= run.recall("span")["last_day"])), "value")


def _sum(run: Run, rows: ir.Table, column: str) -> float:
    found = run.warehouse.fetch(rows.aggregate(whole=rows[column].cast("float64").sum()))["whole"][0].as_py()
    return float(found or 0.0)


@dataclass(frozen=True)
class _LastRelease:
    """What the current release said, of the same question."""

    id: str
    created_at: datetime
    customers: int
    total: float


def _since_last_release(run: Run) -> list[Verdict]:
    """The total and the number of customers against the current release, if it answers the same question."""
    last, customers = _last_release(run), run.warehouse.count("gold", "scores")
    if last is None or min(last.customers, customers) < _ENOUGH_CUSTOMERS or last.total <= 0:
        return []
    total = _sum(run, run.warehouse.table("gold", "scores"), "expected_value")
    by_total, by_mean = total / last.total, total / customers / (last.total / last.customers)
    decided = decided_since(run.workspace.folder, last.created_at)
    people = f"; {decided:,} decision{'s' * (decided != 1)} of people on rows came in between" if decided else ""
    nearer = min((by_total, by_mean), key=lambda ratio: max(ratio, 1 / ratio) if ratio > 0 else float("inf"))
    return [
        Verdict(
            _against_last(run, _gold("distribution", "expected_value", words="", to_do=_IF_RIGHT), decided),
            nearer,
            1 / TOTAL_FACTOR,
            TOTAL_FACTOR,
            f"the total expected is {figure(total)}; release {last.id} told {figure(last.total)}{people}",
        ),
        Verdict(
            _against_last(run, _gold("volume", words="", to_do=_IF_RIGHT), decided),
            customers,
            round(_KEPT_CUSTOMERS * last.customers),
            None,
            f"{customers:,} customers; release {last.id} had {last.customers:,}{people}",
        ),
    ]


def _against_last(run: Run, expectation: Expectation, decided: int) -> Expectation:
    """As severe as patron.toml says; a warning where people moved rows meanwhile, for they meant the figures to change."""
    return expectation.warning() if decided else by_history(run, expectation)


def _last_release(run: Run) -> _LastRelease | None:
    shelf = Shelf(run.workspace.releases)
    name = shelf.current_name()
    if name is None:
        return None
    try:
        release = Release(shelf.folder / name, read_manifest(shelf.folder / name))
        evidence = release.evidence()
        same = (release.manifest.horizon_days, release.manifest.currency, evidence["run"].get("basis", "revenue"))
        total = float(evidence["total"]["expected"])
        created_at = datetime.fromisoformat(release.manifest.created_at)
    except (DamagedRelease, OSError, KeyError, ValueError):
        return None  # a release that cannot be read tells nothing; publishing goes on without it
    asked = (run.recall("horizon")["days"], run.settings.value.currency, run.settings.value.basis)
    return _LastRelease(name, created_at, release.manifest.customers, total) if same == asked else None


def _gold(
    kind: Kind,
    *columns: str,
    words: str,
    least: float | str | None = None,
    most: float | str | None = None,
    to_do: str = _AGAIN,
) -> Expectation:
    return Expectation("gold", SCORES.name, kind, columns, least=least, most=most, words=words, to_do=to_do)
