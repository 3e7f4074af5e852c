"""Four eyes: no administrator alone gives anybody, or any key, what reads customers or manages accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from patron.governance.accounts import four_eyes
from patron.governance.accounts.logins import log_in
from patron.governance.accounts.people import add_person, people
from patron.governance.audit.chain import entries
from patron.governance.state.opened import now_in_microseconds
from served_workspace import served_workspace
from surfaces.api.called import Called, called


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    with called(served_workspace(tmp_path_factory.mktemp("eyes") / "shop"), four_eyes=True) as found:
        yield found


@pytest.fixture(scope="module")
def admins(server: Called) -> tuple[dict[str, str], dict[str, str]]:
    return server.as_person("admin"), server.as_person("admin")


def names(server: Called) -> set[str]:
    return {person.name for person in people(server.serving.state)}


def test_an_account_that_reads_customers_waits_until_another_administrator_agrees(
    server: Called, admins: tuple[dict[str, str], dict[str, str]]
) -> None:
    first, second = admins
    told = server.client.post("/v1/accounts", json={"name": "marie", "role": "analyst"}, headers=first)
    assert told.status_code == 202
    place = f"/v1/changes/{told.json()['waits']}"
    assert "marie" not in names(server)
    (waiting,) = server.client.get("/v1/changes", headers=second).json()["changes"]
    assert (waiting["action"], waiting["change"]) == ("account.add", {"name": "marie", "role": "analyst"})
    own = server.client.post(f"{place}/approval", headers=first)
    assert (own.status_code, own.json()["detail"]) == (422, "You asked for this change yourself.")
    assert "marie" not in names(server)
    done = server.client.post(f"{place}/approval", headers=second)
    assert done.status_code == 200, done.text
    assert log_in(server.serving.state, "marie", done.json()["done"]["one_time_password"]).name == "marie"
    assert server.client.post(f"{place}/approval", headers=second).status_code == 404  # once
    assert server.client.get("/v1/changes", headers=first).json() == {"changes": []}
    noted = [entry for entry in entries(server.serving.state) if entry.action.startswith("account.add")]
    assert [entry.action for entry in noted] == ["account.add.ask", "account.add.agreed", "account.add"]
    assert json.loads(noted[1].details)["asked_by"] == noted[0].who != noted[1].who


def test_every_way_to_customers_or_to_more_administrators_waits_and_the_others_do_not(
    server: Called, admins: tuple[dict[str, str], dict[str, str]]
) -> None:
    first, second = admins
    add_person(server.serving.state, "reader", "analyst")
    add_person(server.serving.state, "boss", "executive")
    add_person(server.serving.state, "other", "admin")

    def status(method: str, path: str, body: dict[str, object] | None = None) -> int:
        return int(server.client.request(method, f"/v1/{path}", json=body or {}, headers=first).status_code)

    waits = [
        ("POST", "accounts", {"name": "second", "role": "admin"}),
        ("POST", "accounts", {"name": "outside", "role": "marketing", "by_provider": True}),
        ("PATCH", "accounts/boss", {"role": "analyst"}),
        ("PATCH", "accounts/reader", {"disabled": False}),
        ("PATCH", "accounts/reader", {"branches": None}),
        ("POST", "accounts/reader/password", None),
        ("POST", "accounts/other/password", None),
        ("POST", "keys", {"name": "till"}),
        ("POST", "keys", {"name": "till", "permissions": ["customers.read"]}),
    ]
    assert [status(*one) for one in waits] == [202] * len(waits)
    assert not {"second", "outside"} & names(server)
    at_once = [
        ("POST", "accounts", {"name": "dev", "role": "engineer"}, 201),
        ("PATCH", "accounts/reader", {"disabled": True}, 200),
        ("PATCH", "accounts/other", {"role": "executive"}, 200),
        ("POST", "accounts/boss/password", None, 200),
        ("POST", "keys", {"name": "bi", "permissions": ["portfolio.read"]}, 201),
        ("POST", "accounts/nobody/password", None, 404),
    ]
    assert [status(*one[:3]) for one in at_once] == [one[3] for one in at_once]
    waiting = server.client.get("/v1/changes", headers=second).json()["changes"]
    assert len(waiting) == len(waits)
    done = [server.client.post(f"/v1/changes/{one['id']}/approval", headers=second) for one in waiting]
    assert [one.status_code for one in done] == [200] * len(waits), [one.text for one in done]
    key = done[-1].json()["done"]
    used = {"Authorization": f"Bearer {key['secret']}"}
    assert server.client.get("/v1/customers/c00001", headers=used).status_code == 200
    assert status("POST", f"keys/{key['key']['id']}/replacement") == 202
    assert status("DELETE", f"keys/{key['key']['id']}") == 200


def test_a_change_can_be_declined_and_waits_for_seven_days_only(
    server: Called, admins: tuple[dict[str, str], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = admins
    asked = [
        server.client.post("/v1/accounts", json={"name": f"late{one}", "role": "analyst"}, headers=first).json()[
            "waits"
        ]
        for one in range(2)
    ]
    assert server.client.delete(f"/v1/changes/{asked[0]}", headers=first).status_code == 204
    assert server.client.post(f"/v1/changes/{asked[0]}/approval", headers=second).status_code == 404
    later = now_in_microseconds() + 8 * 86_400_000_000
    monkeypatch.setattr(four_eyes, "now_in_microseconds", lambda: later)
    assert server.client.post(f"/v1/changes/{asked[1]}/approval", headers=second).status_code == 404
    assert not {"late0", "late1"} & names(server)
