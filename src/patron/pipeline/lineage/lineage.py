"""Which column is made from which, step by step: read off the queries where queries make tables, declared where Python does.

``LINEAGE_OF`` has an entry for each step of STEPS that writes tables; the test holds both to each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, astuple, dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.customer_groups import available_groups, customer_groups
from patron.features.feature import Feature
from patron.features.outcomes import outcomes
from patron.features.prepared import needed_tables
from patron.features.revenue_by_month import anonymous_revenue, cohort_revenue, newcomers, revenue_between
from patron.models.customers import ALL_COLUMNS
from patron.models.valuing.installed import value_model
from patron.origins import HOW, Edge, Made, Place, declared, place
from patron.pipeline.lineage import made_from, made_segments
from patron.pipeline.lineage.silver import checked, ingested
from patron.pipeline.mapped import columns_that_sources_fill
from patron.pipeline.segmenting.places import LOCATED, PLACE_GROUPS
from patron.pipeline.step import Run, StepReport
from patron.quality.value import with_value
from patron.segments.behaviour.at_risk import DAYS as RISK_DAYS
from patron.settings import Settings
from patron.tables import FILES, LINEAGE, SOURCE_TABLES, TRANSACTIONS, Column, silver_columns
from patron.version import VERSION
from patron.warehouse.declared import declared_table, made_table
from patron.warehouse.trace import Trace, trace

ANY_DAY: Final = 20_000  # the queries are read, not run: a day has a place, its value is of no matter
CUTOFFS: Final = (ANY_DAY, ANY_DAY + 1)  # two, for of one alone the query knows no name
ANY_HORIZON: Final = 77  # unlike every fixed window, so that a window of the horizon's length is one of its own
DAYS: Final = {"as_of_day": place("work.facts.plan"), "known_by": place("work.facts.plan")}
"""Which place a constant of these queries has, by the name under which a query knows it."""
_NEARNESS: Final = {how: place for place, how in enumerate(HOW)}
_DRAWN: Final = "sample_customers"
_DRAWN_BY: Final = tuple(
    place(f"work.{name}")
    for name in ("sample_customers.customer_id", "customer_keys.customer_id", "customer_keys.customer_key")
)
_WRITTEN: Final = ("work", "lineage_grounds")


@dataclass(frozen=True)
class Landed:
    """What a source's files are called, and the columns they were found to have."""

    label: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Grounds:
    """All that lineage follows from: the settings, what has landed of each source, and the model that values customers.

    Without a champion it is the lineage of any candidate's values.
    """

    settings: Settings
    landed: Mapping[str, Landed]
    champion: str | None = None

    @property
    def digest(self) -> str:
        """Equal where lineage is."""
        landed = {name: asdict(found) for name, found in self.landed.items()}
        told = [VERSION, self.champion, self.settings.model_dump(mode="json"), landed]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]

    @cached_property
    def present(self) -> dict[str, frozenset[str]]:
        """The mapped columns of each silver table."""
        return columns_that_sources_fill(self.settings)

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        return available_features(self.present)

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The features that the champion reads."""
        read = value_model(self.champion).inputs if self.champion else ALL_COLUMNS
        return tuple(feature.name for feature in self.features) if read == ALL_COLUMNS else read

    @cached_property
    def silver(self) -> dict[str, ir.Table]:
        """The silver tables that some source fills, as queries see them."""
        filled = [table for table in SOURCE_TABLES if table.name in self.present]
        tables = {table.name: declared_table("silver", table.name, silver_columns(table)) for table in filled}
        return tables | {TRANSACTIONS.name: with_value(tables[TRANSACTIONS.name], self.settings.value)}

    @cached_property
    def prepared(self) -> dict[str, ir.Table]:
        """The queries that make the prepared tables, by name."""
        tables, queries = dict(self.silver), {}
        for table in needed_tables(self.present):
            queries[table.name] = table.build(tables, self.present)
            tables[table.name] = made_table("work", table.name, queries[table.name])
        return queries

    @cached_property
    def described(self) -> ir.Table:
        """The query that describes customers."""
        return customer_features(self.kept, CUTOFFS, ANY_HORIZON, self.features)

    @cached_property
    def described_from(self) -> Mapping[str, Trace]:
        """What each column of that query reads; it is the largest of all, and several steps ask."""
        return trace(self.described, DAYS)

    @cached_property
    def kept(self) -> dict[str, ir.Table]:
        """The prepared tables, as the queries after them see them."""
        return {name: made_table("work", name, query) for name, query in self.prepared.items()}


def lineage(grounds: Grounds) -> tuple[Edge, ...]:
    """Every edge once, in the order of the steps; of two relations between two columns the nearer one."""
    found: dict[tuple[str, Place, Place], Edge] = {}
    for edge in (edge for edges_of in LINEAGE_OF.values() for edge in edges_of(grounds)):
        pair = (edge.step, edge.source, edge.target)
        if pair not in found or _NEARNESS[edge.how] < _NEARNESS[found[pair].how]:
            found[pair] = edge
    return tuple(found.values())


def trace_columns(run: Run) -> StepReport:
    """Write gold.lineage, unless it follows from the same grounds as the one that is there."""
    grounds = grounds_of(run)
    same = pa.table({"digest": [grounds.digest]})
    if run.warehouse.exists(*_WRITTEN) and run.warehouse.fetch(run.warehouse.table(*_WRITTEN)) == same:
        return StepReport("as before", {"edges": run.warehouse.count("gold", LINEAGE.name)})
    edges = lineage(grounds)
    run.warehouse.replace("gold", LINEAGE.name, lineage_table(edges))
    run.warehouse.replace(*_WRITTEN, same)
    columns = len({edge.target for edge in edges})
    return StepReport(f"where {columns:,} columns come from", {"columns": columns, "edges": len(edges)})


def grounds_of(run: Run) -> Grounds:
    """The grounds of a run whose models have been tested."""
    files = run.warehouse.fetch(run.warehouse.table("bronze", FILES.name).select("source", "name", "columns"))
    seen: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for row in files.to_pylist():
        seen.setdefault(row["source"], []).append((row["name"], tuple(json.loads(row["columns"]))))
    landed = {}
    for name in run.settings.sources:
        found = seen.get(name, [])
        columns = tuple(dict.fromkeys(column for _, told in found for column in told))
        landed[name] = Landed(source_label(run.settings, name, [file for file, _ in found]), columns)
    return Grounds(run.settings, landed, run.recall("contest")["champion"])


def unrun_grounds(settings: Settings) -> Grounds:
    """The grounds of a workspace in which nothing has run: the columns of its files are those that are mapped."""
    return Grounds(settings, {name: Landed(source_label(settings, name, ()), ()) for name in settings.sources})


def source_label(settings: Settings, name: str, files: Iterable[str]) -> str:
    """What people call a source: its file's name if it has one, else its own; with the sheet, if it is one of several."""
    source, names = settings.sources[name], sorted(set(files))
    label = names[0] if len(names) == 1 else name
    return f"{label}#{source.sheet}" if source.sheet else label


def lineage_table(edges: Iterable[Edge]) -> pa.Table:
    """``tables.LINEAGE``."""
    rows = [(edge.step, *astuple(edge.source), *astuple(edge.target), edge.how, edge.formula) for edge in edges]
    columns = zip(*rows, strict=True)
    return pa.table(dict(zip(LINEAGE.names, (pa.array(column, pa.string()) for column in columns), strict=True)))


def _ingest(grounds: Grounds) -> Iterable[Edge]:
    for name, landed in grounds.landed.items():
        yield from ingested(name, grounds.settings.sources[name], landed.label, landed.columns)


def _check(grounds: Grounds) -> Iterable[Edge]:
    for name, landed in grounds.landed.items():
        yield from checked(name, grounds.settings.sources[name], landed.columns, grounds.settings.quality.rules)


def _prepare(grounds: Grounds) -> Iterable[Edge]:
    for name, query in grounds.prepared.items():
        yield from _traced("prepare", "work", name, query)


def _describe(grounds: Grounds) -> Iterable[Edge]:
    sample = declared_table("work", _DRAWN, [Column("customer_id", "id", "")])
    yield from declared("describe", "work", "facts", made_from.described())
    yield from declared("describe", "work", _DRAWN, made_from.drawn())
    formulas = {feature.name: f"{feature.formula} ({feature.window})" for feature in grounds.features}
    for edge in _told("describe", "gold", "customer_features", grounds.described_from, formulas):
        yield edge
        yield replace(edge, target=replace(edge.target, layer="work", table="past_features"))
    for name in grounds.described.columns:  # the past ones are the same query, of customers drawn by chance
        for source in _DRAWN_BY:
            yield Edge("describe", source, Place("work", "past_features", name), "filtered")
    rows = outcomes(grounds.kept, CUTOFFS, ANY_HORIZON, sample, early_days=RISK_DAYS)
    rows = rows.mutate(known_by=ibis.literal(ANY_DAY, "int32"))
    yield from _traced("describe", "work", "past_outcomes", rows)
    groups = customer_groups({**grounds.silver, **grounds.kept}, grounds.present, CUTOFFS, sample)
    yield from _traced("describe", "work", "customer_groups", groups)


def _backtest(grounds: Grounds) -> Iterable[Edge]:
    return declared("backtest", "work", "facts", made_from.contested(feature.name for feature in grounds.features))


def _score(grounds: Grounds) -> Iterable[Edge]:
    yield from declared("score", "gold", "scores", made_from.scored(grounds.inputs))
    yield from declared("score", "work", "artifacts", made_from.kept(grounds.inputs))


def _forecast(grounds: Grounds) -> Iterable[Edge]:
    transactions = grounds.silver[TRANSACTIONS.name]
    revenue = _sources(cohort_revenue(grounds.kept, ANY_DAY), revenue_between(transactions, ANY_DAY, 0, ANY_DAY))
    arrivals, nobody = _sources(newcomers(grounds.kept, ANY_DAY)), _sources(anonymous_revenue(transactions, ANY_DAY))
    yield from declared("forecast", "gold", "forecast", made_from.forecast_months(revenue, arrivals, nobody))
    yield from declared("forecast", "gold", "forecast_cohorts", made_from.forecast_cohorts(revenue, arrivals, nobody))


def _recall(grounds: Grounds) -> Iterable[Edge]:
    groups = [name for name in available_groups(grounds.present) if name in PLACE_GROUPS]
    located = [name for name in LOCATED if name in grounds.present.get("customers", ())]
    for table, made in made_segments.recalled(groups, located).items():
        yield from declared("recall", "work", table, made)


def _segment(grounds: Grounds) -> Iterable[Edge]:
    names = [feature.name for feature in grounds.features]
    yield from declared("segment", "gold", "segments", made_segments.segmented(names))
    yield from declared("segment", "gold", "moves", made_segments.moved())


def _behave(grounds: Grounds) -> Iterable[Edge]:
    yield from declared("behave", "gold", "behaviour", made_segments.behaved([one.name for one in grounds.features]))
    yield from declared("behave", "gold", "members", made_segments.belonging(grounds.settings.segments.rules))


def _bridge(grounds: Grounds) -> Iterable[Edge]:
    prepared = _read_by(grounds.described_from.values())
    features = [feature.name for feature in grounds.features]
    return declared("bridge", "gold", "bridge", made_segments.bridged(features, prepared))


def _trace(grounds: Grounds) -> Iterable[Edge]:
    sources = (*(f"setting.sources.{name}" for name in grounds.landed), "work.facts.contest", "bronze.files.columns")
    told = (Made(name, "computed", sources, "read off the steps and their queries") for name in LINEAGE.names)
    return declared("trace", "gold", LINEAGE.name, told)


LINEAGE_OF: Final[dict[str, Callable[[Grounds], Iterable[Edge]]]] = {
    "ingest": _ingest,
    "check": _check,
    "prepare": _prepare,
    "describe": _describe,
    "backtest": _backtest,
    "score": _score,
    "forecast": _forecast,
    "recall": _recall,
    "segment": _segment,
    "behave": _behave,
    "bridge": _bridge,
    "trace": _trace,
}


def _traced(
    step: str, layer: str, table: str, query: ir.Table, formulas: Mapping[str, str] = MappingProxyType({})
) -> Iterable[Edge]:
    """The edges of a table that a query makes."""
    return _told(step, layer, table, trace(query, DAYS), formulas)


def _told(
    step: str, layer: str, table: str, traces: Mapping[str, Trace], formulas: Mapping[str, str] = MappingProxyType({})
) -> Iterable[Edge]:
    """The edges that traces of a query tell, in people's own words where there are any, else in SQL."""
    for name, found in traces.items():
        formula = formulas.get(name) or found.formula
        for source, how in found.origins():
            yield Edge(step, source, Place(layer, table, name), how, formula)


def _sources(*queries: ir.Table) -> tuple[str, ...]:
    """Every stored column that these queries read."""
    return _read_by(told for query in queries for told in trace(query, DAYS).values())


def _read_by(traces: Iterable[Trace]) -> tuple[str, ...]:
    """Every stored column that these read."""
    return tuple(sorted({str(source) for told in traces for source, _ in told.origins()}))
