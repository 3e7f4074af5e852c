from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from models.simulated_customers import history, shop, window
from patron.errors import DataError, UsageError
from patron.models.customers import Customers, FittedValueModel, History
from patron.models.explaining import explain as explain_file
from patron.models.explaining.explain import explain
from patron.models.explaining.explanation import Explanation
from patron.models.explaining.typical import typical_customer
from patron.models.valuing import forest as forest_file
from patron.models.valuing.hybrid import FittedHybrid
from patron.models.valuing.installed import value_models
from patron.models.valuing.search import TunedBoosting
from patron.models.valuing.smooth import FittedSmooth

NOW, HORIZON = 380, 120
HISTORY = history(shop(900), NOW, HORIZON)
UNSEEN = window(shop(500, seed=99), NOW, HORIZON).customers
TYPICAL = typical_customer(HISTORY.now)
GROUPS = {
    "habit": ("frequency", "recency", "T", "orders", "purchase_days", "days_since_last_purchase"),
    "money": ("monetary_value", "historic_value", "gross_value", "refund_value"),
    "lately": ("trailing_value", "trailing_orders"),
}
EVERY_MODEL = sorted(value_models())


@pytest.fixture(scope="module")
def fitted() -> dict[str, FittedValueModel]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forest_file, "TREES", 10)
        quick = {**value_models(), "tuned_boosting": TunedBoosting(most_trials=2)}
        return {name: quick[name].fit(HISTORY, 7) for name in EVERY_MODEL}


@pytest.fixture(scope="module")
def explanations(fitted: dict[str, FittedValueModel]) -> dict[str, Explanation]:
    return {name: explain(model, UNSEEN, TYPICAL, GROUPS) for name, model in fitted.items()}


def with_columns(customers: Customers, **columns: np.ndarray) -> Customers:
    return replace(customers, columns={**customers.columns, **columns})


@pytest.mark.parametrize("name", EVERY_MODEL)
def test_base_and_contributions_add_up_to_the_score_of_every_customer(
    name: str, fitted: dict[str, FittedValueModel], explanations: dict[str, Explanation]
) -> None:
    made, score = explanations[name], fitted[name].predict(UNSEEN).expected_value
    np.testing.assert_allclose(made.base + made.contributions.sum(axis=1), score, rtol=1e-6, atol=1e-6)
    assert np.abs(made.base + made.contributions.sum(axis=1) - score).max() < 1e-6
    np.testing.assert_array_equal(made.score, score)
    assert np.ptp(made.base) <= 1e-9 * abs(made.base[0])
    assert np.isfinite(made.contributions).all()


@pytest.mark.parametrize("name", EVERY_MODEL)
def test_before_rounding_is_made_good_little_is_open(name: str, fitted: dict[str, FittedValueModel]) -> None:
    raw = explain_file._parts(fitted[name], UNSEEN, TYPICAL, GROUPS)
    score = fitted[name].predict(UNSEEN).expected_value
    assert np.abs(raw.score - score).max() <= 5e-6 * np.abs(score).max()


@pytest.mark.parametrize("name", sorted(set(EVERY_MODEL) - {"random_forest"}))
def test_a_customer_is_explained_alike_alone_and_among_others(
    name: str, fitted: dict[str, FittedValueModel], explanations: dict[str, Explanation]
) -> None:
    few = np.array([3, 77, 200])
    alone = explain(fitted[name], UNSEEN.rows(few), TYPICAL, GROUPS)
    among = explanations[name].rows(few)
    assert alone.names == among.names
    np.testing.assert_allclose(alone.contributions, among.contributions, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", EVERY_MODEL)
def test_an_input_that_a_model_does_not_use_adds_nothing(name: str, fitted: dict[str, FittedValueModel]) -> None:
    rng = np.random.default_rng(1)
    noise = {"noise": rng.normal(size=len(UNSEEN))}
    more = with_columns(UNSEEN, **noise)
    typical = with_columns(TYPICAL, noise=np.zeros(1))
    made = explain(fitted[name], more, typical, {**GROUPS, "noise": ("noise",)})
    if "noise" in made.names:
        assert not made.contributions[:, made.names.index("noise")].any()


def test_a_feature_that_never_splits_a_tree_gets_exactly_nothing(explanations: dict[str, Explanation]) -> None:
    # Nothing is given back in this shop: the column is 0 for everybody.
    made = explanations["boosting"]
    assert not made.contributions[:, made.names.index("refund_value")].any()
    assert not explanations["bg_nbd"].contributions[:, explanations["bg_nbd"].names.index("refund_share")].any()


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd", "linear", "rfm_rate", "trailing_value"])
def test_the_typical_customer_needs_no_explanation(name: str, fitted: dict[str, FittedValueModel]) -> None:
    made = explain(fitted[name], TYPICAL, TYPICAL)
    np.testing.assert_allclose(made.contributions, 0, atol=1e-9)
    np.testing.assert_allclose(made.base, fitted[name].predict(TYPICAL).expected_value, rtol=1e-9)


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd", "blend", "hybrid", "corrected", "boosting"])
def test_more_money_on_return_visits_never_adds_less(name: str, fitted: dict[str, FittedValueModel]) -> None:
    one = UNSEEN.rows(np.flatnonzero(UNSEEN.column("frequency") >= 3)[:1])
    ladder = np.array([5.0, 20.0, 80.0, 320.0])
    rows = one.rows(np.zeros(4, dtype=int))
    spent = ladder * rows.column("frequency") + ladder
    rows = with_columns(rows, monetary_value=ladder, historic_value=spent, gross_value=spent)
    made = explain(fitted[name], rows, TYPICAL)
    added = made.contributions[:, made.names.index("monetary_value")]
    assert (np.diff(added) > 0).all()
    assert added[0] < 0 < added[-1]


def test_a_hybrid_says_of_the_young_what_processes_say(fitted: dict[str, FittedValueModel]) -> None:
    model = fitted["hybrid"]
    assert isinstance(model, FittedHybrid)
    older = replace(model, youngest=float(np.median(UNSEEN.column("T"))))
    made, score = explain(older, UNSEEN, TYPICAL), older.predict(UNSEEN).expected_value
    assert np.abs(made.base + made.contributions.sum(axis=1) - score).max() < 1e-6
    assert np.ptp(made.base) <= 1e-9 * made.base[0]
    young = UNSEEN.column("T") < older.youngest
    # Processes read behaviour only.
    lately = made.contributions[:, made.names.index("trailing_value")]
    assert not lately[young].any()
    assert lately[~young].any()


def test_clipped_sums_stay_exact(fitted: dict[str, FittedValueModel]) -> None:
    model = fitted["corrected"]
    assert isinstance(model, FittedSmooth)
    tight = replace(model, lowest=-0.01, highest=0.01)
    made, score = explain(tight, UNSEEN, TYPICAL), tight.predict(UNSEEN).expected_value
    assert np.abs(made.base + made.contributions.sum(axis=1) - score).max() < 1e-6


def test_what_was_learnt_over_fewer_days_is_explained_over_the_horizon_asked_for() -> None:
    short = history(shop(900), NOW, 60)
    windows = tuple(replace(one, horizon_days=60) for one in short.windows)
    model = value_models()["boosting"].fit(History(HISTORY.now, windows, HORIZON), 7)
    made, score = explain(model, UNSEEN, TYPICAL), model.predict(UNSEEN).expected_value
    assert np.abs(made.base + made.contributions.sum(axis=1) - score).max() < 1e-6


def test_many_customers_are_explained_some_at_a_time(
    fitted: dict[str, FittedValueModel], explanations: dict[str, Explanation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain_file, "ROWS_AT_ONCE", 64)
    made = explain(fitted["bg_nbd"], UNSEEN, TYPICAL)
    np.testing.assert_allclose(made.contributions, explanations["bg_nbd"].contributions, atol=1e-9)


def test_nobody_is_explained_by_nothing(fitted: dict[str, FittedValueModel]) -> None:
    assert len(explain(fitted["boosting"], UNSEEN.rows(np.zeros(len(UNSEEN), dtype=bool)), TYPICAL)) == 0


def test_a_model_of_another_package_is_explained_by_groups(fitted: dict[str, FittedValueModel]) -> None:
    class Foreign:
        def predict(self, customers: Customers) -> object:
            return fitted["bg_nbd"].predict(customers)

        def artifacts(self) -> Mapping[str, bytes]:
            return {}

    with pytest.raises(UsageError, match="A Foreign can only be explained by groups"):
        explain(Foreign(), UNSEEN, TYPICAL)  # type: ignore[arg-type]
    made = explain(Foreign(), UNSEEN, TYPICAL, GROUPS)  # type: ignore[arg-type]
    assert made.names == ("habit", "lately", "money", "other")
    assert not made.contributions[:, 1].any()


def test_a_reference_of_several_customers_is_refused(fitted: dict[str, FittedValueModel]) -> None:
    with pytest.raises(DataError, match="The reference has 500 rows|The reference has"):
        explain(fitted["bg_nbd"], UNSEEN, UNSEEN)
