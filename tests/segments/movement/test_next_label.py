"""The next label is learnt from past days, and held against persistence on a later one."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from patron.models.customers import Customers
from patron.segments.movement.next_label import NextLabel, Step, learn_next_label, measure_foresight
from patron.segments.movement.outlook import NEEDED, Outlook
from patron.segments.tiers import TIERS, tier_thresholds
from patron.settings import SegmentSettings
from segments.made_customers import HORIZON, TODAY, made_columns


def step(seed: int, count: int = 1_500, *, falls: bool = True) -> Step:
    """A day on which who has long been silent brings next to nothing after it, and others what they brought."""
    columns = made_columns(count, seed)
    brought = columns["trailing_value"]
    silent = columns["days_since_last_purchase"] > 90
    rng = np.random.default_rng(seed)
    future = np.where(silent, 0.01, 1.0) * brought if falls else brought * rng.lognormal(0, 0.01, count)
    customers = Customers(TODAY, np.arange(count), columns)
    thresholds = tier_thresholds(brought, SegmentSettings())
    outlook = Outlook.of(customers, HORIZON, thresholds.high or 0.0)
    return Step(customers, outlook, thresholds.places(brought), thresholds.places(future), np.maximum(brought, future))


@pytest.fixture(scope="module")
def learnt() -> NextLabel:
    found = learn_next_label([step(1), step(2)], TIERS, 7)
    assert found is not None
    return found


def test_what_repeats_from_day_to_day_beats_persistence_on_a_later_one(learnt: NextLabel) -> None:
    told = measure_foresight(learnt, step(3))
    assert told.beats_persistence
    assert told.accuracy > told.persistence + 0.1
    assert told.money_accuracy > told.money_persistence + 0.1


def test_where_nothing_changes_persistence_is_not_beaten() -> None:
    still = learn_next_label([step(1, falls=False)], TIERS, 7)
    assert still is not None
    told = measure_foresight(still, step(3, falls=False))
    assert told.persistence > 0.97
    assert not told.beats_persistence


def test_the_chances_of_a_customer_add_up_and_do_not_hang_on_the_others(learnt: NextLabel) -> None:
    some = step(4, 300)
    chances = learnt.chances(some.outlook, some.customers, some.now)
    assert chances.sum(axis=1) == pytest.approx(np.ones(300), abs=1e-5)
    few = np.arange(40, 70)
    alone = learnt.chances(some.outlook, some.customers.rows(few), some.now[few])
    assert (alone == chances[few]).all()


def test_chances_add_up_to_the_customers_who_carried_each_label(learnt: NextLabel) -> None:
    lessons = [step(1), step(2)]
    chances = sum(learnt.chances(one.outlook, one.customers, one.now).sum(axis=0) for one in lessons)
    carried = sum(np.bincount(one.later, minlength=len(TIERS)) for one in lessons)
    assert chances == pytest.approx(carried, abs=3.0)
    votes = NextLabel(learnt.labels, learnt.booster, np.ones(len(TIERS)))
    voted = sum(votes.chances(one.outlook, one.customers, one.now).sum(axis=0) for one in lessons)
    assert np.abs(voted - carried).max() > 10, "votes count customers by their money"


def test_factors_change_chances_and_not_the_likeliest_label(learnt: NextLabel) -> None:
    some = step(4, 300)
    votes = NextLabel(learnt.labels, learnt.booster, np.ones(len(TIERS)))
    likeliest, chances = votes.told(some.outlook, some.customers, some.now)
    assert (likeliest == chances.argmax(axis=1)).all()
    assert (learnt.told(some.outlook, some.customers, some.now)[0] == likeliest).all()


def test_the_same_lessons_teach_the_same_also_after_a_journey(learnt: NextLabel) -> None:
    some = step(4, 300)
    again = learn_next_label([step(1), step(2)], TIERS, 7)
    assert again is not None
    there: NextLabel = pickle.loads(pickle.dumps(learnt))  # noqa: S301 - our own, made in the line
    chances = learnt.chances(some.outlook, some.customers, some.now)
    for other in (again, there):
        assert (other.chances(some.outlook, some.customers, some.now) == chances).all()


def test_too_few_customers_or_one_label_teach_nothing() -> None:
    assert learn_next_label([], TIERS, 7) is None
    assert learn_next_label([step(1, 30)], TIERS, 7) is None
    some = step(1, 100)
    alike = Step(some.customers, some.outlook, some.now, np.zeros(100, dtype=np.int64), some.money)
    assert learn_next_label([alike], TIERS, 7) is None


def test_an_outlook_reads_what_it_says_it_reads() -> None:
    columns = made_columns(100, 9)
    customers = Customers(TODAY, np.arange(100), {name: columns[name] for name in NEEDED})
    assert np.isfinite(Outlook.of(customers, HORIZON, 100.0).inputs(customers)).all()
