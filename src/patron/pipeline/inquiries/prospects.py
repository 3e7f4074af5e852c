"""Prospects: newcomers of a workspace valued by how they came and what they first bought; nothing is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from patron.errors import DataError, UnknownName, UsageError
from patron.features.newcomers import available_attributes, available_numbers, newcomers
from patron.models.arrays import Flags, Floats, Integers
from patron.models.valuing.acquisition import AcquisitionTerms
from patron.models.valuing.prospects import FittedProspects, Newcomers, PastNewcomers, Prospects
from patron.periods import day_number, day_of, longest_provable_horizon, parse_period
from patron.pipeline.mapped import mapped_columns, silver_tables
from patron.pipeline.modelling.describe import SHORTEST_HORIZON_DAYS, history_span
from patron.pipeline.runner import Watcher, opened_run, run_until
from patron.pipeline.step import Run
from patron.scores.plain_data import without_nan
from patron.scores.prospects import EVERYBODY, GroupValue, Proof, prove, refuse_too_few, telling, value_groups
from patron.settings import Value

RUN_IN_DAYS: Final = 90
RUN_IN_PART: Final = 6
"""Without sign-up days, who is first seen in the history's first 90 days, or sixth, may have come long before."""
_MONEY_DIGITS: Final = 4


@dataclass(frozen=True)
class ProspectTerms:
    """What is asked: how far ahead, which newcomers count, and what money spent on winning customers must earn.

    None takes what patron.toml or the history gives. ``horizon`` is a period ('180 days'), ``since`` a day ('2024-01-31').
    """

    horizon: str | None = None
    since: str | None = None
    margin_rate: float | None = None
    discount_rate: float = 0.0
    required_return: float = 0.0

    def acquisition(self, contract: Value) -> AcquisitionTerms:
        """The terms under this value contract: where value is margin already, none is taken off again."""
        if contract.basis == "margin" and self.margin_rate is not None:
            raise UsageError(
                f"A margin rate of {self.margin_rate} was given, but value.basis is margin: every value is margin already.",
                to_do="Leave the margin rate out.",
            )
        rate = contract.margin_rate if self.margin_rate is None else self.margin_rate
        return AcquisitionTerms(1.0 if contract.basis == "margin" else rate, self.discount_rate, self.required_return)


@dataclass(frozen=True, eq=False)
class ProspectReport:
    """What newcomers are worth by how they came; ``customers`` has a row for each newcomer whose horizon still runs.

    ``groups`` hold newcomers by attribute, per customer: the first order, what follows it within the horizon with an 80 %
    interval, and the most that winning one may cost. ``proof`` is None where there were too few newcomers for one.
    """

    as_of: date
    currency: str
    basis: str
    horizon_days: int
    since: date
    signed_up: bool
    terms: AcquisitionTerms
    taught: int
    came_back: int
    everybody: GroupValue
    groups: Mapping[str, tuple[GroupValue, ...]]
    proof: Proof | None
    customers: pa.Table = field(repr=False)

    def group(self, attribute: str) -> tuple[GroupValue, ...]:
        """The newcomers by one attribute; UnknownName where it is not mapped."""
        if attribute not in self.groups:
            raise UnknownName("attribute", attribute, self.groups)
        return self.groups[attribute]

    def facts(self, attributes: Sequence[str] | None = None) -> dict[str, Any]:
        """All of it but single customers, as plain data; of the groups these attributes, or all."""
        return {
            "as_of": self.as_of.isoformat(),
            "currency": self.currency,
            "basis": self.basis,
            "horizon_days": self.horizon_days,
            "since": self.since.isoformat(),
            "terms": asdict(self.terms),
            "taught": self.taught,
            "came_back": self.came_back,
            "all": _group_facts(self.everybody),
            "groups": {
                name: [_group_facts(row) for row in self.group(name)]
                for name in (self.groups if attributes is None else attributes)
            },
            "proof": None if self.proof is None else _proof_facts(self.proof),
        }


def value_prospects(
    folder: Path, asked: ProspectTerms | None = None, *, watcher: Watcher | None = None, now: datetime | None = None
) -> ProspectReport:
    """Learn from newcomers whose horizon is over, value those who came since, and prove it on the past.

    The steps up to summing up orders are done unless they are finished; a later run goes on from there. Raises DataError with
    too few newcomers, UsageError for terms or a horizon that cannot be.
    """
    asked, watcher = asked or ProspectTerms(), watcher or Watcher()
    with opened_run(folder, watcher, now=now) as run:
        terms = asked.acquisition(run.settings.value)
        run_until(run, "prepare", watcher)
        watcher.says("Value newcomers …")
        return _report(run, asked, terms)


def _report(run: Run, asked: ProspectTerms, terms: AcquisitionTerms) -> ProspectReport:
    first_day, last_day = history_span(run)
    book = _Book.read(run, asked, first_day, last_day)
    taught, recent = _taught_and_recent(book, run)
    names = telling(book.attributes, taught)
    past = PastNewcomers(
        book.newcomers(names).rows(taught), book.came_day[taught], book.value[taught], book.horizon_days
    )
    fitted, seed = Prospects().fit(past), run.settings.models.seed
    run.say("Test newcomers of the past …")
    now, purchase_days = book.newcomers(tuple(book.attributes)).rows(recent), book.purchase_days[recent]
    return ProspectReport(
        as_of=day_of(last_day),
        currency=run.settings.value.currency,
        basis=run.settings.value.basis,
        horizon_days=book.horizon_days,
        since=day_of(book.since),
        signed_up=bool(book.signed_up[recent].all()),
        terms=terms,
        taught=int(taught.sum()),
        came_back=int((past.value > 0).sum()),
        everybody=value_groups(fitted, now, purchase_days, EVERYBODY, terms)[0],
        groups={name: value_groups(fitted, now, purchase_days, name, terms) for name in now.attributes},
        proof=prove(past, book.customer_id[taught], seed),
        customers=_customers(fitted, book, recent, now, terms),
    )


@dataclass(frozen=True, eq=False)
class _Book:
    """All newcomers that count, in order of their ids, with what the first day told of them."""

    customer_id: NDArray[Any]  # text
    came_day: Integers
    signed_up: Flags
    purchase_days: Integers
    first_order_value: Floats
    value: Floats
    attributes: Mapping[str, NDArray[np.str_]]
    numbers: Mapping[str, Floats]
    horizon_days: int
    since: int

    @classmethod
    def read(cls, run: Run, asked: ProspectTerms, first_day: int, last_day: int) -> _Book:
        """Read them from the warehouse; who may be older than the history is left out."""
        present = mapped_columns(run)
        recorded = "acquired_on" in present.get("customers", frozenset())
        since = _since(asked.since, first_day, last_day, recorded=recorded)
        horizon_days = _horizon(asked.horizon or run.settings.value.horizon, since, last_day)
        tables = silver_tables(run)
        tables |= {name: run.warehouse.table("work", name) for name in ("customer_keys", "order_parts")}
        rows = run.warehouse.fetch(newcomers(tables, present, last_day, horizon_days)).sort_by("customer_id")
        came, signed_up = rows["came_day"].to_numpy().astype(np.int64), _flags(rows["signed_up"])
        # A record dates its customer; of the others, who is seen early may have come before the history began.
        own_since = since if asked.since or not recorded else _run_in_end(first_day, last_day)
        counts = came >= np.where(signed_up, since, own_since)
        rows, attributes, numbers = (
            rows.filter(pa.array(counts)),
            available_attributes(present),
            available_numbers(present),
        )
        return cls(
            customer_id=rows["customer_id"].to_numpy(),
            came_day=came[counts],
            signed_up=signed_up[counts],
            purchase_days=rows["purchase_days"].to_numpy().astype(np.int64),
            first_order_value=_floats(rows["first_order_value"]),
            value=_floats(rows["value"]),
            attributes={name: rows[name].to_numpy().astype(np.str_) for name in attributes},
            numbers={name: _floats(rows[name]) for name in numbers},
            horizon_days=horizon_days,
            since=since,
        )

    def newcomers(self, attributes: tuple[str, ...]) -> Newcomers:
        """All of them, as a model reads them."""
        return Newcomers(self.first_order_value, {name: self.attributes[name] for name in attributes}, self.numbers)


def _taught_and_recent(book: _Book, run: Run) -> tuple[Flags, Flags]:
    """Whose horizon is over, at most as many as settings allow, and whose still runs; DataError with too few of either."""
    last_day = history_span(run)[1]
    over = book.came_day + book.horizon_days <= last_day
    newest = day_of(last_day - book.horizon_days)
    between = f"between {day_of(book.since)} and {newest}"
    refuse_too_few(int(over.sum()), int((book.value[over] > 0).sum()), between, book.horizon_days)
    if over.all():
        raise DataError(
            f"Nobody came in the {book.horizon_days} days up to {day_of(last_day)}, so there is no newcomer to value.",
            to_do="Give a longer --horizon, or an earlier as_of in patron.toml.",
        )
    most = run.settings.models.sample_customers
    taught = np.flatnonzero(over)
    if len(taught) > most:
        taught = np.random.default_rng(run.settings.models.seed).choice(taught, most, replace=False)
    chosen = np.zeros(len(over), dtype=bool)
    chosen[taught] = True
    return chosen, ~over


def _since(wanted: str | None, first_day: int, last_day: int, *, recorded: bool) -> int:
    """The day from which on newcomers count: as asked, or from where on a first sight is a first day."""
    if wanted is None:
        return first_day if recorded else _run_in_end(first_day, last_day)
    try:
        day = day_number(date.fromisoformat(wanted))
    except ValueError as error:
        raise UsageError(f"'{wanted}' is no day of the calendar.", allowed="Write it as 2024-01-31.") from error
    if day > last_day:
        raise UsageError(
            f"Newcomers since {wanted} were asked for.",
            allowed=f"History runs from {day_of(first_day)} to {day_of(last_day)}.",
        )
    return max(day, first_day)


def _run_in_end(first_day: int, last_day: int) -> int:
    return first_day + min(RUN_IN_DAYS, (last_day - first_day) // RUN_IN_PART)


def _horizon(wanted: str, since: int, last_day: int) -> int:
    """Days ahead: as asked; else a quarter of the time, so that teachers' and tested customers' horizons fit in apart."""
    days = last_day - since + 1
    if wanted == "auto":
        return longest_provable_horizon(days * 3 // 4) or SHORTEST_HORIZON_DAYS
    horizon = parse_period(wanted)
    if not 1 <= horizon < days:
        raise UsageError(
            f"A horizon of {horizon} days was asked for, and newcomers count since {day_of(since)}, {days} days ago.",
            allowed="The horizon must be 1 day or more, and shorter than that: nobody's horizon would be over.",
            to_do="Give a shorter --horizon (or value.horizon in patron.toml), an earlier --since, or a longer history.",
        )
    return horizon


def _customers(
    fitted: FittedProspects, book: _Book, recent: Flags, now: Newcomers, terms: AcquisitionTerms
) -> pa.Table:
    """One row per newcomer whose horizon still runs; money is rounded, so that equal inputs give equal bytes."""
    made = fitted.predict(now)
    came = np.datetime64("1970-01-01") + book.came_day[recent].astype("timedelta64[D]")
    return pa.table(
        {
            "customer_id": pa.array(book.customer_id[recent], pa.string()),
            "came_on": pa.array(came, pa.date32()),
            "purchase_days": pa.array(book.purchase_days[recent], pa.int64()),
            "first_order_value": _money(now.first_order_value),
            "expected_value": _money(made.expected_value),
            "low": _money(np.minimum(made.value_low, made.expected_value)),
            "high": _money(np.maximum(made.value_high, made.expected_value)),
            "max_acquisition_cost": _money(fitted.maximum_cost(now, terms)),
        }
    )


def _money(values: Floats) -> pa.Array:
    return pa.array(np.round(values, _MONEY_DIGITS) + 0.0, pa.float64(), from_pandas=True)


def _floats(column: pa.ChunkedArray) -> Floats:
    """A column as floats, NaN where it is empty."""
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _flags(column: pa.ChunkedArray) -> Flags:
    return np.asarray(column.to_numpy(), dtype=bool)


def _group_facts(row: GroupValue) -> dict[str, Any]:
    """A group as plain data; no interval, and no cost that rests on one, where there are too few customers."""
    told = asdict(row.value)
    word = told.pop("channel")
    if row.unsure:
        told |= dict.fromkeys(("value_low", "value_high", "cautious_maximum_cost"))
    return {"word": word, **told, "without_repeat": row.without_repeat}


def _proof_facts(proof: Proof) -> dict[str, Any]:
    told = asdict(proof)
    days = {f"tested_{end}": day_of(told.pop(f"tested_{end}_day")).isoformat() for end in ("from", "to")}
    rivals = [{**asdict(row), "verdict": row.verdict} for row in proof.rivals]
    ours = {name: fact for name, fact in told["ours"].items() if name != "gain"}
    told |= {"ours": ours, "rivals": rivals, "tells_apart": proof.tells_apart}
    return {name: without_nan(fact) for name, fact in (told | days).items()}
