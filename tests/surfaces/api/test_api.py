"""The API as its users meet it: answers, pages, problems, sessions, keys, the audit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from patron.errors import NothingThere
from patron.governance.accounts.people import add_person, reset_password
from patron.governance.audit.anchors import Anchors
from patron.governance.audit.chain import entries
from patron.governance.audit.subjects import customer_subject
from patron.governance.audit.writer import AuditWriter
from patron.reports.served.current import CurrentRelease
from patron.surfaces.api import guarding
from patron.surfaces.api.guarding import MOST_BODY_BYTES
from patron.surfaces.api.routes import customers
from served_workspace import customer_ids, publish, served_workspace
from surfaces.api.called import PASSWORD, Called, called


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    with called(served_workspace(tmp_path_factory.mktemp("api") / "shop")) as found:
        yield found


@pytest.fixture(autouse=True)
def no_cookies(server: Called) -> None:
    server.client.cookies.clear()


def test_one_customer_is_told_with_the_release_it_comes_from(server: Called) -> None:
    told = server.client.get("/v1/customers/c00003", headers=server.with_key("service")).json()
    assert (told["release"], told["as_of"], told["currency"]) == (
        server.serving.current.snapshot.id,
        "2026-10-31",
        "EUR",
    )
    assert (told["customer_id"], told["score"]["expected_value"], told["segments"]["branch"]) == (
        "c00003",
        13.0,
        "north",
    )
    assert (told["behaviour"]["value_at_risk"], told["rules"]) == (1.3, [])
    assert server.client.get("/v1/customers/c00002", headers=server.with_key("service")).json()["rules"] == [
        "Even ones"
    ]


def test_a_list_is_read_page_by_page_and_ends(server: Called) -> None:
    headers, found, cursor = server.with_key("service"), [], None
    while True:
        params = {"limit": "7", "tier": "low"} | ({"cursor": cursor} if cursor else {})
        told = server.client.get("/v1/customers", params=params, headers=headers).json()
        found += [row["customer_id"] for row in told["customers"]]
        cursor = told["cursor"]
        if cursor is None:
            break
    assert found == [one for number, one in enumerate(customer_ids(60)) if number % 5]
    assert told["total"] == len(found)


def test_a_cursor_cannot_be_made_up_and_holds_for_its_release_only(tmp_path: Path) -> None:
    folder = served_workspace(tmp_path / "shop")
    with called(folder) as own:
        headers = own.with_key("service")
        cursor = own.client.get("/v1/customers?limit=5", headers=headers).json()["cursor"]
        for made_up in ("x", cursor[:-4] + "AAAA", "eyJ9", "ä", "%00", "A" * 900):
            told = own.client.get("/v1/customers", params={"cursor": made_up}, headers=headers)
            assert told.status_code == 422, made_up
        publish(folder, minute=1)
        own.serving.current.look()
        told = own.client.get("/v1/customers", params={"cursor": cursor}, headers=headers)
        assert told.status_code == 409
        assert told.json()["to_do"] == "Begin again without a cursor."


def test_before_the_first_release_the_server_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    with called(folder) as own:
        assert own.client.get("/health").json() == {"status": "ok"}
        assert own.client.get("/ready").status_code == 503
        told = own.client.get("/v1/portfolio", headers=own.with_key("analyst"))
        assert (told.status_code, told.json()["to_do"]) == (404, "Run 'patron run' first.")
        publish(folder)
        own.serving.current.look()
        assert own.client.get("/ready").status_code == 200
        assert own.client.get("/v1/portfolio", headers=own.with_key("analyst")).json()["customers"] == 60


def test_releases_are_listed_and_a_backtest_and_a_card_told(server: Called) -> None:
    headers = server.with_key("analyst")
    (release,) = server.client.get("/v1/releases", headers=headers).json()["releases"]
    assert release == server.client.get("/v1/releases/current", headers=headers).json()
    assert release["current"] is True
    assert server.client.get("/v1/backtest", headers=headers).json()["told"]["champion"] == "bg_nbd"
    assert server.client.get("/v1/model-card", headers=headers).json()["told"] == {"champion": "bg_nbd"}


def test_unknown_names_and_wrong_values_are_told_with_what_is_allowed(server: Called) -> None:
    headers = server.with_key("analyst")
    told = server.client.get("/v1/segments/tears", headers=headers)
    assert (told.status_code, told.headers["content-type"]) == (422, "application/problem+json")
    assert "tier" in told.json()["allowed"]
    told = server.client.get("/v1/customers?limit=0", headers=headers)
    assert told.status_code == 422
    assert told.json()["faults"][0]["where"] == "query.limit"
    assert server.client.get("/v1/nothing").status_code == 404
    assert server.client.put("/v1/customers").status_code == 405


def test_hostile_bodies_are_refused_with_reasons(server: Called) -> None:
    sent = {"content-type": "application/json"}
    deep = "[" * 10_000 + "]" * 10_000
    for content, status in (
        (deep, 400), ("{", 400), ("", 422), ('{"name": NaN, "password": 1}', 422), ("[1]", 422), ('{"name": "a"}', 422),
        (json.dumps({"name": "a" * 300, "password": "b"}), 422), ("x" * (MOST_BODY_BYTES + 1), 413), (b"\xff\xfe", 400),
    ):  # fmt: skip
        told = server.client.post("/v1/session", content=content, headers=sent)
        assert told.status_code == status, content[:40]
        assert told.headers["content-type"] == "application/problem+json"
        assert told.json()["detail"]


def test_a_hundred_megabytes_are_refused_before_they_are_read(server: Called) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 1_000_000

    told = server.client.post("/v1/session", content=pieces(), headers={"content-type": "application/json"})
    assert told.status_code == 413


def test_every_answer_binds_the_browser_and_is_not_kept(server: Called) -> None:
    for path in ("/health", "/v1/portfolio", "/v1/nothing"):
        headers = server.client.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert len(headers["x-request-id"]) == 16


def test_a_person_logs_in_changes_things_with_a_token_and_logs_out(server: Called) -> None:
    token = server.log_in("marie", "admin")
    cookie = next(one for one in server.client.cookies.jar if one.name == "patron_session")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert server.client.get("/v1/account").json()["role"] == "admin"
    new = {"name": "pierre", "role": "branch manager", "branches": ["north"]}
    assert server.client.post("/v1/accounts", json=new).status_code == 403  # no token: perhaps another page's doing
    assert server.client.post("/v1/accounts", json=new, headers={"X-CSRF-Token": "wrong"}).status_code == 403
    told = server.client.post("/v1/accounts", json=new, headers=token)
    assert told.status_code == 201
    one_time = told.json()["one_time_password"]
    assert server.client.post("/v1/accounts", json=new, headers=token).status_code == 422
    assert server.client.request("DELETE", "/v1/session", headers=token).status_code == 204
    assert server.client.get("/v1/account").status_code == 401

    told = server.client.post("/v1/session", json={"name": "pierre", "password": one_time})
    assert told.json()["must_change_password"] is True
    assert server.client.get("/v1/portfolio").status_code == 403
    token = {"X-CSRF-Token": told.json()["csrf_token"]}
    weak = server.client.post("/v1/account/password", json={"old": one_time, "new": "short"}, headers=token)
    assert (weak.status_code, "5 signs" in weak.json()["detail"]) == (422, True)
    changed = server.client.post("/v1/account/password", json={"old": one_time, "new": PASSWORD}, headers=token)
    assert changed.status_code == 204
    assert server.client.get("/v1/account").status_code == 401  # logged out everywhere
    server.client.post("/v1/session", json={"name": "pierre", "password": PASSWORD})
    assert server.client.get("/v1/portfolio").json()["customers"] == 18


def test_wrong_logins_are_refused_alike_then_slowed_down(server: Called) -> None:
    server.log_in("paul", "analyst")
    told = [server.client.post("/v1/session", json={"name": name, "password": "wrong"}) for name in ("paul", "ghost")]
    assert [one.status_code for one in told] == [401, 401]
    assert told[0].json() == told[1].json()
    for _ in range(4):
        server.client.post("/v1/session", json={"name": "paul", "password": "wrong"})
    locked = server.client.post("/v1/session", json={"name": "paul", "password": PASSWORD})
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) > 0


def test_a_key_is_made_replaced_and_revoked_over_the_api(server: Called) -> None:
    token = server.log_in("anna", "admin")
    made = server.client.post(
        "/v1/keys", json={"name": "till", "days": 3, "permissions": ["customers.read"]}, headers=token
    )
    assert made.status_code == 201
    key, secret = made.json()["key"], made.json()["secret"]
    alone = {"Authorization": f"Bearer {secret}"}
    server.client.cookies.clear()
    assert server.client.get("/v1/customers/c00001", headers=alone).status_code == 200
    assert server.client.get("/v1/portfolio", headers=alone).status_code == 403
    token = server.log_in("anton", "admin")
    new = server.client.post(f"/v1/keys/{key['id']}/replacement", json={}, headers=token)
    assert new.status_code == 201
    assert server.client.request("DELETE", f"/v1/keys/{key['id']}", headers=token).json()["works"] is False
    assert secret not in server.client.get("/v1/keys").text
    server.client.cookies.clear()
    assert server.client.get("/v1/customers/c00001", headers=alone).status_code == 401
    assert (
        server.client.get(
            "/v1/customers/c00001", headers={"Authorization": f"Bearer {new.json()['secret']}"}
        ).status_code
        == 200
    )


def test_reads_refusals_and_misses_are_in_the_audit_before_they_are_answered(tmp_path: Path) -> None:
    with called(served_workspace(tmp_path / "shop")) as own:
        headers = own.with_key("branch manager", ["north"])
        for path in ("/v1/customers/c00000", "/v1/customers/c00001", "/v1/customers?tier=high", "/v1/audit"):
            own.client.get(path, headers=headers)
        told = [(entry.action, entry.subject, entry.outcome) for entry in entries(own.serving.state)]
        assert told == [
            ("customer.read", customer_subject(own.serving.secret, "c00000"), "done"),
            ("customer.read", customer_subject(own.serving.secret, "c00001"), "not found"),
            ("customers.list", own.serving.current.snapshot.id, "done"),
            ("audit.read", "/v1/audit", "refused"),
        ]
        compliance = own.with_key("compliance")
        read = own.client.get("/v1/audit?limit=2", headers=compliance).json()
        assert ([entry["place"] for entry in read["entries"]], read["after"]) == ([1, 2], 2)
        verdict = own.client.get("/v1/audit/verification", headers=compliance).json()
        assert (verdict["entries"], verdict["faults"]) == (5, [])


def test_a_list_that_was_read_says_who_was_on_it(tmp_path: Path) -> None:
    with called(served_workspace(tmp_path / "shop")) as own:
        headers = own.with_key("service")
        cursor = own.client.get("/v1/customers?tier=low&limit=2", headers=headers).json()["cursor"]
        own.client.get("/v1/customers", params={"tier": "low", "limit": 2, "cursor": cursor}, headers=headers)
        one, other = [json.loads(entry.details) for entry in entries(own.serving.state)]
        named = partial(customer_subject, own.serving.secret)
        assert (one["first"], one["last"], one["begin"], one["rows"]) == (named("c00001"), named("c00002"), 0, 2)
        assert (other["first"], other["last"], other["begin"]) == (named("c00003"), named("c00004"), 2)
        own.client.get("/v1/segments/rule/Even ones/members?limit=3", headers=headers)
        last = list(entries(own.serving.state))[-1]
        assert (last.subject, json.loads(last.details)["last"]) == ("rule/Even ones", named("c00004"))
        assert "c0000" not in "".join(entry.subject + entry.details for entry in entries(own.serving.state))


def test_accounts_are_changed_as_told_and_each_change_is_noted_with_it(server: Called) -> None:
    headers = server.as_person("admin")
    new = {"name": "eve", "role": "analyst", "branches": ["north"]}
    assert server.client.post("/v1/accounts", json=new, headers=headers).status_code == 201
    told = server.client.patch("/v1/accounts/eve", json={"branches": ["south"]}, headers=headers).json()
    assert (told["role"], told["branches"]) == ("analyst", ["south"])
    told = server.client.patch("/v1/accounts/eve", json={"role": "marketing"}, headers=headers).json()
    assert (told["role"], told["branches"]) == ("marketing", ["south"])
    for nothing in ({}, {"role": None}, {"disabled": None}):
        assert server.client.patch("/v1/accounts/eve", json=nothing, headers=headers).status_code == 422
    noted = [json.loads(one.details) for one in entries(server.serving.state) if one.subject == "eve"]
    assert [(one["role"], one["branches"]) for one in noted] == [
        ("analyst", ["north"]), ("analyst", ["south"]), ("marketing", ["south"]),
    ]  # fmt: skip


def test_errors_tell_strangers_nothing_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = served_workspace(tmp_path / "shop")
    (folder / "releases" / "current").write_text("none such\n", "utf-8")
    with called(folder) as own:
        told = own.client.get("/ready")
        assert (told.status_code, str(tmp_path) in told.text) == (503, False)
        with own.serving.state.changing() as connection:
            connection.execute(text("DROP TABLE people"))
        told = own.client.post("/v1/session", json={"name": "a", "password": "b"})
        assert (told.status_code, "people" in told.text) == (503, False)
        monkeypatch.setattr(CurrentRelease, "view", lambda *_: 1 / 0)
        told = own.client.get("/v1/portfolio", headers=own.with_key("service"))
        assert told.status_code == 500
        assert "division" not in told.text
        assert told.headers["cache-control"] == "no-store"
        assert len(told.headers["x-request-id"]) == 16


def test_logins_that_flood_in_hold_up_nobody_else(tmp_path: Path) -> None:
    with called(served_workspace(tmp_path / "shop"), strangers_per_second=5) as own:
        login = {"name": "nobody", "password": "wrong"}
        statuses = [own.client.post("/v1/session", json=login).status_code for _ in range(20)]
        assert set(statuses) == {401, 429}
        wrong = {"Authorization": "Bearer patron_x_y"}
        assert 429 in [own.client.get("/v1/portfolio", headers=wrong).status_code for _ in range(20)]
        assert own.client.get("/v1/portfolio", headers=own.with_key("service")).status_code == 200


def test_who_asks_too_often_must_wait(tmp_path: Path) -> None:
    with called(served_workspace(tmp_path / "shop"), requests_per_second=2) as own:
        headers, other = own.with_key("service"), own.with_key("service")
        statuses = [own.client.get("/v1/portfolio", headers=headers).status_code for _ in range(10)]
        assert statuses[0] == 200
        assert statuses[-1] == 429
        assert int(own.client.get("/v1/portfolio", headers=headers).headers["retry-after"]) >= 1
        assert own.client.get("/v1/portfolio", headers=other).status_code == 200


def test_an_answer_waits_for_its_audit(server: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be noted is not told."""

    async def fails(_: object, __: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(AuditWriter, "write", fails)
    told = server.client.get("/v1/customers/c00003", headers=server.with_key("service"))
    assert told.status_code == 500
    assert "13.0" not in told.text


def test_metrics_count_requests_by_route_and_tell_no_customer(server: Called) -> None:
    server.client.get("/v1/customers/c00003", headers=server.with_key("service"))
    told = server.client.get("/metrics", headers=server.with_key("engineer"))
    assert told.headers["content-type"].startswith("text/plain")
    line = 'patron_requests_total{method="GET",route="/v1/customers/{customer_id}",status="200"}'
    assert any(one.startswith(line) for one in told.text.splitlines())
    assert "patron_release_customers 60" in told.text
    assert "patron_release_stale 0" in told.text
    assert "c00003" not in told.text


def test_a_log_line_tells_the_request_and_no_customer(server: Called, caplog: pytest.LogCaptureFixture) -> None:
    headers = server.with_key("service")
    with caplog.at_level("INFO", logger="patron.server"):
        answer = server.client.get("/v1/customers/c00003?secret=hunter2", headers=headers)
        server.client.get("/nothing/c00003")
    one, other = [json.loads(record.message) for record in caplog.records if record.name == "patron.server"]
    assert (one["route"], one["status"], one["request"]) == (
        "/v1/customers/{customer_id}",
        200,
        answer.headers["x-request-id"],
    )
    assert one["who"] == headers["Authorization"].split("_")[1]
    assert (other["route"], other["status"]) == ("none", 404)
    assert "c00003" not in caplog.text
    assert "hunter2" not in caplog.text


def test_openapi_tells_every_route_and_its_problems(server: Called) -> None:
    told = server.client.get("/v1/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    paths = {route.path for route in server.app.routes if route.path != "/v1/openapi.json"}  # type: ignore[attr-defined]  # all are API routes
    assert set(told["paths"]) == paths
    for path, methods in told["paths"].items():
        for method, one in methods.items():
            assert one["x-permission"], (method, path)
            assert "application/problem+json" in one["responses"]["500"]["content"]
    assert {"Problem", "Fault", "CustomerAnswer"} <= set(told["components"]["schemas"])


def test_over_https_a_session_is_bound_to_its_host_and_a_plain_one_is_none(server: Called) -> None:
    add_person(server.serving.state, "hanna", "analyst")
    person, password = reset_password(server.serving.state, "hanna")
    body = {"name": person.name, "password": password}
    told = server.client.post("https://testserver/v1/session", json=body)
    (cookie,) = told.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-patron_session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    server.client.cookies.clear()
    token = cookie.split(";")[0].partition("=")[2]
    for name, status in (("__Host-patron_session", 200), ("patron_session", 401)):
        own = server.client.get("https://testserver/v1/session", headers={"Cookie": f"{name}={token}"})
        assert own.status_code == status
        if status == 200:
            assert own.json()["csrf_token"] == told.json()["csrf_token"]


def test_a_one_time_password_that_has_ended_is_refused_and_noted(server: Called) -> None:
    _, password = add_person(server.serving.state, "otto", "analyst")
    with server.serving.state.changing() as connection:
        connection.execute(text("UPDATE people SET one_time_until = 1 WHERE name = 'otto'"))
    told = server.client.post("/v1/session", json={"name": "otto", "password": password})
    assert (told.status_code, told.json()["to_do"]) == (401, "Ask an administrator for another.")
    assert list(entries(server.serving.state))[-1].outcome == "ended"


def test_an_id_that_holds_a_slash_is_sent_with_it_escaped(server: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[str] = []

    def nobody(_: object, customer_id: str) -> object:
        asked_for.append(customer_id)
        raise NothingThere("There is no such customer.")

    monkeypatch.setattr(customers.asked, "customer", nobody)
    headers = server.with_key("analyst")
    for path in ("a%2Fb", "a%2fmoves", "a%252Fb", "%2F", "ä%2F%C3%A4", "a%2Fb/reasons"):
        assert server.client.get(f"/v1/customers/{path}", headers=headers).status_code == 404, path
    assert asked_for == ["a/b", "a/moves", "a%2Fb", "/", "ä/ä", "a/b"]
    assert server.client.get("/v1/customers/a/b", headers=headers).status_code == 404
    assert server.client.get("/v1/customers/a%1F%2Fb", headers=headers).status_code == 422
    assert len(asked_for) == 6
    noted = list(entries(server.serving.state))[-1]
    assert noted.subject == customer_subject(server.serving.secret, "a/b")


def test_a_refusal_is_noted_without_whom_it_was_about(server: Called) -> None:
    assert server.client.get("/v1/customers/c00001", headers=server.with_key("engineer")).status_code == 403
    assert list(entries(server.serving.state))[-1].subject == "/v1/customers/{customer_id}"


def test_a_process_that_has_enough_to_do_says_when_to_come_back(
    server: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarding, "MOST_AT_ONCE", 0)
    told = server.client.get("/v1/portfolio", headers=server.with_key("analyst"))
    assert (told.status_code, told.headers["retry-after"], told.json()["title"]) == (503, "1", "Not now")
    assert told.headers["content-type"] == "application/problem+json"
    assert server.client.get("/health").status_code == 200
    monkeypatch.undo()
    assert server.client.get("/v1/portfolio", headers=server.with_key("analyst")).status_code == 200


def test_a_server_anchors_the_audit_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    folder = served_workspace(tmp_path / "shop")
    anchors = Anchors(tmp_path / "anchors", "", None, 1)
    with called(folder, anchors=anchors) as own:
        headers = own.with_key("compliance")
        for _ in range(3):
            own.client.get("/v1/customers/c00001", headers=headers)
        assert own.client.get("/v1/audit/verification", headers=headers).json()["faults"] == []
    heads, wrong = anchors.kept()
    assert (heads[-1].place, wrong) == (4, [])
    with called(folder, anchors=anchors) as own:
        with own.serving.state.changing() as connection:  # cut the tail, with its head
            connection.execute(text("DELETE FROM audit WHERE place > 2"))
            connection.execute(text("UPDATE audit_head SET place = 2, hash = (SELECT hash FROM audit WHERE place = 2)"))
        told = own.client.get("/v1/audit/verification", headers=own.with_key("compliance")).json()
        assert told["faults"] == ["Entry 4 was anchored and is missing."]
