"""The bridge between two releases: why what customers are worth has changed, in parts that sum to the change exactly.

Every customer is valued in a chain of states from the earlier release to the later one; a part is the difference between
two neighbours of the chain, so that whatever the models say, the parts add up. Published values are rounded to a
ten-thousandth, and all that is here is counted in whole ten-thousandths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.errors import DataError, UnknownName
from patron.models.arrays import Flags, Floats, Integers

SCALE: Final = 4
PARTS: Final = ("new", "purchases", "silence", "refunds", "corrections", "model_change", "overrides")
_MONEY: Final = pa.decimal128(18, SCALE)
BRIDGE: Final = pa.schema(
    [
        ("customer_id", pa.string()),
        ("value_before", _MONEY),
        *((part, _MONEY) for part in PARTS),
        ("value_now", _MONEY),
    ]
)
_MOST: Final = 10**18
_HALF: Final = 32
_LOW_HALF: Final = (1 << _HALF) - 1


@dataclass(frozen=True, eq=False)
class States:
    """What each customer is worth in each state of the chain: whole ten-thousandths by customer, 0 where it has none.

    The customers are those of either release, sorted by id; ``known_before`` and ``known_now`` tell in which of them each is.
    ``before`` and ``now`` are published, ``own_before`` and ``own_now`` what the two models made of them by themselves. The
    others are the earlier model's: of its own features once more (``reread``), of its own day as it is told now
    (``told_again``), of the later day as if nothing had happened in between (``aged``), of that with all but refunds
    (``bought``) and of the later day as it is (``seen_anew``).
    """

    customer_id: pa.Array
    known_before: Flags
    known_now: Flags
    before: Integers
    own_before: Integers
    reread: Integers
    told_again: Integers
    aged: Integers
    bought: Integers
    seen_anew: Integers
    own_now: Integers
    now: Integers

    def __post_init__(self) -> None:
        for field in fields(self):
            if len(getattr(self, field.name)) != len(self.customer_id):
                raise DataError(
                    f"State '{field.name}' has {len(getattr(self, field.name))} values for {len(self.customer_id)} customers.",
                    allowed="Each customer needs one value.",
                )


@dataclass(frozen=True)
class Sums:
    """What some customers were worth, what they are worth now, and the parts between, in whole ten-thousandths.

    ``moved_in`` is what those who came from another segment were worth there, ``moved_out`` less what those who left for
    another were worth here: ``before + parts + moved_in + moved_out = now``.
    """

    customers_before: int
    customers_now: int
    before: int
    now: int
    parts: Mapping[str, int]
    moved_in: int = 0
    moved_out: int = 0

    @property
    def change(self) -> int:
        return self.now - self.before

    def to_dict(self) -> dict[str, Any]:  # Any: counts are whole numbers, money is text
        """Plain data, money as exact decimal text: '-41200.1500'."""
        told = {"value_before": self.before, "value_now": self.now, "change": self.change, **self.parts}
        told |= {"moved_in": self.moved_in, "moved_out": self.moved_out}
        counts = {"customers_before": self.customers_before, "customers_now": self.customers_now}
        return counts | {name: as_text(amount) for name, amount in told.items()}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Sums:  # Any: plain data
        """The sums that ``to_dict`` wrote."""
        counts = (int(told["customers_before"]), int(told["customers_now"]))
        ends = (from_text(told["value_before"]), from_text(told["value_now"]))
        parts = {part: from_text(told[part]) for part in PARTS}
        return cls(*counts, *ends, parts, from_text(told["moved_in"]), from_text(told["moved_out"]))


@dataclass(frozen=True, eq=False)
class Bridge:
    """Each customer's change of value in parts: ``parts`` has a row per customer and a column per name of ``PARTS``.

    ``undivided`` says why the states between could not be told, where they could not: then all that is neither new nor gone
    nor an override stands in ``model_change``.
    """

    customer_id: pa.Array
    known_before: Flags
    known_now: Flags
    before: Integers
    now: Integers
    parts: Integers
    undivided: str = ""

    @property
    def change(self) -> Integers:
        """By customer."""
        return self.now - self.before

    def total(self) -> Sums:
        """The whole portfolio."""
        (everybody,) = self._sums(np.zeros(len(self.now), dtype=np.int64), 1)
        return everybody

    def of(self, customer_id: str) -> Sums:
        """One customer; UnknownName where neither release has it."""
        place = pc.index(self.customer_id, pa.scalar(customer_id, self.customer_id.type)).as_py()
        if place < 0:
            raise UnknownName("customer", customer_id, ())
        return Sums(
            int(self.known_before[place]),
            int(self.known_now[place]),
            int(self.before[place]),
            int(self.now[place]),
            {part: int(amount) for part, amount in zip(PARTS, self.parts[place], strict=True)},
        )

    def by(self, labels_before: pa.Array, labels_now: pa.Array) -> dict[str, Sums]:
        """Each segment by its label, given every customer's label in both releases (any word where it is in one only).

        The parts are those of a segment's members now, and of those members who are gone for good.
        """
        names, was, is_now = _places(labels_before, labels_now)
        moved = self.known_before & self.known_now & (was != is_now)
        home = np.where(self.known_now, is_now, was)
        worth = np.where(moved, self.before, 0)[:, None]
        came, left = exact_sums(worth, home, len(names)), exact_sums(worth, was, len(names))
        members = _counts(was, self.known_before, len(names))
        return {
            name: replace(
                sums,
                customers_before=int(members[place]),
                before=sums.before + left[place][0],
                moved_in=came[place][0],
                moved_out=-left[place][0],
            )
            for place, (name, sums) in enumerate(zip(names, self._sums(home, len(names), ~moved), strict=True))
            if members[place] or sums.customers_now
        }

    def table(self) -> pa.Table:
        """A row of ``BRIDGE`` per customer of either release, sorted by id."""
        columns = [self.before, *self.parts.T, self.now]
        ids = self.customer_id.cast(pa.string())
        return pa.Table.from_arrays([ids, *(_decimals(column) for column in columns)], schema=BRIDGE)

    def _sums(self, place: Integers, groups: int, stayed: Flags | None = None) -> list[Sums]:
        """The sums of each group of customers; ``before`` counts those who were in it then already."""
        before = self.before if stayed is None else np.where(stayed, self.before, 0)
        money = exact_sums(np.column_stack([before, self.now, self.parts]), place, groups)
        counts = zip(_counts(place, self.known_before, groups), _counts(place, self.known_now, groups), strict=True)
        return [
            Sums(int(then), int(now), row[0], row[1], dict(zip(PARTS, row[2:], strict=True)))
            for (then, now), row in zip(counts, money, strict=True)
        ]


def bridge_of(states: States) -> Bridge:
    """The bridge over a whole chain of states."""
    steps = {
        "purchases": states.bought - states.aged,
        "silence": states.aged - states.told_again,
        "refunds": states.seen_anew - states.bought,
        "corrections": states.told_again - states.reread,
        # What a model that was read back says otherwise than it said then is the model's too.
        "model_change": (states.own_now - states.seen_anew) + (states.reread - states.own_before),
    }
    return _bridge(states, steps)


def undivided_bridge(states: States, why: str) -> Bridge:
    """The bridge where only its two ends are known: of those who are in both releases all is one part, ``model_change``."""
    steps = {"model_change": states.own_now - states.own_before}
    return _bridge(states, steps, why)


def _bridge(states: States, steps: Mapping[str, Integers], undivided: str = "") -> Bridge:
    new, gone = states.known_now & ~states.known_before, states.known_before & ~states.known_now
    both = states.known_before & states.known_now
    nothing = np.zeros(len(states.now), dtype=np.int64)
    parts = {part: np.where(both, steps.get(part, nothing), 0) for part in PARTS}
    parts["new"] = np.where(new, states.own_now, 0)
    parts["corrections"] = np.where(gone, -states.own_before, parts["corrections"])
    parts["overrides"] = (states.now - states.own_now) - (states.before - states.own_before)
    return Bridge(
        states.customer_id,
        states.known_before,
        states.known_now,
        states.before,
        states.now,
        np.column_stack([parts[part] for part in PARTS]),
        undivided,
    )


def ten_thousandths(values: Floats) -> Integers:
    """Values as they are published, in whole ten-thousandths; DataError for one that is not a number or beyond counting."""
    counted = np.rint(np.round(values, SCALE) * 10.0**SCALE)
    wrong = np.flatnonzero(~(np.abs(counted) < _MOST))
    if wrong.size:
        raise DataError(
            f"The value {values[wrong[0]]} cannot be counted in ten-thousandths ({wrong.size} such values).",
            allowed=f"Values below {_MOST // 10**SCALE:,}.",
        )
    return np.asarray(counted, dtype=np.int64)


def exact_sums(amounts: Integers, place: Integers, groups: int) -> list[list[int]]:
    """The sum of each column in each group, however large: summed in halves that cannot overflow."""
    halves = []
    for half in (amounts >> _HALF, amounts & _LOW_HALF):
        sums = np.zeros((groups, amounts.shape[1]), dtype=np.int64)
        np.add.at(sums, place, half)
        halves.append(sums.tolist())
    high, low = halves
    return [[(up << _HALF) + down for up, down in zip(*rows, strict=True)] for rows in zip(high, low, strict=True)]


def as_text(amount: int) -> str:
    """Ten-thousandths as exact decimal text: '-41200.1500'."""
    whole, rest = divmod(abs(amount), 10**SCALE)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:0{SCALE}}"


def from_text(text: str) -> int:
    """Whole ten-thousandths of decimal text."""
    return int(Decimal(text).scaleb(SCALE))


def _places(labels_before: pa.Array, labels_now: pa.Array) -> tuple[list[str], Integers, Integers]:
    """All labels in order, and every customer's place among them, before and now."""
    both = pa.chunked_array([labels_before, labels_now], pa.string()).combine_chunks()
    coded = both.dictionary_encode()
    names = coded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    place_of = np.empty(len(names), dtype=np.int64)
    place_of[order] = np.arange(len(names))
    was, is_now = np.split(place_of[coded.indices.to_numpy()], 2)
    return [names[place] for place in order], was, is_now


def _counts(place: Integers, chosen: Flags, groups: int) -> Integers:
    return np.asarray(np.bincount(place[chosen], minlength=groups), dtype=np.int64)


def _decimals(amounts: Integers) -> pa.Array:
    """Whole ten-thousandths as decimals, digit for digit."""
    digits = pa.array(amounts, pa.int64()).cast(pa.decimal128(19, 0))
    return pa.Array.from_buffers(_MONEY, len(digits), digits.buffers())
