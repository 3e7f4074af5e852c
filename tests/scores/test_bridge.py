"""The bridge between two releases: its parts sum to the change exactly, for everybody, every group and every customer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patron.errors import DataError, UnknownName
from patron.scores.bridge import (
    BRIDGE,
    PARTS,
    Bridge,
    States,
    Sums,
    as_text,
    bridge_of,
    exact_sums,
    from_text,
    ten_thousandths,
    undivided_bridge,
)

CHAIN = ("reread", "told_again", "aged", "bought", "seen_anew")


@dataclass(frozen=True)
class Pair:
    """Two simulated releases: every state of the chain, and each customer's labels before and now."""

    states: States
    labels: tuple[pa.Array, pa.Array]


def pair(seed: int, customers: int) -> Pair:
    """Customers who appear, vanish, lack a state in between, or change their segment; small and huge values of either sign."""
    rng = np.random.default_rng(seed)
    before, now = rng.random(customers) < 0.7, rng.random(customers) < 0.7
    now |= ~before
    both = before & now

    def values(known: np.ndarray) -> np.ndarray:
        sizes = rng.choice([0.00005, 1.0, 1e3, 1e10], customers)
        return np.where(known, ten_thousandths(rng.normal(size=customers) * sizes), 0)

    ends = {"before": values(before), "own_before": values(before), "own_now": values(now), "now": values(now)}
    chain = {name: values(both & (rng.random(customers) < 0.9)) for name in CHAIN}
    ids = pa.array([f"c{number:05}" for number in range(customers)], pa.string())
    words = rng.choice(["high", "medium", "low", "unknown", "Ümläut"], (2, customers))
    return Pair(States(ids, before, now, **ends, **chain), (pa.array(words[0]), pa.array(words[1])))


def whole(sums: Sums) -> int:
    return sums.before + sum(sums.parts.values()) + sums.moved_in + sums.moved_out


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), customers=st.integers(1, 60), divided=st.booleans())
def test_parts_sum_to_the_change_of_everybody_every_segment_and_every_customer(
    seed: int, customers: int, divided: bool
) -> None:
    told = pair(seed, customers)
    states = told.states
    bridge = bridge_of(states) if divided else undivided_bridge(states, "no model")
    total = bridge.total()
    assert whole(total) == total.now == sum(states.now.tolist())
    assert total.before == sum(states.before.tolist())
    for place, one in enumerate(states.customer_id.to_pylist()):
        sums = bridge.of(one)
        assert whole(sums) == sums.now == states.now[place]
        assert sums.before == states.before[place]
    _every_segment_adds_up(bridge, told)


def _every_segment_adds_up(bridge: Bridge, told: Pair) -> None:
    states, (was, is_now) = told.states, (labels.to_pylist() for labels in told.labels)
    segments = bridge.by(*told.labels)
    for name, sums in segments.items():
        before = [
            v
            for v, label, known in zip(states.before, was, states.known_before, strict=True)
            if known and label == name
        ]
        now = [
            v for v, label, known in zip(states.now, is_now, states.known_now, strict=True) if known and label == name
        ]
        assert (sums.before, sums.now) == (sum(map(int, before)), sum(map(int, now)))
        assert (sums.customers_before, sums.customers_now) == (len(before), len(now))
        assert whole(sums) == sums.now
    assert sum(sums.now for sums in segments.values()) == bridge.total().now
    assert sum(sums.moved_in + sums.moved_out for sums in segments.values()) == 0
    for part in PARTS:
        assert sum(sums.parts[part] for sums in segments.values()) == bridge.total().parts[part]


def states(**values: list[int]) -> States:
    """States of a few customers: all in both releases, each state as the one before it unless it is given."""
    count = len(next(iter(values.values())))
    told: dict[str, np.ndarray] = {}
    earlier = np.zeros(count, np.int64)
    for name in ("before", "own_before", *CHAIN, "own_now", "now"):
        earlier = told[name] = np.array(values.get(name, earlier), np.int64)
    both = np.ones(count, np.bool_)
    return States(pa.array([f"c{number}" for number in range(count)]), both, both, **told)


@pytest.mark.parametrize(
    ("state", "part"),
    [
        ("told_again", "corrections"),
        ("aged", "silence"),
        ("bought", "purchases"),
        ("seen_anew", "refunds"),
        ("own_now", "model_change"),
        ("now", "overrides"),
    ],
)
def test_each_step_of_the_chain_is_one_part(state: str, part: str) -> None:
    parts = bridge_of(states(before=[10_000], **{state: [12_500]})).total().parts
    assert parts == dict.fromkeys(PARTS, 0) | {part: 2_500}


def test_what_a_model_says_otherwise_once_it_was_read_back_is_no_correction() -> None:
    parts = bridge_of(states(before=[10_000], reread=[9_999], own_now=[10_000])).total().parts
    assert parts == dict.fromkeys(PARTS, 0)


def test_an_override_that_was_and_one_that_is_count_beside_the_models_own_values() -> None:
    told = states(before=[30_000, 10_000], own_before=[20_000, 10_000], now=[20_000, 15_000])
    told = replace(told, own_now=np.array([20_000, 12_000]))
    parts = bridge_of(told).parts
    assert parts[:, PARTS.index("overrides")].tolist() == [-10_000, 3_000]
    assert parts[:, PARTS.index("model_change")].tolist() == [0, 2_000]


def test_who_is_new_is_new_whole_and_who_is_gone_was_a_correction() -> None:
    told = states(before=[0, 70_000], now=[50_000, 0])
    told = replace(told, known_before=np.array([False, True]), known_now=np.array([True, False]))
    told = replace(told, own_now=told.now)
    bridge = bridge_of(told)
    assert bridge.of("c0").parts == dict.fromkeys(PARTS, 0) | {"new": 50_000}
    assert bridge.of("c1").parts == dict.fromkeys(PARTS, 0) | {"corrections": -70_000}
    segments = bridge.by(pa.array(["?", "low"]), pa.array(["high", "?"]))
    assert segments.keys() == {"high", "low"}
    assert (segments["low"].before, segments["low"].now, segments["low"].customers_now) == (70_000, 0, 0)


def test_where_only_the_ends_are_known_all_between_is_one_part() -> None:
    bridge = undivided_bridge(states(before=[1, 2], own_before=[1, 1], own_now=[5, 5]), "the model is a plugin")
    assert bridge.undivided == "the model is a plugin"
    assert bridge.total().parts == dict.fromkeys(PARTS, 0) | {"model_change": 8, "overrides": -1}


def test_the_table_holds_money_digit_for_digit() -> None:
    rows = bridge_of(states(before=[-412_001_500, 1], now=[10**17 + 1, 0])).table()
    assert rows.schema.equals(BRIDGE)
    first, second = rows.to_pylist()
    assert (first["value_before"], first["value_now"]) == (Decimal("-41200.1500"), Decimal("10000000000000.0001"))
    assert second["value_before"] == Decimal("0.0001")
    assert first["value_before"] + sum(first[part] for part in PARTS) == first["value_now"]


def test_sums_survive_as_text() -> None:
    for sums in (
        *bridge_of(pair(3, 40).states).by(*pair(3, 40).labels).values(),
        bridge_of(pair(4, 40).states).total(),
    ):
        assert Sums.from_dict(sums.to_dict()) == sums
    assert [as_text(amount) for amount in (0, -1, 412_001_500)] == ["0.0000", "-0.0001", "41200.1500"]
    assert from_text("-41200.1500") == -412_001_500


def test_sums_beyond_64_bits_stay_exact() -> None:
    amounts = np.full((40, 2), [10**18 - 1, -(10**18) + 1])
    assert exact_sums(amounts, np.zeros(40, np.int64), 1) == [[40 * (10**18 - 1), -40 * (10**18 - 1)]]


def test_values_are_counted_as_they_are_published() -> None:
    published = np.round(np.random.default_rng(1).normal(size=10_000) * 1e7, 4)
    assert ten_thousandths(published).tolist() == [int(Decimal(f"{v:.4f}").scaleb(4)) for v in published]
    with pytest.raises(DataError, match="cannot be counted"):
        ten_thousandths(np.array([1.0, np.nan]))
    with pytest.raises(DataError, match="cannot be counted"):
        ten_thousandths(np.array([1e14]))


def test_a_customer_of_neither_release_is_refused_by_name() -> None:
    with pytest.raises(UnknownName, match="nobody"):
        bridge_of(states(before=[1])).of("nobody")


def test_states_of_unequal_length_are_refused() -> None:
    with pytest.raises(DataError, match="'aged' has 2 values for 1 customers"):
        replace(states(before=[1]), aged=np.array([1, 2]))
