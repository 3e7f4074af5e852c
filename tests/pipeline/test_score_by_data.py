"""Scoring what is sent, beside the run that made the release: the same customers, the same answers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from patron.errors import NothingThere, UnknownName, UsageError
from patron.pipeline.runner import RunOutcome
from patron.releases.contents import DATA_CONTRACT, Release, load_release
from patron.reports.served.by_data import DataScoring, score_data
from patron.scores.by_data.sent import SentCustomers
from sent_customers import sent_customers

ONE = {"occurred_at": "2025-12-01", "amount": 20}


@pytest.fixture(scope="module")
def release(shop_outcome: RunOutcome) -> Release:
    return load_release(shop_outcome.workspace)


@pytest.fixture(scope="module")
def scoring(release: Release) -> DataScoring:
    return DataScoring(release)


def scored(scoring: DataScoring, **told: Any) -> dict[str, Any]:  # Any: JSON
    answer: dict[str, Any] = scoring.score(SentCustomers.model_validate(told))
    return answer


def test_every_customer_who_is_sent_is_worth_and_grouped_as_in_the_release(
    shop_outcome: RunOutcome, release: Release, scoring: DataScoring
) -> None:
    scores = {row["customer_id"]: row for row in release.scores().to_pylist()}
    groups = {row["customer_id"]: row for row in release.segments().to_pylist()}
    ids = sorted(scores)[::3]
    sent = sent_customers(shop_outcome.workspace, ids, release.data_contract()["present"])
    told = [
        one
        for begin in range(0, len(sent), 50)
        for one in scored(scoring, customers=sent[begin : begin + 50])["customers"]
    ]
    for one, customer in zip(told, ids, strict=True):
        assert one["reference"] == customer
        assert one["unknown_features"] == []
        assert one["score"] == {name: scores[customer][name] for name in one["score"]}
        published = groups[customer]
        for name in ("tier", "rfm_segment", "lifecycle"):
            assert one["groups"][name] == published[f"raw_{name}"]
        for name in ("recency_score", "frequency_score", "monetary_score", "cluster_id", "cluster_chance"):
            assert one["groups"][name] == published[name]


def test_a_customer_is_worth_the_same_whoever_is_sent_beside(
    shop_outcome: RunOutcome, release: Release, scoring: DataScoring
) -> None:
    ids = sorted(release.scores()["customer_id"].to_pylist())[:12]
    sent = sent_customers(shop_outcome.workspace, ids, release.data_contract()["present"])
    together = scored(scoring, customers=sent)["customers"]
    assert [scored(scoring, customers=[one])["customers"][0] for one in sent] == together


def test_what_is_not_sent_is_unknown_and_what_is_empty_is_nothing(scoring: DataScoring) -> None:
    unknown, nothing = scored(scoring, customers=[{"transactions": [ONE]}, {"transactions": [ONE], "contacts": []}])[
        "customers"
    ]
    assert {"contacts", "products", "channels"} <= set(unknown["unknown_features"])
    assert "contacts" not in nothing["unknown_features"]
    assert "products" in nothing["unknown_features"]
    assert math.isfinite(unknown["score"]["expected_value"])


def test_rows_of_after_the_day_repeats_and_conflicts_are_not_counted_and_said_to_be(scoring: DataScoring) -> None:
    first, again = ONE | {"row_id": "a"}, ONE | {"row_id": "a"}
    torn = [ONE | {"row_id": "b"}, ONE | {"row_id": "b", "amount": 30}]
    late = [ONE | {"occurred_at": "2026-01-01"}, ONE | {"known_at": "2026-02-01"}]
    (told,) = scored(scoring, customers=[{"transactions": [first, again, *torn, *late]}])["customers"]
    (alone,) = scored(scoring, customers=[{"transactions": [first]}])["customers"]
    assert (told["counted"], told["duplicates"]) == (1, 1)
    assert [(one["row"], one["reason"]) for one in told["set_aside"]] == [
        (2, "conflicting_id"), (3, "conflicting_id"), (4, "future_date"), (5, "future_known_at"),
    ]  # fmt: skip
    assert told["score"] == alone["score"]


def test_the_sources_rule_makes_a_refund_of_a_positive_row(scoring: DataScoring) -> None:
    bought, back = ONE | {"order_id": "1"}, ONE | {"order_id": "C1", "amount": 5}
    marked = ONE | {"order_id": "2", "amount": 5, "is_refund": True}
    for refund in (back, marked, ONE | {"order_id": "3", "amount": -5}):
        (told,) = scored(scoring, customers=[{"transactions": [bought, refund]}])["customers"]
        assert told["score"]["historic_value"] == 15


def test_who_has_no_transaction_has_no_value_and_who_only_gave_back_is_told_so(scoring: DataScoring) -> None:
    nobody, future, returned = scored(
        scoring,
        customers=[
            {"transactions": []},
            {"transactions": [ONE | {"occurred_at": "2027-01-01"}]},
            {"transactions": [ONE | {"amount": -5}]},
        ],
    )["customers"]
    assert nobody["not_scored"]["reason"] == future["not_scored"]["reason"] == "no_transactions"
    assert (nobody["score"], nobody["groups"]) == (None, None)
    assert "set aside" in future["not_scored"]["detail"]
    assert returned["groups"]["lifecycle"] == "Not yet buying"
    assert len(returned["caveats"]) == 1


def test_the_day_to_value_as_of_moves_what_is_known(scoring: DataScoring) -> None:
    customer = {"transactions": [ONE, ONE | {"occurred_at": "2025-12-20"}]}
    now = scored(scoring, customers=[customer])
    before = scored(scoring, customers=[customer], as_of="2025-12-10")
    assert (str(now["as_of"]), str(before["as_of"])) == ("2025-12-31", "2025-12-10")
    assert before["customers"][0]["score"]["historic_value"] == 20
    assert now["customers"][0]["score"]["historic_value"] == 40
    for far in ("2024-12-30", "2026-02-01"):
        with pytest.raises(UsageError, match="too far from the day"):
            scored(scoring, customers=[customer], as_of=far)


def test_another_currency_and_another_source_are_refused(scoring: DataScoring) -> None:
    with pytest.raises(UsageError, match="GBP is not the value contract's EUR"):
        scored(scoring, customers=[{"transactions": [ONE | {"currency": "GBP"}]}])
    scored(scoring, customers=[{"transactions": [ONE | {"currency": "eur"}]}], source="orders")
    with pytest.raises(UnknownName, match="till"):
        scored(scoring, customers=[{"transactions": [ONE]}], source="till")


def test_a_release_from_before_it_held_the_contract_says_what_to_do(shop: Path) -> None:
    release = load_release(shop)
    (release.folder / DATA_CONTRACT).unlink()
    with pytest.raises(NothingThere, match="cannot score data"):
        score_data(release, {"customers": [{"transactions": [ONE]}]})


def test_a_program_is_told_the_first_field_that_is_wrong(release: Release) -> None:
    with pytest.raises(UsageError, match=r"transactions\.0: 'futureRevenue' is an outcome"):
        score_data(release, {"customers": [{"transactions": [ONE | {"futureRevenue": 1}]}]})


def test_the_contract_is_plain_data_and_holds_no_customer(release: Release) -> None:
    text = (release.folder / DATA_CONTRACT).read_text("utf-8")
    assert json.loads(text)["labels"].keys() == {"tiers", "rfm_cuts", "usual_gap"}
    assert not any(f'"{one}"' in text for one in release.scores()["customer_id"].to_pylist())
