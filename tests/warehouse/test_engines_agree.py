"""Every engine gives the same answers: counts, days, money and words to the letter, floats at 1e-9."""

from __future__ import annotations

import pyarrow as pa
import pytest

from warehouse.answered import WHICH, WORLDS, answers_of, differences, digests
from warehouse.engine_digests import DOCUMENT, document
from warehouse.engines import ENGINES
from warehouse.worlds import world_of

OTHERS = [name for name in ENGINES if name != "duckdb"]
pytestmark = pytest.mark.engines


@pytest.mark.parametrize("which", WHICH)
@pytest.mark.parametrize("engine", OTHERS)
def test_an_engine_answers_as_duckdb_does(engine: str, which: str) -> None:
    mine, theirs = answers_of("duckdb", which), answers_of(engine, which)
    assert mine.keys() == theirs.keys()
    assert {name: found for name in mine if (found := differences(mine[name], theirs[name]))} == {}


def test_the_generated_worlds_are_as_many_as_we_say_and_none_is_empty_or_like_another() -> None:
    told = answers_of("duckdb", "generated")
    scores = told["scores"]
    of_world: dict[int, list[float]] = {}
    for name, value in zip(scores["customer_id"].to_pylist(), scores["expected_value"].to_pylist(), strict=True):
        of_world.setdefault(world_of(name), []).append(value)
    assert len(of_world) == WORLDS
    assert min(len(values) for values in of_world.values()) >= 20
    assert len({tuple(values) for values in of_world.values()}) == WORLDS


def test_every_answer_has_something_to_say() -> None:
    for which in WHICH:
        silent = {kind for kind, (rows, _) in digests(answers_of("duckdb", which)).items() if not rows}
        # The golden world is too small to hold every oddity.
        assert {kind for kind in silent if which == "generated" or not kind.startswith(("flag", "nobody"))} == set()
    told = answers_of("duckdb", "generated")
    assert set(told["fates by id"]["fate"].to_pylist()) == {"fresh", "duplicate", "correction", "conflict"}
    assert len(set(told["verdicts"]["reason"].to_pylist())) == 6


def test_a_difference_in_the_last_digit_of_money_or_the_tenth_of_a_float_is_found() -> None:
    cents = pa.array([1, 2], pa.int64())
    assert differences(pa.table({"n": cents}), pa.table({"n": pa.array([1, 3], pa.int64())}))
    assert differences(pa.table({"x": [1.0]}), pa.table({"x": [1.00000001]}))
    assert not differences(pa.table({"x": [1.0, float("nan")]}), pa.table({"x": [1.0 + 1e-12, float("nan")]}))


def test_the_documented_digests_are_todays() -> None:
    assert DOCUMENT.read_text("utf-8") == document(), (
        "Write docs/engines.md anew: python tests/warehouse/engine_digests.py"
    )
