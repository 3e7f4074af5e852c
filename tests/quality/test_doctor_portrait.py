"""The portrait counts what the named customers did: purchases known by the day, refunds, contracts, channels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from features.silver_cast import CAST, CUTOFF, FACTS, bought, on, prepare, silver, warehouse
from patron.pipeline.inquiries import portrait as drawn
from patron.pipeline.inquiries.portrait import draw_portrait
from patron.quality.doctor.portrait import Channel, LargeOrder, Portrait
from patron.warehouse.duckdb import DuckDBWarehouse


@pytest.fixture
def house() -> Iterator[DuckDBWarehouse]:
    with warehouse() as opened:
        yield opened


def portrait(house: DuckDBWarehouse, lines: tuple = CAST, day: int = CUTOFF) -> Portrait:
    tables = silver(house, lines, FACTS)
    return draw_portrait(house, tables, prepare(house, tables), day, "EUR", seed=1)


def test_only_purchases_known_by_the_day_and_above_zero_count(house: DuckDBWarehouse) -> None:
    """Ada, Chen and Dora bought; Bruno only gave back, Eve comes later, Fay had a gift."""
    seen = portrait(house)
    assert seen.customers == 3
    assert seen.first_day == on(2023, 5, 10)
    assert seen.last_day == CUTOFF
    # Ada 15 + 30 + 20 + 40 + 25, Chen 70 + the 60 known by then, Dora 11 + 33
    assert seen.gross == 130 + 130 + 44
    assert seen.refunded == 12.5 + 8
    assert seen.anonymous_gross == 1300


def test_days_and_newcomers_add_up(house: DuckDBWarehouse) -> None:
    seen = portrait(house)
    assert len(seen.orders_by_day) == seen.days
    assert seen.orders_by_day.sum() == 9
    assert seen.orders_by_day[on(2024, 1, 6) - seen.first_day] == 2
    assert seen.newcomers_by_day.sum() == 3


def test_the_sample_holds_each_purchase_in_order(house: DuckDBWarehouse) -> None:
    sample = portrait(house).sample
    assert sample.counts.tolist() == [5, 2, 2]
    assert sample.by_day.counts.tolist() == [4, 2, 2]
    assert sample.by_day.amount.tolist() == [15, 50, 40, 25, 70, 60, 11, 33]
    assert sample.by_day.gap.tolist()[:2] == [0, on(2024, 1, 6) - on(2023, 5, 10)]


def test_the_best_customers_count_after_refunds_and_large_orders_with_what_came_back(house: DuckDBWarehouse) -> None:
    giant = (bought("Gus", "G1", on(2024, 6, 2), "9000"), bought("Gus", "G1", on(2024, 6, 5), "-9000", refund=True))
    late = (bought("Gus", "G2", on(2024, 1, 2), "500"), bought("Gus", "G2", on(2024, 6, 1), "-500", refund=True))
    seen = portrait(house, (*CAST, *giant, *late))
    assert seen.large_orders[0] == LargeOrder(on(2024, 6, 2), 9000, 9000)
    assert seen.large_orders[1] == LargeOrder(on(2024, 1, 2), 500, 0)  # given back five months later
    assert seen.top_customers[0] == (1, 130)  # Chen; Ada had 8 back, and Gus all of it


def test_contracts_begun_by_the_day_count_once_for_each_buyer(house: DuckDBWarehouse) -> None:
    assert portrait(house).contract_customers == 2  # Ada and Chen
    assert portrait(house, day=on(2024, 6, 29)).contract_customers == 1


def test_channels_tell_when_they_began_and_their_recent_orders(house: DuckDBWarehouse) -> None:
    by_name = {channel.name: channel for channel in portrait(house).channels}
    assert by_name["shop"] == Channel("shop", on(2024, 1, 6), 1, 0)
    assert by_name["web"].first_day == on(2023, 5, 10)


def test_beyond_a_number_of_purchases_a_drawn_sample_of_whole_customers_stands_for_all(
    house: DuckDBWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = portrait(house)
    monkeypatch.setattr(drawn, "MOST_PURCHASES", 6)
    part = portrait(house)
    assert 0 < len(part.sample.counts) < len(whole.sample.counts)
    assert (part.customers, part.gross) == (whole.customers, whole.gross)
    assert part.sample.amount.tolist() == portrait(house).sample.amount.tolist()
