"""What people set by hand, laid over what was published: the one place where an override takes the value's place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

FieldName = Literal["tier", "expected_value"]
_KEY: Final = "customer_id"


@dataclass(frozen=True)
class SetValue:
    """A value that somebody set for a customer: which, until when (microseconds since 1970), who and why; money as exact text."""

    id: str
    customer_id: str
    field: FieldName
    value: str
    until: int
    by: str
    because: str

    @property
    def as_held(self) -> float | str:
        """The value as tables hold it."""
        return float(self.value) if self.field == "expected_value" else self.value


@dataclass(frozen=True)
class Told:
    """A value that was set, as readers are told it: with what was published beside it."""

    override: str
    field: FieldName
    value: float | str
    published: float | str
    by: str
    because: str
    until: str

    def to_dict(self) -> dict[str, Any]:  # Any: JSON
        return asdict(self)


@dataclass(frozen=True)
class SetByHand:
    """All that is set by hand; ``version`` tells one state of it from another."""

    version: int = -1
    values: tuple[SetValue, ...] = ()
    _by_customer: Mapping[str, tuple[SetValue, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: defaultdict[str, list[SetValue]] = defaultdict(list)
        for value in self.values:
            found[value.customer_id].append(value)
        object.__setattr__(self, "_by_customer", {one: tuple(values) for one, values in found.items()})

    def of(self, customer_id: str) -> tuple[SetValue, ...]:
        """What is set for one customer."""
        return self._by_customer.get(customer_id, ())

    def at(self, moment: int) -> SetByHand:
        """What of it still holds at a moment."""
        return SetByHand(self.version, tuple(value for value in self.values if moment < value.until))

    @property
    def ends_at(self) -> int | None:
        """The next moment at which something of it ends."""
        return min((value.until for value in self.values), default=None)

    def over(self, table: pa.Table, rows_of: pa.ChunkedArray | None = None) -> pa.Table:
        """A table of customers with what is set in place of what was published; ``rows_of`` are their ids, where it has none."""
        ids = table[_KEY] if rows_of is None else rows_of
        for name, change in (("tier", _with_words), ("expected_value", _with_amounts)):
            chosen = {one.customer_id: one.as_held for one in self.values if one.field == name}
            if chosen and name in table.column_names:
                places, values = _found(ids, chosen)
                table = change(table, places, values)
        return table


NOTHING_SET: Final = SetByHand()


def told(values: Iterable[SetValue], published: Mapping[str, Any]) -> tuple[Told, ...]:  # Any: values of columns
    """Values that are set, each beside what was published."""
    return tuple(
        Told(one.id, one.field, one.as_held, published[one.field], one.by, one.because, _moment(one.until))
        for one in values
    )


def _found(ids: pa.ChunkedArray, chosen: Mapping[str, Any]) -> tuple[Any, list[Any]]:  # Any: places; values of a column
    """The rows of these customers and what is set in each; customers who are not there have none."""
    named = list(chosen)
    which = pc.index_in(ids, value_set=pa.array(named, ids.type)).to_numpy()
    places = np.flatnonzero(~np.isnan(which)) if which.dtype.kind == "f" else np.arange(len(which))
    return places, [chosen[named[int(place)]] for place in which[places]]


def _with_words(table: pa.Table, places: Any, words: list[Any]) -> pa.Table:  # Any: places; texts
    number = table.column_names.index("tier")
    held = table.column(number)
    coded = held.combine_chunks()
    coded = coded if pa.types.is_dictionary(held.type) else coded.dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.chunk(0) if coded.num_chunks else pa.array([], coded.type)
    known = coded.dictionary.to_pylist()
    known += sorted({word for word in words if word not in known})
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    codes[places] = [known.index(word) for word in words]
    changed = pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(known, pa.string()))
    return table.set_column(number, "tier", pa.chunked_array([changed.cast(held.type)]))


def _with_amounts(table: pa.Table, places: Any, amounts: list[Any]) -> pa.Table:  # Any: places; numbers
    """The expected value, and the total value by as much."""
    before = table["expected_value"].to_numpy()
    now = before.copy()
    now[places] = amounts
    table = _with_numbers(table, "expected_value", now)
    if "total_value" in table.column_names:
        table = _with_numbers(table, "total_value", table["total_value"].to_numpy() + (now - before))
    return table


def _with_numbers(table: pa.Table, name: str, values: Any) -> pa.Table:  # Any: an array of numbers
    number = table.column_names.index(name)
    return table.set_column(number, name, pa.chunked_array([pa.array(values, table.schema.field(number).type)]))


def _moment(microseconds: int) -> str:
    moment = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
