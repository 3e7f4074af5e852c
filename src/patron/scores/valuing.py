"""What a model makes of any batch of features, in whole ten-thousandths: for states of customers that are not published."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from patron.models.arrays import Flags, Integers
from patron.models.customers import FittedValueModel
from patron.scores.bridge import ten_thousandths
from patron.scores.views import numbered

WORTH: Final = pa.schema([("customer_id", pa.string()), ("worth", pa.int64())])


@dataclass(frozen=True, eq=False)
class Valuing:
    """Makes rows of ``WORTH`` of any batch of features; it can be pickled and sent to another machine."""

    fitted: FittedValueModel
    as_of_day: int

    def __call__(self, features: pa.RecordBatch) -> pa.RecordBatch:
        ids = features.column("customer_id").cast(pa.string())
        if not features.num_rows:
            return pa.RecordBatch.from_arrays([ids, pa.array([], pa.int64())], schema=WORTH)
        expected = self.fitted.predict(numbered(features, self.as_of_day)).expected_value
        return pa.RecordBatch.from_arrays([ids, pa.array(ten_thousandths(expected), pa.int64())], schema=WORTH)


def worth_of(batches: Iterable[pa.RecordBatch], valuing: Valuing) -> pa.Table:
    """Rows of ``WORTH`` of features that come as batches, such as a release's file."""
    return pa.Table.from_batches(map(valuing, batches), WORTH)


def aligned(worth: pa.Table, customer_id: pa.Array) -> tuple[Integers, Flags]:
    """What these customers are worth, in their order, and of which of them ``worth`` says anything; 0 of the others."""
    place = pc.index_in(worth["customer_id"].combine_chunks(), customer_id)
    known = place.is_valid()
    amounts = worth["worth"].combine_chunks().filter(known).to_numpy(zero_copy_only=False)
    places = place.drop_null().to_numpy(zero_copy_only=False)
    values, told = np.zeros(len(customer_id), dtype=np.int64), np.zeros(len(customer_id), dtype=np.bool_)
    values[places], told[places] = amounts, True
    return values, told
