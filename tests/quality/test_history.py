"""What is usual is learnt from the past, widened by it, and never tighter than chance allows."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from patron.quality.history import shift, stability_index, usual_count, usual_days, usual_share


def test_nothing_is_usual_before_there_are_five_batches() -> None:
    assert usual_count([100, 110, 90, 105]) is None
    assert usual_count([100, 110, 90, 105, 95]) is not None


def test_half_and_double_are_outside_what_a_calm_feed_allows() -> None:
    usual = usual_count([5000, 5200, 4900, 5100, 5050, 4950])
    assert usual
    assert usual.least > 2500
    assert usual.most < 10_000


def test_a_swing_that_was_seen_before_is_allowed() -> None:
    calm, swinging = usual_count([1000] * 10), usual_count([1000, 1000, 3000, 1000, 1000] * 2)
    assert calm
    assert swinging
    assert swinging.most > 3000 > calm.most


def test_a_weekly_rhythm_is_followed_by_daily_files() -> None:
    week = [1000, 1000, 1000, 1000, 1200, 1400, 200]
    usual = usual_count(week * 6 + week[:6])
    assert usual
    assert usual.expected == pytest.approx(200)
    assert usual.most < 1000


def test_few_rows_leave_more_to_chance() -> None:
    few, many = usual_count([20] * 8), usual_count([20_000] * 8)
    assert few
    assert many
    assert few.most / 20 > many.most / 20_000


def test_the_stability_index_of_two_halves_is_the_textbooks() -> None:
    one, other = {"a": 5000, "b": 5000}, {"a": 8000, "b": 2000}
    told = (0.5 - 0.8) * np.log(0.5 / 0.8) + (0.5 - 0.2) * np.log(0.5 / 0.2)
    assert stability_index(one, other) == pytest.approx(told, rel=1e-3)


@pytest.mark.parametrize("rows", [100, 300, 1000])
def test_batches_of_one_distribution_never_count_as_shifted(rows: int) -> None:
    """An index above 0.1 fires without any shift at a hundred rows; the bound that knows chance does not."""
    rng = np.random.default_rng(rows)
    chances = rng.dirichlet(np.ones(12))
    draws = [dict(enumerate(rng.multinomial(rows, chances).tolist())) for _ in range(400)]
    batches = [{str(name): count for name, count in draw.items()} for draw in draws]
    fired = 0
    for place in range(8, len(batches)):
        found = shift(batches[place], batches[place - 8 : place])
        assert found
        fired += found.index > found.allowed
    assert fired == 0


def test_a_distribution_moved_by_a_standard_deviation_is_shifted() -> None:
    rng = np.random.default_rng(4)

    def batch(centre: float) -> dict[str, int]:
        return dict(Counter(str(int(value)) for value in np.floor(rng.normal(centre, 2, 800))))

    earlier = [batch(0) for _ in range(8)]
    found = shift(batch(2), earlier)
    assert found
    assert found.index > found.allowed


def test_too_few_rows_say_nothing_of_a_distribution() -> None:
    assert shift({"a": 50, "b": 40}, [{"a": 500, "b": 500}]) is None


def test_a_share_may_be_what_the_worst_batch_was_and_a_little_more() -> None:
    most = usual_share([(10, 1000), (20, 1000), (15, 1000)], 1000)
    assert most
    assert 0.07 < most < 0.1
    assert usual_share([(10, 1000)], 1000) is None


def test_days_may_be_missing_only_where_they_always_were() -> None:
    assert usual_days([(28, 28, 900)] * 4, 28, 900) == 25
    assert usual_days([(20, 28, 900)] * 4, 28, 900) == 17
    assert usual_days([(28, 28, 20)] * 4, 28, 20) is None
