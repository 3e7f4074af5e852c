from __future__ import annotations

import numpy as np
import pyarrow as pa

from patron.pipeline.segmenting.places import located_customers
from patron.segments.places import places

VALLEY = "Municipality of the long and narrow valley of the river, "


def test_names_longer_than_any_column_is_wide_are_told_whole_and_apart() -> None:
    regions = [f"{VALLEY}{bank} bank" if bank else None for bank in ["left"] * 15 + ["right"] * 12 + [None] * 11]
    rows = pa.table({"customer_id": [f"c{number:02}" for number in range(38)], "region": regions})
    ids, located = located_customers(rows.to_reader(10))
    told = places(located, np.ones(38))
    assert ids.to_pylist() == rows["customer_id"].to_pylist()
    assert told.labels.tolist() == [region or "Place unknown" for region in regions]
    assert [cell.customers for cell in told.cells] == [15, 12, 11]


def test_a_name_costs_its_length_once_and_not_once_per_customer() -> None:
    endless = "x" * 100_000
    batches = [pa.record_batch({"customer_id": ["a", "b"] * 50, "country": [endless, "DE"] * 50}) for _ in range(20)]
    reader = pa.RecordBatchReader.from_batches(batches[0].schema, batches)
    _, located = located_customers(reader)
    assert located.country is not None
    assert (located.country.words, len(located.country)) == (("DE", endless), 2000)
    assert located.country.number.nbytes == 8000


def test_customers_of_whom_no_place_is_known_and_no_customers_at_all() -> None:
    nobody = pa.schema({"customer_id": pa.string(), "branch": pa.string(), "latitude": pa.float64()})
    ids, located = located_customers(pa.RecordBatchReader.from_batches(nobody, []))
    assert (len(ids), located.branch is not None and len(located.branch)) == (0, 0)
    ids, located = located_customers(pa.table({"customer_id": ["a"], "country": [None]}).to_reader())
    assert located.country is not None
    assert (located.country.tolist(), located.latitude, located.region) == ([""], None, None)
