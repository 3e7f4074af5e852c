"""What is asked of an engine about a world, and its answers: each a table in an order of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.silver_cast import EVERYTHING, prepare, silver
from patron.features import newcomers as coming
from patron.features import portrait, revenue_by_month
from patron.features.catalogue import available_features
from patron.features.customer_features import customer_features
from patron.features.customer_groups import customer_groups
from patron.features.outcomes import outcomes
from patron.models.customers import Customers, History, Window
from patron.models.valuing.installed import value_model
from patron.periods import day_of
from patron.quality.odd_customers import pairs_by_chance
from patron.quality.oddities import ODDITIES, Look, usual_amount
from patron.quality.repeats import repeated_share, sorted_by_content, sorted_by_key
from patron.quality.rules import judged, transaction_rules
from patron.quality.value import with_value
from patron.quality.versions import sorted_by_version
from patron.scores.views import customers_of
from patron.segments.rfm import rfm_scores, rfm_segments
from patron.segments.tiers import value_tiers
from patron.settings import QualitySettings, SegmentSettings, Settings, Value
from patron.warehouse import Warehouse
from warehouse.worlds import World, world_of

Tables = Mapping[str, ir.Table]
Answers = dict[str, pa.Table]
POOLS = 10
_SOURCE = {"table": "transactions", "files": "x", "columns": {"customer_id": "c", "occurred_at": "d", "amount": "a"}}
_SETTINGS = Settings.model_validate({"sources": {"sales": _SOURCE}})
_CONTENT = ("amount", "currency", "occurred_at")


@dataclass(frozen=True)
class Asked:
    """A world in an open warehouse."""

    house: Warehouse
    world: World
    silver: Tables
    prepared: Tables

    @property
    def last(self) -> int:
        return self.world.cutoffs[-1]

    def ask(self, rows: ir.Table, *key: str) -> pa.Table:
        """The answer to a query, ordered by these columns, which no two rows share."""
        found = self.house.fetch(rows)
        assert found.num_rows == len(found.select(list(key)).group_by(list(key)).aggregate([])), f"{key} is no key"
        return found.sort_by([(name, "ascending") for name in key])


def answers(house: Warehouse, world: World) -> Answers:
    """Everything that is asked of an engine, by name."""
    tables = silver(house, world.lines, world.facts)  # type: ignore[arg-type]
    asked = Asked(house, world, tables, prepare(house, tables))  # type: ignore[arg-type]
    house.replace("work", "file", world.file)
    house.replace("work", "held", world.held)
    house.replace("work", "people", world.people)
    told = {
        **dict(_described(asked)),
        **dict(_looked_at(asked)),
        **dict(_by_month(asked)),
        **dict(_judged(asked)),
        **dict(_flagged(asked)),
    }
    return {**told, **_valued(told["features"], told["outcomes"], world)}


def _described(asked: Asked) -> Iterator[tuple[str, pa.Table]]:
    """Customers as of each cutoff, what came after it, the groups they belong to, and how they came."""
    cutoffs, horizon, key = asked.world.cutoffs, asked.world.horizon, ("as_of_day", "customer_id")
    features = customer_features(asked.prepared, cutoffs, horizon, available_features(EVERYTHING))
    yield "features", asked.ask(features, *key)
    yield "outcomes", asked.ask(outcomes(asked.prepared, cutoffs[:2], horizon), *key)
    everything = {**asked.silver, **asked.prepared}
    yield "groups", asked.ask(customer_groups(everything, EVERYTHING, cutoffs), *key)
    yield "newcomers", asked.ask(coming.newcomers(everything, EVERYTHING, asked.last, horizon), "customer_id")


def _looked_at(asked: Asked) -> Iterator[tuple[str, pa.Table]]:
    """What the data-fit doctor looks at."""
    purchases = portrait.known_purchases(asked.prepared, asked.last)
    yield "trade by day", asked.ask(portrait.trade_by_day(purchases), "day")
    yield "sums of all", asked.ask(portrait.sums_of_all(asked.prepared, purchases, asked.last), "customers")
    yield "best customers", asked.ask(portrait.net_of_best(asked.prepared, asked.last, 50), "customer_key")
    large = portrait.large_orders(asked.prepared, purchases, 5)
    yield "large orders", asked.house.fetch(large).sort_by([(n, "ascending") for n in ("amount", "day", "given_back")])
    yield "channels", asked.ask(portrait.orders_by_channel(asked.silver["transactions"], 0, asked.last), "name")


def _by_month(asked: Asked) -> Iterator[tuple[str, pa.Table]]:
    """Revenue by month, of several parts of the customers each by itself."""
    keys = asked.prepared["customer_keys"]
    for pool in range(POOLS):
        mine = keys.filter(keys.customer_key % POOLS == pool).select("customer_key")
        parts = {"order_parts": asked.prepared["order_parts"].semi_join(mine, "customer_key")}
        yield f"revenue {pool}", asked.ask(revenue_by_month.cohort_revenue(parts, asked.last), "cohort", "month")
        yield f"came {pool}", asked.ask(revenue_by_month.newcomers(parts, asked.last), "cohort")
    rows = with_value(asked.silver["transactions"].drop("value"), Value(basis="margin", margin_rate=0.3333))
    yield "nobody's revenue", asked.ask(revenue_by_month.anonymous_revenue(rows, asked.last), "month")
    yield "revenue between", asked.ask(revenue_by_month.revenue_between(rows, asked.last, 0, asked.last), "month")


def _judged(asked: Asked) -> Iterator[tuple[str, pa.Table]]:
    """What is believed of a file, with reasons in words, and what is odd about it."""
    file, held = asked.house.table("work", "file"), asked.house.table("work", "held")
    arrived = datetime.combine(day_of(asked.last), datetime.min.time())
    rules = transaction_rules(_SETTINGS, arrived)
    yield "verdicts", asked.ask(judged(file, rules).select("line", "reason", "detail"), "line")
    key = ("row_id", "part")
    yield "fates by id", asked.ask(sorted_by_key(file, held, key, _CONTENT).select("line", "fate"), "line")
    versions = sorted_by_version(file, held, key, _CONTENT).select("line", "fate", "closes")
    yield "fates by version", asked.ask(versions, "line")
    yield "fates by content", asked.ask(sorted_by_content(file, held).select("line", "fate"), "line")
    yield "repeated share", asked.house.fetch(repeated_share(file, held).name("share").as_table())


def _flagged(asked: Asked) -> Iterator[tuple[str, pa.Table]]:
    """What is odd about a file's rows and about customers' records, flag by flag, with the value in words."""
    file, people = asked.house.table("work", "file"), asked.house.table("work", "people")
    for pool in range(POOLS):
        usual = usual_amount(file.filter(file.line % POOLS == pool)).name("usual")
        yield f"usual amount {pool}", asked.house.fetch(usual.as_table())
    chance = asked.house.fetch(pairs_by_chance(people))
    yield "persons alike by chance", chance
    days = (day_of(asked.world.cutoffs[0]), day_of(asked.last), QualitySettings())
    looks = {
        "transactions": Look(file, frozenset(file.columns), *days, usual=10.0),
        "customers": Look(people, frozenset(people.columns), *days, place_tells_people_apart=True),
    }
    for oddity in ODDITIES:
        found = oddity.find(looks[oddity.table]).select("file_id", "line", "detail")
        yield f"flag {oddity.flag}", asked.ask(found, "file_id", "line")


def _valued(features: pa.Table, futures: pa.Table, world: World) -> Answers:
    """Scores and segments of each world, from a model fitted to that world alone."""
    parts = [_valued_alone(*one, world) for one in _one_by_one(features, futures)]
    return {name: pa.concat_tables([part[name] for part in parts]) for name in ("scores", "segments")}


def _one_by_one(features: pa.Table, futures: pa.Table) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The rows of each world; the golden one, whose customers have no number, is one world."""
    numbers = [_number(table) for table in (features, futures)]
    for number in sorted(set(numbers[0])):
        mine = [
            table.filter(pa.array(all_told == number))
            for table, all_told in zip((features, futures), numbers, strict=True)
        ]
        yield mine[0], mine[1]


def _number(table: pa.Table) -> np.ndarray:  # type: ignore[type-arg]
    return np.array([world_of(name) if name[0].isdigit() else -1 for name in table["customer_id"].to_pylist()])


def _valued_alone(features: pa.Table, futures: pa.Table, world: World) -> Answers:
    past, now = world.cutoffs[0], world.cutoffs[-1]
    customers = customers_of(features.filter(pc.equal(features["as_of_day"], now)), now)
    learnt = customers_of(features.filter(pc.equal(features["as_of_day"], past)), past)
    after = futures.filter(pc.equal(futures["as_of_day"], past)).sort_by("customer_id")
    value, orders = (after[name].cast(pa.float64()).to_numpy() for name in ("future_value", "future_orders"))
    history = History(customers, (Window(learnt, value, orders),), world.horizon)
    expected = value_model("bg_nbd").fit(history, seed=1).predict(customers).expected_value
    return {"scores": _scores(customers, expected), "segments": _segments(customers, expected)}


def _scores(customers: Customers, expected: np.ndarray) -> pa.Table:  # type: ignore[type-arg]
    return pa.table({"customer_id": pa.array(customers.customer_id), "expected_value": expected})


def _segments(customers: Customers, expected: np.ndarray) -> pa.Table:  # type: ignore[type-arg]
    names = ("days_since_last_purchase", "orders", "historic_value")
    r, f, m = rfm_scores(*(customers.column(name) for name in names))
    tiers = value_tiers(expected, SegmentSettings())
    return pa.table(
        {
            "customer_id": pa.array(customers.customer_id),
            "tier": pa.array(tiers, pa.string()),
            "recency": r,
            "frequency": f,
            "monetary": m,
            "rfm_segment": pa.array(rfm_segments(r, f, m), pa.string()),
        }
    )
