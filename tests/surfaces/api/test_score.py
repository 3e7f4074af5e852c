"""Scoring by data over HTTP: the answer of the release, refusals that name the field, nothing kept of what is sent."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.python import asgi

from patron.governance.audit.chain import entries
from patron.releases.contents import Release
from sent_customers import sent_customers
from served_workspace import served_workspace
from surfaces.api.called import Called, called
from surfaces.api.test_fuzzed import ask_often

ONE = {"occurred_at": "2025-12-01", "amount": 20}
HUGE = "9" * 400


@pytest.fixture(scope="module")
def server(moved_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    folder = Path(shutil.copytree(moved_shop, tmp_path_factory.mktemp("scored") / "shop"))
    with called(folder) as found:
        yield found


@pytest.fixture(scope="module")
def key(server: Called) -> dict[str, str]:
    return server.with_key("service")


def asked(server: Called, key: dict[str, str], *transactions: object, **more: object) -> Any:  # Any: an answer of httpx
    return server.client.post("/v1/score", json={"customers": [{"transactions": transactions}], **more}, headers=key)


def test_customers_of_the_release_get_the_published_value_and_cluster(
    server: Called, key: dict[str, str], moved_shop: Path, newest: Release
) -> None:
    scores = {row["customer_id"]: row for row in newest.scores().to_pylist()}
    groups = {row["customer_id"]: row for row in newest.segments().to_pylist()}
    ids = sorted(scores)[::12]
    for one, sent in zip(ids, sent_customers(moved_shop, ids, newest.data_contract()["present"]), strict=True):
        told = server.client.post("/v1/score", json={"customers": [sent]}, headers=key)
        assert told.status_code == 200, told.text
        answer = told.json()
        assert (answer["release"], answer["as_of"], answer["model"]) == (
            newest.id,
            "2025-12-31",
            newest.manifest.champion,
        )
        (customer,) = answer["customers"]
        for name in ("expected_value", "value_low", "value_high", "probability_alive", "historic_value", "confidence"):
            assert customer["score"][name] == scores[one][name]
        assert customer["groups"]["tier"] == groups[one]["raw_tier"]
        assert customer["groups"]["cluster_id"] == groups[one]["raw_cluster_id"] is not None
        assert customer["recommendation"]["action"]


@pytest.mark.parametrize(
    "field", ["future_value", "FutureRevenue", "futureRevenue", "outcome", "label", "Target", "churned", "future"]
)
def test_an_outcome_is_refused_by_name_wherever_it_stands(server: Called, key: dict[str, str], field: str) -> None:
    for body in (
        {"customers": [{"transactions": [ONE | {field: 1}]}]},
        {"customers": [{"transactions": [ONE], field: 1}]},
        {"customers": [{"transactions": [ONE], "attributes": {field: 1}}]},
        {"customers": [{"transactions": [ONE]}], field: 1},
    ):
        told = server.client.post("/v1/score", json=body, headers=key)
        assert told.status_code == 422
        assert f"'{field}' is an outcome" in told.json()["detail"]


def test_a_field_that_is_not_known_is_refused_by_name(server: Called, key: dict[str, str]) -> None:
    told = asked(server, key, ONE | {"colour": "red"})
    assert told.status_code == 422
    assert "transactions.0.colour" in told.json()["detail"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": None}, {"amount": 1e300}, {"amount": "NaN"}, {"amount": "Infinity"}, {"amount": 2**70}, {"amount": HUGE},
        {"occurred_at": "soon"}, {"occurred_at": 2**70}, {"occurred_at": "0001-01-01T00:00:00+14:00"}, {"occurred_at": None},
        {"occurred_at": "9999-12-31T23:59:59-14:00"}, {"order_id": "a\x00b"}, {"order_id": ""}, {"order_id": "x" * 201},
        {"product_id": 7}, {"is_refund": "perhaps"}, {"quantity": 2**64}, {"currency": "XXX"},
    ],
)  # fmt: skip
def test_what_no_row_can_be_is_refused(server: Called, key: dict[str, str], wrong: dict[str, Any]) -> None:
    told = asked(server, key, ONE | wrong)
    assert told.status_code == 422, told.text
    assert told.headers["content-type"] == "application/problem+json"


def test_amounts_that_no_model_was_made_for_are_valued_or_refused(server: Called, key: dict[str, str]) -> None:
    for rows in (2, 300):
        told = asked(server, key, *[ONE | {"amount": 999_999_999_999, "order_id": "1"}] * rows)
        assert told.status_code == (200 if rows == 2 else 422), told.text


def test_signs_that_cannot_be_written_and_numbers_that_are_none_are_refused(
    server: Called, key: dict[str, str]
) -> None:
    for text in (
        '{"customers": [{"transactions": [{"occurred_at": "2025-12-01", "amount": NaN}]}]}',
        '{"customers": [{"transactions": [{"occurred_at": "2025-12-01", "amount": 1, "order_id": "\\ud800"}]}]}',
        '{"customers": [{"transactions": [{"occurred_at": "2025-12-01", "amount": 1, "\\ud800": 1}]}]}',
        '{"customers": [{"transactions": [{"occurred_at": "2025-12-01", "amount": 1, "future_\\ud800": 1}]}]}',
        '{"customers": []}',
        '{"customers": 3}',
        "[1]",
    ):
        told = server.client.post("/v1/score", content=text, headers=key | {"Content-Type": "application/json"})
        assert told.status_code == 422, (text, told.text)


def test_more_customers_than_a_hundred_are_refused(server: Called, key: dict[str, str]) -> None:
    many = {"customers": [{"transactions": [ONE]}] * 101}
    assert server.client.post("/v1/score", json=many, headers=key).status_code == 422
    many["customers"].pop()
    assert len(server.client.post("/v1/score", json=many, headers=key).json()["customers"]) == 100


def test_that_data_were_scored_is_in_the_audit_and_nothing_of_them(server: Called, key: dict[str, str]) -> None:
    sent = {"customers": [{"reference": "Ada Lovelace", "transactions": [ONE | {"order_id": "secret order"}]}]}
    assert server.client.post("/v1/score", json=sent, headers=key).status_code == 200
    last = list(entries(server.serving.state))[-1]
    assert (last.action, json.loads(last.details)) == ("score.data", {"customers": 1})
    assert "Ada" not in repr(last)
    assert "secret" not in repr(last)


def test_a_branch_manager_may_score_and_an_executive_may_not(server: Called) -> None:
    assert asked(server, server.with_key("branch manager", ["nowhere"]), ONE).status_code == 200
    assert asked(server, server.with_key("executive"), ONE).status_code == 403


def test_a_release_that_cannot_score_data_says_what_to_do(tmp_path: Path) -> None:
    with called(served_workspace(tmp_path / "old")) as old:
        told = asked(old, old.with_key("service"), ONE)
        assert told.status_code == 404
        assert told.json()["to_do"] == "Run 'patron run' with this version."


@pytest.mark.slow
def test_generated_requests_meet_no_error_and_no_undeclared_answer(server: Called, key: dict[str, str]) -> None:
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", server.app)
    found: Counter[int] = Counter()
    with asgi.get_client(server.app, max_stream_events=0) as client:
        ask_often(schema["/v1/score"]["POST"], client, key, 1_000, found)
    assert {200, 422} <= set(found)


def test_the_answer_can_be_read_as_json_to_the_last_figure(server: Called, key: dict[str, str]) -> None:
    told = asked(server, key, ONE)
    assert json.loads(told.text, parse_constant=lambda word: pytest.fail(word))["customers"][0]["counted"] == 1
