"""The doctor is right on a library of worlds: it finds what is there, and raises no other alarm."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
import pytest

from patron.errors import UsageError
from patron.models.validation import gate
from patron.quality.doctor import enough
from patron.quality.doctor.diagnosis import Diagnosis, diagnose
from quality.doctor_library import PLAIN, WORLDS, World
from quality.doctor_worlds import Orders, portrait_of, simulate

MODELS = ("bg_nbd", "pareto_nbd", "boosting", "hybrid")
Examined = Callable[[str], Diagnosis]


def examine(orders: Orders, wanted: int | None = None, **more: int) -> Diagnosis:
    return diagnose(portrait_of(orders, **more), wanted, MODELS)


@pytest.fixture(scope="module")
def examined() -> Examined:
    """Each world's diagnosis at seed 1, made once."""
    kept: dict[str, Diagnosis] = {}

    def diagnosis(name: str) -> Diagnosis:
        if name not in kept:
            kept[name] = examine(WORLDS[name].make(1))
        return kept[name]

    return diagnosis


def faults(world: World, diagnosis: Diagnosis) -> list[str]:
    """What the diagnosis misses, and what it claims beyond the truth."""
    found = {finding.id: finding.verdict for finding in diagnosis.findings if finding.found}
    open_questions = {finding.id for finding in diagnosis.findings if not finding.told}
    missed = [f"missed {name}: {found.get(name)}" for name in world.found if found.get(name) != world.found[name]]
    alarms = [f"false alarm {name}: {found[name]}" for name in found if name not in {*world.found, *world.may}]
    untold = [f"should not be told: {name}" for name in world.untold - open_questions]
    wrong = [] if diagnosis.fit == world.fit else [f"says '{diagnosis.fit}', not '{world.fit}'"]
    wrong += [] if diagnosis.family == world.family else [f"suggests {diagnosis.family}, not {world.family}"]
    return [*missed, *alarms, *untold, *wrong]


def test_the_library_holds_at_least_twenty_worlds_and_every_conclusion() -> None:
    assert len(WORLDS) >= 20
    assert {world.fit for world in WORLDS.values()} == {"fits", "fits with care", "not yet"}
    assert {world.family for world in WORLDS.values()} == {"rules", "survival", "boosting", "pareto_nbd", "bg_nbd"}


@pytest.mark.parametrize("name", WORLDS)
def test_the_doctor_finds_what_is_there_and_nothing_else_in(name: str, examined: Examined) -> None:
    assert faults(WORLDS[name], examined(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
@pytest.mark.parametrize("name", WORLDS)
def test_being_right_is_no_luck_of_the_seed_in(name: str, seed: int) -> None:
    assert faults(WORLDS[name], examine(WORLDS[name].make(seed))) == []


def test_every_world_makes_some_question_speak(examined: Examined) -> None:
    """No question of the doctor is idle: each finds something in some world."""
    spoken = {finding.id for name in WORLDS for finding in examined(name).findings if finding.found}
    asked = {finding.id for name in WORLDS for finding in examined(name).findings}
    assert asked - spoken == {"horizon"}  # which speaks up when too long a one is asked for, below


def test_whatever_is_not_good_says_what_it_means_and_what_to_do(examined: Examined) -> None:
    for name in WORLDS:
        for finding in examined(name).findings:
            assert finding.headline
            assert all(math.isfinite(measure.value) for measure in finding.measures)
            if finding.found:
                assert finding.meaning.endswith(".")
                assert finding.to_do.endswith(".")
                assert finding.measures


def test_a_diagnosis_is_plain_data_and_plain_words(examined: Examined) -> None:
    diagnosis = examined("few giants among small buyers")
    assert json.loads(json.dumps(asdict(diagnosis), allow_nan=False))["fit"] == "fits with care"
    assert "Large customers" in str(diagnosis)
    assert diagnosis.sentence.startswith("Fits with care: ")
    assert "mind large customers" in diagnosis.sentence
    assert examined("too few customers").sentence.startswith("Not yet: there are too few customers")
    assert diagnosis.finding("season") is not None
    assert diagnosis.finding("nonsense") is None


def test_suggested_settings_name_installed_models_and_the_provable_horizon(examined: Examined) -> None:
    assert examined("a plain shop (BG/NBD)").settings == (
        "[value]", 'horizon = "270 days"', "[models]", 'candidates = ["bg_nbd", "pareto_nbd", "boosting", "hybrid"]',
    )  # fmt: skip
    assert examined("too young").settings == ()


def test_a_model_that_needs_examples_is_not_suggested_where_there_are_few() -> None:
    assert examine(simulate(replace(PLAIN, customers=600), 1)).settings[-1] == 'candidates = ["bg_nbd", "pareto_nbd"]'


def test_a_horizon_beyond_what_history_proves_is_warned_of() -> None:
    orders = simulate(PLAIN, 1)
    finding = examine(orders, 365).finding("horizon")
    assert finding is not None
    assert finding.verdict == "warning"
    assert "270 days" in finding.to_do
    fine = examine(orders, 270).finding("horizon")
    assert fine is not None
    assert fine.verdict == "good"


def test_cents_for_euros_throughout_change_nothing(examined: Examined) -> None:
    euros, cents = examined("a plain shop (BG/NBD)"), examined("a plain shop with all amounts in cents")
    assert [(f.id, f.verdict) for f in euros.findings] == [(f.id, f.verdict) for f in cents.findings]
    for one, other in zip(euros.findings, cents.findings, strict=True):
        if one.id != "giant_orders":
            assert [m.value for m in one.measures] == pytest.approx(
                [m.value for m in other.measures], rel=1e-6, abs=1e-9
            )


def test_other_names_and_another_order_of_rows_change_no_verdict() -> None:
    orders = simulate(PLAIN, 1)
    rng = np.random.default_rng(5)
    rows, names = rng.permutation(len(orders.day)), rng.permutation(PLAIN.customers)
    moved = Orders(names[orders.customer[rows]], orders.day[rows], orders.amount[rows], orders.refund[rows])
    one, other = examine(orders), examine(moved)
    assert [(f.id, f.verdict, f.headline) for f in one.findings] == [
        (f.id, f.verdict, f.headline) for f in other.findings
    ]


def test_one_thread_and_two_say_the_same_to_the_last_bit() -> None:
    orders = WORLDS["firms and private persons"].make(1)
    assert examine(orders, threads=1) == examine(orders, threads=2)


def test_rows_after_the_day_asked_about_are_not_seen() -> None:
    orders = simulate(PLAIN, 1)
    cutoff = int(orders.day.max()) - 200
    seen = orders.day <= cutoff
    until = Orders(orders.customer[seen], orders.day[seen], orders.amount[seen], orders.refund[seen])
    assert examine(orders, last_day=cutoff) == examine(until, last_day=cutoff)


def test_a_history_without_a_purchase_is_refused_in_words() -> None:
    orders = simulate(replace(PLAIN, customers=5), 1)
    with pytest.raises(UsageError, match=r"Nobody is known to have bought anything by .* as_of"):
        portrait_of(orders, last_day=int(orders.day.min()) - 1)


def test_enough_means_the_same_to_the_doctor_and_to_the_gate() -> None:
    assert enough.FEWEST_CUSTOMERS == gate.FEWEST_CUSTOMERS
    assert enough.FEWEST_REPEAT_BUYERS == gate.FEWEST_REPEAT_BUYERS
