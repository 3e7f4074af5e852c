"""What is personal, over the API: decrypted for who may, noted before it is told; consent asked for and heeded by lists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from governance.kept import everything_in
from patron.governance.audit.chain import entries
from patron.governance.audit.subjects import customer_subject
from patron.governance.state.opened import State
from patron.governance.state.tables import VAULT
from patron.governance.vault.opened import open_vault
from patron.governance.vault.vault import Vault, put_personal
from patron.governance.vault.wrapping import GivenKeys, secret_key
from served_workspace import customer_ids, served_workspace
from surfaces.api.called import Called, called

COUNT = 60
KEYS = GivenKeys(secret_key("a secret that is long enough, and random"))


def vault_over(folder: Path, *, replaces_ids: bool = False) -> Vault:
    """Opens a vault beside a state, and puts everybody's address in it."""

    def opened(state: State) -> Vault:
        vault = open_vault(state, f"sqlite:///{folder / 'keyring.sqlite'}", KEYS, replaces_ids=replaces_ids)
        put_personal(vault, {vault.name_of(one): {"email": f"{one}@mail.example"} for one in customer_ids(COUNT)})
        return vault

    return opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    folder = served_workspace(tmp_path_factory.mktemp("private") / "shop", customers=COUNT)
    with called(folder, purposes=("marketing", "research"), vault_over=vault_over(folder)) as found:
        yield found


def last_entry(server: Called) -> tuple[str, str, str, str]:
    entry = list(entries(server.serving.state))[-1]
    return entry.action, entry.subject, entry.outcome, entry.details


def test_personal_columns_are_told_to_who_may_read_them_and_noted_without_their_values(server: Called) -> None:
    told = server.client.get("/v1/customers/c00000/personal", headers=server.with_key("compliance"))
    assert told.status_code == 200
    assert told.json() == {"customer_id": "c00000", "personal": {"email": "c00000@mail.example"}}
    subject = customer_subject(server.serving.secret, "c00000")
    assert last_entry(server) == ("customer.personal", subject, "done", '{"fields":["email"]}')
    assert "mail.example" not in everything_in(server.serving.state)
    for role in ("analyst", "service", "admin", "executive"):
        refused = server.client.get("/v1/customers/c00000/personal", headers=server.with_key(role))
        assert refused.status_code == 403, role


def test_what_is_personal_of_another_branch_is_not_there(server: Called) -> None:
    for path in ("personal", "consent"):
        headers = server.with_key("branch manager", ["north"])
        assert server.client.get(f"/v1/customers/c00000/{path}", headers=headers).status_code == 200
        other = server.client.get(f"/v1/customers/c00001/{path}", headers=headers)
        unknown = server.client.get(f"/v1/customers/nobody/{path}", headers=headers)
        assert other.status_code == unknown.status_code == 404
        assert other.text.replace("c00001", "nobody") == unknown.text
    body = {"purposes": {"marketing": True}, "source": "till"}
    assert server.client.put("/v1/customers/c00001/consent", headers=headers, json=body).status_code == 404


def test_a_value_that_was_altered_is_told_to_nobody_and_noted(server: Called) -> None:
    vault = server.serving.vault
    assert vault is not None
    whose = VAULT.c.customer == vault.name_of("c00003")
    with server.serving.state.changing() as connection:
        connection.execute(update(VAULT).where(whose).values(sealed=b"x" * 60))
    told = server.client.get("/v1/customers/c00003/personal", headers=server.with_key("marketing"))
    assert told.status_code == 500
    assert "mail.example" not in told.text
    assert told.headers["content-type"] == "application/problem+json"
    subject = customer_subject(server.serving.secret, "c00003")
    assert last_entry(server)[:3] == ("customer.personal", subject, "damaged")


def test_compliance_finds_who_looked_at_a_customer(server: Called) -> None:
    headers = server.with_key("compliance")
    for path in ("", "/moves", "/personal"):
        server.client.get(f"/v1/customers/c00012{path}", headers=headers)
    server.client.get("/v1/customers/c00009", headers=headers)
    found = server.client.get("/v1/audit", params={"customer": "c00012"}, headers=headers).json()["entries"]
    assert [entry["action"] for entry in found] == ["customer.read", "customer.moves", "customer.personal"]
    assert "c00012" not in str(found)
    assert (
        server.client.get("/v1/audit", params={"customer": "never asked for"}, headers=headers).json()["entries"] == []
    )


def test_lists_asked_for_a_purpose_hold_only_those_who_consented(server: Called) -> None:
    headers = server.with_key("compliance")

    def listed(purpose: str, path: str = "/v1/customers", **more: str) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            asked = {"purpose": purpose, "limit": "2", **more} | ({"cursor": cursor} if cursor else {})
            told = server.client.get(path, params=asked, headers=headers).json()
            found += [row["customer_id"] for row in told["customers"]]
            cursor = told["cursor"]
            if cursor is None:
                assert told["total"] == len(found)
                return found

    assert listed("marketing") == []
    for number, given in ((0, True), (1, False), (5, True), (6, True), (10, True), (11, True)):
        body = {"purposes": {"marketing": given}, "source": "web form"}
        told = server.client.put(f"/v1/customers/c{number:05}/consent", headers=headers, json=body)
        assert told.status_code == 200, told.text
    assert listed("marketing") == ["c00000", "c00005", "c00006", "c00010", "c00011"]
    assert listed("marketing", tier="high") == ["c00000", "c00005", "c00010"]
    assert listed("marketing", "/v1/segments/tier/high/members") == ["c00000", "c00005", "c00010"]
    assert listed("marketing", "/v1/segments/rule/Even ones/members") == ["c00000", "c00006", "c00010"]
    assert listed("research") == []
    withdrawn = {"purposes": {"marketing": False}, "source": "phone"}
    told = server.client.put("/v1/customers/c00005/consent", headers=headers, json=withdrawn).json()
    marketing, research = told["consents"]
    assert (marketing["given"], marketing["source"]) == (False, "phone")
    assert research == {"purpose": "research", "given": False, "at": None, "source": None}
    assert listed("marketing") == ["c00000", "c00006", "c00010", "c00011"]
    branch = server.with_key("branch manager", ["north"])
    told = server.client.get("/v1/customers", params={"purpose": "marketing"}, headers=branch).json()
    assert [row["customer_id"] for row in told["customers"]] == ["c00000", "c00006"]


def test_consent_is_kept_for_declared_purposes_only_and_noted(server: Called) -> None:
    headers = server.with_key("service")
    body = {"purposes": {"selling": True}, "source": "web form"}
    told = server.client.put("/v1/customers/c00020/consent", headers=headers, json=body)
    assert told.status_code == 422
    assert "marketing, research" in told.text
    assert server.client.get("/v1/customers", params={"purpose": "selling"}, headers=headers).status_code == 422
    server.client.put(
        "/v1/customers/c00020/consent", headers=headers, json={"purposes": {"research": True}, "source": "web form"}
    )
    assert last_entry(server) == (
        "consent.set",
        customer_subject(server.serving.secret, "c00020"),
        "done",
        '{"purposes":{"research":true},"source":"web form"}',
    )
    refused = server.client.put("/v1/customers/c00020/consent", headers=server.with_key("marketing"), json=body)
    assert refused.status_code == 403


@pytest.mark.parametrize("body", ['{"purposes":{}, "source":"x"}', '{"purposes":{"marketing":"yes"},"source":"x"}',
    '{"purposes":{"marketing":true},"source":"\\u0000"}',
    '{"purposes":{"\\ud800":true},"source":"x"}', '{"purposes":{"marketing":true},"source":"\\ud800"}', "[]"])  # fmt: skip
def test_consent_that_cannot_be_read_is_refused(server: Called, body: str) -> None:
    headers = server.with_key("compliance") | {"Content-Type": "application/json"}
    told = server.client.put("/v1/customers/c00000/consent", headers=headers, content=body)
    assert told.status_code in (400, 422), told.text


def test_a_customer_is_found_by_id_and_by_pseudonym_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = served_workspace(tmp_path / "shop", customers=COUNT)
    plain = vault_over(folder)
    names: dict[str, str] = {}

    def by_pseudonym(state: State) -> Vault:
        vault = plain(state)
        names.update({one: vault.pseudonyms.of(one) for one in customer_ids(COUNT)})
        return Vault(vault.state, vault.keyring, vault.wrapping, vault.pseudonyms, replaces_ids=True)

    monkeypatch.setattr("served_workspace.customer_ids", lambda count: sorted(names.values()))
    with called(folder, vault_over=by_pseudonym) as server:
        from served_workspace import publish

        publish(folder, minute=1)
        server.serving.current.look()
        headers = server.with_key("compliance")
        for path in ("", "/moves", "/personal", "/consent"):
            by_id = server.client.get(f"/v1/customers/c00004{path}", headers=headers)
            assert by_id.status_code == 200, by_id.text
            assert by_id.json() == server.client.get(f"/v1/customers/{names['c00004']}{path}", headers=headers).json()
            assert by_id.json()["customer_id"] == names["c00004"]
        assert server.client.get("/v1/customers/c99999", headers=headers).status_code == 404
        found = server.client.get("/v1/audit", params={"customer": "c00004"}, headers=headers).json()["entries"]
        assert len(found) == 8


def test_all_that_is_held_of_a_customer_is_given_in_one_answer(server: Called) -> None:
    headers = server.with_key("compliance")
    said = {"purposes": {"research": True}, "source": "letter"}
    server.client.put("/v1/customers/c00015/consent", headers=headers, json=said)
    bought = {"event_id": "x1", "customer_id": "c00015", "occurred_at": "2026-11-01T10:00:00Z", "amount": "7.50"}
    server.client.post("/v1/transactions", headers=server.with_key("service"), json={"items": [bought]})
    told = server.client.get("/v1/customers/c00015/export", headers=headers).json()
    assert told["customer_id"] == "c00015"
    assert told["personal"] == {"email": "c00015@mail.example"}
    assert [one["given"] for one in told["consents"]] == [False, True]
    assert told["release"]["score"]["expected_value"] == 25.0
    assert [(one["event_id"], one["told"]) for one in told["events"]] == [("x1", {"amount": "7.5"})]
    assert told["overrides"] == []
    assert [entry["action"] for entry in told["audit"]] == ["consent.set", "customer.export"]
    for role in ("marketing", "branch manager", "service"):
        branches = ["north"] if role == "branch manager" else None
        assert (
            server.client.get("/v1/customers/c00015/export", headers=server.with_key(role, branches)).status_code == 403
        )


def test_who_has_bought_nothing_is_known_to_those_who_see_all_branches(server: Called) -> None:
    vault = server.serving.vault
    assert vault is not None
    put_personal(vault, {vault.name_of("newcomer"): {"email": "newcomer@mail.example"}})
    whole, one_branch = server.with_key("compliance"), server.with_key("branch manager", ["north"])
    for path in ("personal", "consent"):
        assert server.client.get(f"/v1/customers/newcomer/{path}", headers=whole).status_code == 200
        assert server.client.get(f"/v1/customers/newcomer/{path}", headers=one_branch).status_code == 404
    told = server.client.get("/v1/customers/newcomer/export", headers=whole).json()
    assert (told["release"], told["personal"]) == (None, {"email": "newcomer@mail.example"})
