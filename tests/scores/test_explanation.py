from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.simulated_customers import history, shop
from patron.errors import DataError, NothingThere
from patron.features.catalogue import FEATURES
from patron.models.customers import Customers, FittedValueModel
from patron.models.explaining.explain import explain
from patron.models.explaining.shapley import MOST_PLAYERS
from patron.models.explaining.typical import typical_customer
from patron.models.valuing.installed import value_models
from patron.models.valuing.teaching import EXPECTED, PACES
from patron.periods import day_number, day_of
from patron.releases.contents import Release
from patron.releases.manifest import Manifest
from patron.scores.explanation import (
    GROUPS,
    MOST_CUSTOMERS,
    ScorePart,
    explain_customer,
    explain_release,
    figure_in_words,
    global_drivers,
    reader_words,
    told_of,
)

NOW, HORIZON = 380, 120
HISTORY = history(shop(900), NOW, HORIZON)
TYPICAL = typical_customer(HISTORY.now)


@pytest.fixture(scope="module", params=["boosting", "hybrid", "bg_nbd", "random_forest"])
def fitted(request: pytest.FixtureRequest) -> FittedValueModel:
    return value_models()[request.param].fit(HISTORY, 7)


@pytest.fixture(scope="module")
def boosting() -> FittedValueModel:
    return value_models()["boosting"].fit(HISTORY, 7)


def highest(fitted: FittedValueModel) -> Customers:
    return HISTORY.now.rows(np.argsort(-fitted.predict(HISTORY.now).expected_value)[:1])


def test_what_is_told_of_a_customer_adds_up(fitted: FittedValueModel) -> None:
    told = explain_customer(fitted, highest(fitted), TYPICAL)
    assert told.base + sum(part.amount for part in (*told.up, *told.down)) + told.rest == pytest.approx(told.score)
    assert told.score == pytest.approx(float(fitted.predict(highest(fitted)).expected_value[0]), abs=1e-6)
    assert [part.amount for part in told.up] == sorted((part.amount for part in told.up), reverse=True)
    assert all(part.amount < 0 for part in told.down)
    assert told.up
    assert len(told.up) <= 4


def test_no_sentence_names_a_column(fitted: FittedValueModel) -> None:
    told = explain_customer(fitted, highest(fitted), TYPICAL, most=20)
    drivers = global_drivers(fitted, HISTORY.now.rows(np.arange(50)), TYPICAL, most=60)
    for sentence in [*told.sentences("EUR"), *(driver.sentence("EUR") for driver in drivers)]:
        assert "_" not in sentence
    assert json.loads(json.dumps(told.to_dict()))["customer_id"] == told.customer_id
    assert json.loads(json.dumps([driver.to_dict() for driver in drivers]))[0]["mean_size"] == drivers[0].mean_size


def test_every_name_that_an_explanation_can_have_has_words() -> None:
    names = [*(feature.name for feature in FEATURES), *PACES, *EXPECTED, *GROUPS, "other", "refund_share"]
    for name in names:
        words = reader_words(name)
        assert not re.search(r"[_0-9]d\b|_", words.noun + words.high + words.low), name
        assert name in GROUPS or words.noun != name.replace("_", " ") or name == "reviews"


def test_groups_hold_every_feature_once_and_are_few_enough() -> None:
    held = [name for names in GROUPS.values() for name in names]
    assert sorted(held) == sorted({feature.name for feature in FEATURES})
    assert len(GROUPS) == 8 < MOST_PLAYERS


def test_a_part_is_told_with_the_money_and_both_figures() -> None:
    part = ScorePart("value_90d", "money spent in the last 90 days", 120.4, "310", "80")
    assert part.sentence("EUR") == "+€120: the money spent in the last 90 days (310, typical customer 80)"
    assert replace(part, amount=-3.5, value="").sentence() == "−3.50: the money spent in the last 90 days"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("value_90d", 1310.4, "1,310"),
        ("refund_share", 0.123, "12%"),
        ("T", 1.0, "1 day"),
        ("T", 1234.0, "1,234 days"),
        ("first_day", float(day_number(day_of(0).replace(year=2011, month=3, day=1))), "1 March 2011"),
        ("acquisition_month", 41.0 * 12 + 2, "March 2011"),
        ("acquisition_season", 3.0, "March"),
        ("gap_ratio", 1.26, "1.3"),
        ("orders", 12.0, "12"),
        ("mean_gap", float("nan"), "unknown"),
    ],
)
def test_figures_are_told_as_people_read_them(name: str, value: float, words: str) -> None:
    assert figure_in_words(name, value) == words


def test_who_never_came_back_has_no_return_visit_to_tell_of(boosting: FittedValueModel) -> None:
    once = HISTORY.now.rows(np.flatnonzero(HISTORY.now.column("frequency") == 0)[:1])
    made = explain(boosting, once, TYPICAL)
    told = told_of(made, 0, once, TYPICAL, most=30)
    spent = [part for part in (*told.up, *told.down) if part.feature == "monetary_value"]
    assert all(part.value == "no return visit" for part in spent)


def test_global_drivers_are_the_mean_sizes_of_the_parts(boosting: FittedValueModel) -> None:
    drivers = global_drivers(boosting, HISTORY.now, TYPICAL, most=99)
    sizes = explain(boosting, HISTORY.now, TYPICAL).importance()
    assert [driver.feature for driver in drivers] == [name for name, size in sizes.items() if size > 0]
    assert drivers[0].mean_size == pytest.approx(max(sizes.values()))
    assert sum(driver.share for driver in drivers) == pytest.approx(1)
    money = next(driver for driver in drivers if driver.feature == "monetary_value")
    assert money.direction == "up"
    assert money.sentence("EUR").startswith(
        "Customers who spend a lot when they come back are expected to bring more ("
    )


def test_global_drivers_ask_about_two_thousand_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    model = value_models()["trailing_value"].fit(HISTORY, 7)
    many = HISTORY.now.rows(np.arange(6000) % len(HISTORY.now))
    asked: list[int] = []
    monkeypatch.setattr(
        "patron.scores.explanation.explain", lambda *given: asked.append(len(given[1])) or explain(*given)
    )
    assert [driver.feature for driver in global_drivers(model, many, TYPICAL)] == ["trailing_value"]
    assert asked == [MOST_CUSTOMERS]


def test_one_customer_at_a_time_is_explained(boosting: FittedValueModel) -> None:
    with pytest.raises(DataError, match="900 customers|customers were given"):
        explain_customer(boosting, HISTORY.now, TYPICAL)


@pytest.fixture
def release(tmp_path: Path, boosting: FittedValueModel) -> Release:
    """A release's folder with what an explanation reads of it."""
    now = HISTORY.now.rows(np.arange(40))
    ids = pa.array([f"c{number}" for number in now.customer_id])
    features = {"as_of_day": pa.array(np.full(len(now), NOW)), "customer_id": ids, **now.columns}
    pq.write_table(pa.table(features), tmp_path / "features.parquet")
    value = np.round(boosting.predict(now).expected_value, 4)
    pq.write_table(pa.table({"customer_id": ids, "expected_value": value}), tmp_path / "scores.parquet")
    (tmp_path / "models").mkdir()
    for name, body in boosting.artifacts().items():
        (tmp_path / "models" / name).write_bytes(body)
    manifest = Manifest("r1", "", "", "", "", "", "retail", "EUR", "1971-01-16", HORIZON, len(now), "boosting", {})
    return Release(tmp_path, manifest)


def test_a_release_is_explained_from_its_own_files(release: Release) -> None:
    made = explain_release(release)
    published = dict(zip(*release.scores().to_pydict().values(), strict=True))
    added = made.explanation.base + made.explanation.contributions.sum(axis=1)
    for name, value in zip(made.customers.customer_id, added, strict=True):
        assert value == pytest.approx(published[name], abs=1e-4)
    assert made.currency == "EUR"
    some = explain_release(release, ["c7", "c3"])
    assert list(some.customers.customer_id) == ["c3", "c7"]
    assert some.of(1).customer_id == "c7"
    assert some.of(1).base == made.of(0).base


def test_a_customer_that_a_release_does_not_have_is_named(release: Release) -> None:
    with pytest.raises(NothingThere, match="no customer 'nobody'"):
        explain_release(release, ["c3", "nobody"])


def test_scores_that_the_kept_model_does_not_give_are_not_explained_away(release: Release) -> None:
    table = release.scores()
    wrong = table["expected_value"].to_numpy() + np.where(np.arange(table.num_rows) == 5, 0.01, 0.0)
    pq.write_table(
        pa.table({"customer_id": table["customer_id"], "expected_value": wrong}), release.folder / "scores.parquet"
    )
    with pytest.raises(DataError, match=r"Customer c5 was published as .* \(1 such customers\)"):
        explain_release(release)


def test_a_release_of_nobody_is_refused(release: Release) -> None:
    pq.write_table(release.features().slice(0, 0), release.folder / "features.parquet")
    with pytest.raises(DataError, match="no customers to explain"):
        explain_release(release)
