"""Events over HTTP: kept before they are acknowledged, once, and seen in the customer's value at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from patron.governance.audit.chain import entries
from patron.sources.told.log import events_after
from served_workspace import served_workspace
from surfaces.api.called import Called, called

SPENT: dict[str, Any] = {"customer_id": "c00000", "occurred_at": "2026-11-03T10:00:00Z", "amount": "50"}  # Any: JSON


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    with called(served_workspace(tmp_path_factory.mktemp("events") / "shop", live=True)) as found:
        yield found


def tell(
    server: Called, *items: object, role: str = "service", path: str = "transactions", **headers: str
) -> Any:  # Any: JSON
    return server.client.post(f"/v1/{path}", json={"items": items}, headers=server.with_key(role) | headers)


def test_each_item_is_told_what_became_of_it(server: Called) -> None:
    told = tell(
        server, SPENT | {"event_id": "a"}, SPENT | {"event_id": "a"}, SPENT | {"event_id": "a", "amount": "51"},
        SPENT | {"event_id": "b", "FutureRevenue": 7}, "no item",
    )  # fmt: skip
    assert told.status_code == 422  # the last is no object
    told = tell(
        server, SPENT | {"event_id": "a"}, SPENT | {"event_id": "a"}, SPENT | {"event_id": "a", "amount": "51"},
        SPENT | {"event_id": "b", "FutureRevenue": 7},
    ).json()  # fmt: skip
    assert [result["fate"] for result in told["results"]] == ["accepted", "duplicate", "conflict", "refused"]
    assert (told["accepted"], told["duplicate"], told["conflict"], told["refused"]) == (1, 1, 1, 1)
    assert "FutureRevenue" in told["results"][3]["because"]
    noted = list(entries(server.serving.state))[-1]
    assert (noted.action, noted.subject) == ("events.tell", "transactions")
    assert json.loads(noted.details)["accepted"] == 1


def test_a_value_moves_the_moment_an_event_arrives(server: Called) -> None:
    headers = server.with_key("service")
    before = server.client.get("/v1/customers/c00010", headers=headers).json()
    assert before["live"] is None
    tell(server, SPENT | {"event_id": "m", "customer_id": "c00010"})
    after = server.client.get("/v1/customers/c00010", headers=headers).json()
    assert after["score"] == before["score"]
    assert after["live"]["statistics"]["frequency"] == 2
    assert after["live"]["expected_value"] > after["live"]["moved_from"] == before["score"]["expected_value"]


def test_one_who_is_new_is_told_to_whoever_may_see_their_branch(server: Called) -> None:
    tell(server, SPENT | {"event_id": "n", "customer_id": "zoe", "branch_id": "north"})
    told = server.client.get("/v1/customers/zoe", headers=server.with_key("analyst")).json()
    assert (told["score"], told["live"]["is_new"]) == (None, True)
    for branch, status in (("north", 200), ("south", 404)):
        headers = server.with_key("branch manager", [branch])
        assert server.client.get("/v1/customers/zoe", headers=headers).status_code == status


def test_a_customer_of_another_branch_stays_unknown_when_events_come(server: Called) -> None:
    tell(server, SPENT | {"event_id": "o", "customer_id": "c00001", "branch_id": "north"})
    headers = server.with_key("branch manager", ["north"])
    assert server.client.get("/v1/customers/c00001", headers=headers).status_code == 404


def test_a_request_that_is_sent_again_is_answered_as_before(server: Called) -> None:
    headers = {**server.with_key("service"), "Idempotency-Key": "monday-1"}
    body = {"items": [SPENT | {"event_id": "p"}]}
    first = server.client.post("/v1/transactions", json=body, headers=headers)
    again = server.client.post("/v1/transactions", json=body, headers=headers)
    assert (first.status_code, again.json()) == (200, first.json())
    assert first.json()["results"][0]["fate"] == "accepted"
    other = server.client.post("/v1/transactions", json={"items": [SPENT | {"event_id": "q"}]}, headers=headers)
    assert other.status_code == 409
    assert "monday-1" in other.json()["detail"]
    theirs = {**server.with_key("service"), "Idempotency-Key": "monday-1"}  # a key is its sender's own
    assert server.client.post("/v1/transactions", json=body, headers=theirs).json()["duplicate"] == 1


def test_what_is_accepted_is_in_the_log_and_the_rest_is_not(server: Called) -> None:
    before = server.client.get("/v1/events", headers=server.with_key("engineer")).json()
    tell(server, {"event_id": "r", "customer_id": "c00002", "country": "CH"}, {"event_id": "s"}, path="customers")
    after = server.client.get("/v1/events", headers=server.with_key("engineer")).json()
    assert after["newest"] == before["newest"] + 1
    assert after["since_release"]["customers"] == before["since_release"]["customers"] + 1
    assert [one.event_id for one in events_after(server.serving.state, before["newest"])] == ["r"]


def test_batches_may_be_large_but_not_without_end(server: Called) -> None:
    many = [SPENT | {"event_id": f"many-{number}"} for number in range(1000)]
    assert tell(server, *many).json()["accepted"] == 1000
    assert tell(server, *many, SPENT | {"event_id": "one too many"}).status_code == 422
    assert tell(server).status_code == 422
    assert tell(server, SPENT | {"event_id": "t", "channel": "x" * 2_000_000}).status_code == 413
    assert tell(server, SPENT | {"event_id": "u", "channel": "x" * 1_900_000}).json()["refused"] == 1


def test_who_is_held_to_a_branch_tells_no_events(server: Called) -> None:
    headers = server.with_key("service", ["north"])
    assert server.client.post("/v1/transactions", json={"items": [SPENT]}, headers=headers).status_code == 403
