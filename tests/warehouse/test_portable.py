"""Idioms that every engine must work out alike: quantiles, and joins in which nothing agrees with nothing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from patron.quality.value import with_value
from patron.settings import Value
from patron.warehouse import Warehouse
from patron.warehouse.portable import agreeing, quantile
from warehouse.engines import ENGINES, EVERY_ENGINE

MONEY = pa.decimal128(18, 4)


@pytest.fixture(params=EVERY_ENGINE)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    with ENGINES[request.param](tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("count", [1, 2, 3, 10, 99, 100, 101])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.99, 1.0])
def test_a_quantile_is_that_of_numpy(house: Warehouse, count: int, share: float) -> None:
    rng = Random(count)  # noqa: S311
    amounts = [Decimal(rng.choice([0, 1, 1, 7, 5000])) + Decimal(rng.randint(0, 9999)) / 10_000 for _ in range(count)]
    house.replace("work", "amounts", pa.table({"amount": pa.array([*amounts, None], MONEY)}))
    found = house.fetch(quantile(house.table("work", "amounts"), "amount", share).name("it").as_table())["it"][
        0
    ].as_py()
    assert found == pytest.approx(float(np.quantile([float(amount) for amount in amounts], share)), rel=1e-12)


def test_a_quantile_of_nothing_is_missing(house: Warehouse) -> None:
    house.replace("work", "amounts", pa.table({"amount": pa.array([None], MONEY)}))
    found = house.fetch(quantile(house.table("work", "amounts"), "amount", 0.5).name("it").as_table())
    assert found["it"].to_pylist() == [None]


def test_rows_agree_where_all_their_columns_do_and_nothing_agrees_with_nothing(house: Warehouse) -> None:
    keys = [("a", 1), ("a", None), (None, None), ("", 1), (None, 1), ("1", None)]
    table = {"name": pa.array([k for k, _ in keys], pa.string()), "day": pa.array([d for _, d in keys], pa.int32())}
    house.replace("work", "mine", pa.table({**table, "n": range(len(keys))}))
    house.replace("work", "theirs", pa.table({"other": table["name"], "date": table["day"], "m": range(len(keys))}))
    mine, theirs = house.table("work", "mine"), house.table("work", "theirs")
    pairs = mine.inner_join(theirs, agreeing(mine, theirs, {"name": "other", "day": "date"})).select("n", "m")
    found = sorted(zip(*house.fetch(pairs).to_pydict().values(), strict=True))
    assert found == [(n, n) for n in range(len(keys))]


def test_a_share_of_an_amount_is_rounded_away_from_zero_and_none_is_too_large(house: Warehouse) -> None:
    told = ["999999999999.9999", "0.0001", "-0.0001", "0.0003", "-0.0005", "2.0001"]
    rows = {"amount": pa.array([Decimal(amount) for amount in told], MONEY), "margin": pa.array([None] * 6, MONEY)}
    house.replace("work", "sold", pa.table({"n": range(6), **rows, "is_refund": [False] * 6}))
    valued = with_value(house.table("work", "sold"), Value(basis="margin", margin_rate=0.5)).order_by("n")
    expected = ["500000000000.0000", "0.0001", "-0.0001", "0.0002", "-0.0003", "1.0001"]
    assert [str(value) for value in house.fetch(valued)["value"].to_pylist()] == expected
