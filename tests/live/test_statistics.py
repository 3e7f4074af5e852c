"""Statistics that events move: whatever the order, as if all had been known from the beginning."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from patron.live.statistics import Known, Moved, statistics, with_moves

moves = st.builds(
    Moved,
    day=st.integers(20_000, 20_040),
    order=st.sampled_from("abcdefgh"),
    value=st.integers(1, 500_000),
    is_purchase=st.just(True),
)
refunds = st.builds(
    Moved,
    day=st.integers(20_000, 20_040),
    order=st.just("-"),
    value=st.integers(-500_000, 0),
    is_purchase=st.just(False),
)
histories = st.lists(moves | refunds, min_size=1, max_size=30)


def counted_by_hand(history: list[Moved], as_of_day: int) -> tuple[object, ...]:
    """x, t_x, T, mean spend and sums, by going through the whole history."""
    bought = [move for move in history if move.is_purchase]
    days = sorted({move.day for move in bought})
    first = days[0] if days else min(move.day for move in history)
    last = days[-1] if days else first
    repeat = sum(move.value for move in bought if move.day > first)
    x = max(len(days) - 1, 0)
    mean = repeat / 10_000 / x if x else 0.0
    return (
        x,
        last - first,
        as_of_day - first,
        mean,
        len(days),
        sum(m.value for m in bought) / 1e4,
        sum(m.value for m in history) / 1e4,
    )


def told(known: Known, as_of_day: int) -> tuple[object, ...]:
    found = statistics(known, as_of_day)
    return (
        found.frequency, found.recency, found.T, found.monetary_value, found.purchase_days, found.gross_value,
        found.historic_value,
    )  # fmt: skip


@given(histories, st.data())
def test_a_history_told_in_parts_and_in_any_order_is_the_history(history: list[Moved], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(history))
    cut = data.draw(st.integers(0, len(history)))
    before = with_moves(None, shuffled[:cut]) if cut else None
    known = with_moves(before, shuffled[cut:]) if cut < len(history) else before
    assert known is not None
    assert told(known, 20_050) == counted_by_hand(history, 20_050)


def test_a_purchase_before_the_first_makes_the_first_a_repeat() -> None:
    known = with_moves(None, [Moved(20_010, "a", 100_000, is_purchase=True)])
    earlier = with_moves(known, [Moved(20_000, "b", 70_000, is_purchase=True)])
    found = statistics(earlier, 20_020)
    assert (found.frequency, found.recency, found.T, found.monetary_value) == (1, 10, 20, 10.0)


def test_orders_are_counted_once_and_refunds_are_none() -> None:
    lines = [
        Moved(20_000, "a", 1, is_purchase=True),
        Moved(20_000, "a", 2, is_purchase=True),
        Moved(20_001, "r", -1, is_purchase=False),
    ]
    assert with_moves(None, lines).orders == 1


def test_who_only_got_money_back_never_bought() -> None:
    found = statistics(with_moves(None, [Moved(20_000, "r", -50_000, is_purchase=False)]), 20_030)
    assert (found.frequency, found.recency, found.T, found.purchase_days, found.historic_value) == (0, 0, 30, 0, -5.0)


def test_the_mean_spend_is_the_nearest_float_to_the_exact_one() -> None:
    known = with_moves(None, [Moved(20_000 + day, f"{day}", 333_333, is_purchase=True) for day in range(8)])
    assert abs(Fraction(statistics(known, 20_050).monetary_value) - Fraction(333_333, 10_000)) < Fraction(1, 10**13)
