from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import pytest

from models.simulated_customers import history, shop, window
from patron.errors import DataError, UsageError
from patron.models.customers import FittedValueModel, History
from patron.models.valuing import forest as forest_file
from patron.models.valuing import stored
from patron.models.valuing.hybrid import Hybrid
from patron.models.valuing.installed import value_models
from patron.models.valuing.process_value import BGNBDValue, FittedProcessValue
from patron.models.valuing.search import TunedBoosting
from patron.models.valuing.stored import READABLE, read_model

NOW, HORIZON = 380, 120
HISTORY = history(shop(1000), NOW, HORIZON)
UNSEEN = window(shop(800, seed=99), NOW, HORIZON).customers
# Taught over 60 days, asked over 120: what is told grows.
SHORT = history(shop(1000), NOW, 60)
FARTHER = History(
    HISTORY.now, tuple(type(one)(one.customers, one.future_value, one.future_orders, 60) for one in SHORT.windows), 120
)
BUILT_IN = sorted(READABLE)


@pytest.fixture(scope="module")
def fitted() -> dict[str, FittedValueModel]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forest_file, "TREES", 10)
        quick = {**value_models(), "tuned_boosting": TunedBoosting(most_trials=2)}
        return {name: quick[name].fit(HISTORY, 7) for name in BUILT_IN}


def same_bits(one: FittedValueModel, other: FittedValueModel) -> None:
    told, again = one.predict(UNSEEN), other.predict(UNSEEN)
    for field in fields(told):
        assert getattr(told, field.name).tobytes() == getattr(again, field.name).tobytes(), field.name


def test_every_model_that_is_built_in_can_be_read() -> None:
    assert set(BUILT_IN) == set(value_models())


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_model_read_back_predicts_the_same_bits(name: str, fitted: dict[str, FittedValueModel]) -> None:
    files = fitted[name].artifacts()
    again = read_model(files)
    assert type(again) is type(fitted[name])
    same_bits(fitted[name], again)
    same_bits(fitted[name], read_model(files, name, HORIZON))
    assert again.artifacts() == files


@pytest.mark.parametrize("name", ["boosting", "corrected", "tweedie", "hybrid", "blend"])
def test_what_was_learnt_over_fewer_days_grows_as_before(name: str) -> None:
    made = value_models()[name].fit(FARTHER, 7)
    facts = json.loads(made.artifacts()["boosting.json" if name in ("hybrid", "blend") else f"{name}.json"])
    assert facts["growth"] > 1.2
    same_bits(made, read_model(made.artifacts()))


def test_a_hybrid_of_too_few_is_read_as_what_it_then_is() -> None:
    thin = History(HISTORY.now, (HISTORY.windows[0].rows(np.arange(40)),), HORIZON)
    made = Hybrid().fit(thin, 7)
    again = read_model(made.artifacts(), "hybrid")
    assert isinstance(again, FittedProcessValue)
    same_bits(made, again)


@pytest.mark.parametrize("name", ["boosting", "blend", "cohort_mean"])
def test_files_of_an_earlier_version_are_read_with_the_horizon(name: str, fitted: dict[str, FittedValueModel]) -> None:
    files = {file: body for file, body in fitted[name].artifacts().items() if file != "blend.json"}
    for file in ("boosting.json", "cohort_mean.json"):
        if file in files:
            facts = json.loads(files[file])
            files[file] = json.dumps({k: v for k, v in facts.items() if k not in ("growth", "horizon_days")}).encode()
    with pytest.raises(DataError, match="horizon_days' is missing"):
        read_model(files, name)
    same_bits(fitted[name], read_model(files, name, HORIZON))


def test_a_damaged_file_is_told_with_the_name_of_its_model(fitted: dict[str, FittedValueModel]) -> None:
    for name in BUILT_IN:
        files = fitted[name].artifacts()
        for file in files:
            # What is left without its mark is another model's, or none.
            for harmed in ({**files, file: files[file][: len(files[file]) // 2]}, {**files, file: b""}):
                with pytest.raises(DataError, match=f"The stored {name} model cannot be read"):
                    read_model(harmed)
            left = {one: body for one, body in files.items() if one != file}
            if file != "blend.json":
                with pytest.raises(DataError):
                    read_model(left, name)


def test_another_models_files_are_not_taken_for_the_named_one(fitted: dict[str, FittedValueModel]) -> None:
    with pytest.raises(
        DataError, match="stored tuned_boosting model cannot be read: these are the files of a boosting"
    ):
        read_model(fitted["boosting"].artifacts(), "tuned_boosting")


def test_files_that_are_no_models_are_refused() -> None:
    with pytest.raises(DataError, match="there are none"):
        read_model({})
    with pytest.raises(DataError, match="No value model is kept in these files: notes.json"):
        read_model({"notes.json": b"{}"})


def test_a_file_too_many_is_not_overlooked(fitted: dict[str, FittedValueModel]) -> None:
    with pytest.raises(DataError, match="'mine.json'"):
        read_model({**fitted["bg_nbd"].artifacts(), "mine.json": b"{}"})


@dataclass(frozen=True)
class Plugin(BGNBDValue):
    name: str = "crystal_ball"


@dataclass(frozen=True)
class ReadablePlugin(Plugin):
    def read(self, artifacts: Mapping[str, bytes]) -> FittedValueModel:
        return FittedProcessValue.from_artifacts(artifacts, "bg_nbd")


def test_an_installed_model_reads_itself_or_is_refused_by_name(
    fitted: dict[str, FittedValueModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fitted["bg_nbd"].artifacts()
    with pytest.raises(UsageError, match=r"'crystal_ball' cannot be read back.*Install the package"):
        read_model(files, "crystal_ball")
    monkeypatch.setattr(stored, "value_models", lambda: {"crystal_ball": Plugin()})
    with pytest.raises(UsageError, match=r"'crystal_ball' cannot be read back.*method read"):
        read_model(files, "crystal_ball")
    monkeypatch.setattr(stored, "value_models", lambda: {"crystal_ball": ReadablePlugin()})
    same_bits(fitted["bg_nbd"], read_model(files, "crystal_ball"))
