"""Login by another provider: who is let in, and that nothing forged, old, borrowed or said twice lets anybody in."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc.jwk import ECKey, RSAKey

from patron.credentials import Secret
from patron.errors import SettingsError, UnknownName, UsageError
from patron.governance.accounts.outside import add_outside_person
from patron.governance.accounts.people import add_person, change_person, people, reset_password
from patron.governance.audit.chain import Entry, entries
from patron.governance.providers import provider as provider_module
from patron.governance.providers import starts
from patron.governance.providers.mapped import checked
from patron.governance.providers.provider import Provider
from patron.governance.roles import Role
from patron.login_terms import OidcSettings
from patron.settings import read_settings
from served_workspace import SETTINGS, served_workspace
from surfaces.api.called import Called, called
from surfaces.api.own_provider import (
    CLIENT,
    SECRET,
    OwnProvider,
    altered,
    by_another_key,
    by_shared_secret,
    own_provider,
    unsigned,
)

REDIRECT = "http://localhost/v1/session/oidc/callback"
ROLES = {"admins": "admin", "analysts": "analyst", "managers": "branch manager"}


def settings_of(issuer: str, **more: Any) -> OidcSettings:
    told: dict[str, Any] = {"issuer": issuer, "client_id": CLIENT, "redirect": REDIRECT, "roles": ROLES}
    return OidcSettings(**told | {"make_accounts": True} | more)


@pytest.fixture(scope="module")
def outside() -> Iterator[OwnProvider]:
    with own_provider() as found:
        yield found


@pytest.fixture
def knows(outside: OwnProvider, tmp_path: Path) -> Iterator[Callable[..., Called]]:
    """A server that takes the provider's word, with these settings."""
    outside.bend = outside.named = None
    opened = []

    def with_settings(**more: Any) -> Called:
        provider = Provider(settings_of(outside.issuer, **more), Secret(SECRET))
        context = called(served_workspace(tmp_path / "shop"), provider=provider)
        opened.append(context)
        return context.__enter__()

    yield with_settings
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def one_server(outside: OwnProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    provider = Provider(settings_of(outside.issuer), Secret(SECRET))
    with called(served_workspace(tmp_path_factory.mktemp("oidc") / "shop"), provider=provider) as found:
        yield found


@pytest.fixture
def closed(one_server: Called, outside: OwnProvider) -> Iterator[Called]:
    """A server for tests in which nobody is let in."""
    outside.bend = outside.named = None
    one_server.client.cookies.clear()
    yield one_server
    assert people(one_server.serving.state) == ()
    assert "patron_session" not in one_server.client.cookies


@pytest.fixture
def server(knows: Callable[..., Called]) -> Called:
    return knows()


def begun(server: Called) -> str:
    """Where a browser is sent to log in."""
    told = server.client.get("/v1/session/oidc", follow_redirects=False)
    assert told.status_code == 303, told.text
    return str(told.headers["location"])


def back(server: Called, **told: str) -> httpx2.Response:
    return server.client.get("/v1/session/oidc/callback", params=told)


def logged_in(server: Called, outside: OwnProvider, **claims: Any) -> httpx2.Response:
    """The answer to a browser that logged in at the provider."""
    return back(server, **outside.logs_in(begun(server), **claims))


def last_refusal(server: Called) -> Entry:
    return [entry for entry in entries(server.serving.state) if entry.outcome == "refused"][-1]


def test_a_browser_is_sent_to_the_provider_with_what_binds_the_login_to_it(
    closed: Called, outside: OwnProvider
) -> None:
    told = closed.client.get("/v1/session/oidc?next=https://evil.example", follow_redirects=False)
    place = urlsplit(told.headers["location"])
    asked = {name: values[0] for name, values in parse_qs(place.query).items()}
    assert f"{place.scheme}://{place.netloc}{place.path}" == f"{outside.issuer}/authorize"
    assert (asked["redirect_uri"], asked["code_challenge_method"], asked["response_type"]) == (REDIRECT, "S256", "code")
    cookie = told.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "evil" not in told.headers["location"]
    for hidden in (asked["nonce"], asked["code_challenge"]):
        assert hidden not in cookie
    assert len({begun(closed) for _ in range(3)}) == 3


def test_who_the_provider_knows_is_logged_in_like_anybody_else(server: Called, outside: OwnProvider) -> None:
    told = logged_in(server, outside)
    assert told.status_code == 200, told.text
    assert 'content="0;url=/v1/session"' in told.text
    (session,) = [one for one in told.headers.get_list("set-cookie") if one.startswith("patron_session=")]
    assert "SameSite=strict" in session
    assert "HttpOnly" in session
    who = server.client.get("/v1/session").json()
    assert (who["name"], who["role"], who["must_change_password"]) == ("marie@bank.example", "analyst", False)
    assert server.client.get("/v1/customers/c00001").status_code == 200
    assert server.client.request("DELETE", "/v1/session").status_code == 403
    assert server.client.delete("/v1/session", headers={"X-CSRF-Token": who["csrf_token"]}).status_code == 204
    assert server.client.get("/v1/account").status_code == 401
    actions = [entry.action for entry in entries(server.serving.state)]
    assert actions == ["account.add", "session.begin", "customer.read", "session.end"]


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": "another"}, "another server"),
        ({"aud": []}, "another server"),
        ({"aud": [CLIENT, "another"]}, "several servers"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "another server"),
        ({"iss": "http://127.0.0.1:1"}, "another provider"),
        ({"nonce": "0" * 64}, "another login"),
        ({"nonce": ...}, "another login"),
        ({"nonce": "\ud800"}, "another login"),
        ({"exp": 1}, "has ended"),
        ({"exp": ...}, "when it was made"),
        ({"exp": "tomorrow"}, "when it was made"),
        ({"exp": True}, "when it was made"),
        ({"iat": 2**40, "exp": 2**41}, "not hold yet"),
        ({"nbf": 2**40}, "not hold yet"),
        ({"nbf": None}, "not hold yet"),
        ({"sub": ...}, "whom it is about"),
        ({"sub": ""}, "whom it is about"),
        ({"sub": "x" * 256}, "whom it is about"),
        ({"sub": ["u1"]}, "whom it is about"),
    ],
)
def test_a_token_of_another_server_provider_login_or_time_lets_nobody_in(
    closed: Called, outside: OwnProvider, claims: dict[str, Any], why: str
) -> None:
    told = logged_in(closed, outside, **claims)
    assert (told.status_code, told.headers["content-type"]) == (401, "application/problem+json")
    assert why in told.json()["detail"]
    assert closed.client.get("/v1/account").status_code == 401
    assert why in json.loads(last_refusal(closed).details)["why"]


@pytest.mark.parametrize(
    "bend",
    [
        unsigned,
        by_shared_secret,
        by_another_key,
        altered,
        lambda _, __: "a.b.c",
        lambda _, __: "",
        lambda provider, claims: provider.signed(claims, kid="made up"),
        lambda provider, claims: provider.signed(claims, ECKey.generate_key("P-256", {"kid": "first"})),
    ],
)
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(closed: Called, outside: OwnProvider, bend: Any) -> None:
    outside.bend = bend
    told = logged_in(closed, outside)
    assert (told.status_code, told.headers["content-type"]) == (401, "application/problem+json")
    assert last_refusal(closed).action == "session.begin"


def test_an_answer_is_taken_once_and_only_from_the_browser_that_began(server: Called, outside: OwnProvider) -> None:
    answer = outside.logs_in(begun(server))
    kept = dict(server.client.cookies)
    server.client.cookies.clear()
    assert "began in this browser" in back(server, **answer).json()["detail"]  # a link that somebody else was sent
    begun(server)
    assert "began in this browser" in back(server, **answer).json()["detail"]  # another login of this browser
    server.client.cookies.clear()
    for name, text in kept.items():
        server.client.cookies.set(name, text)
    assert back(server, **answer).status_code == 200
    server.client.cookies.clear()
    for name, text in kept.items():
        server.client.cookies.set(name, text)
    assert "used before" in back(server, **answer).json()["detail"]


def test_a_code_of_another_login_is_not_taken(closed: Called, outside: OwnProvider) -> None:
    stolen = outside.logs_in(begun(closed))["code"]
    mine = outside.logs_in(begun(closed))
    told = back(closed, code=stolen, state=mine["state"])
    assert (told.status_code, told.json()["detail"]) == (401, "The provider does not take the code of this login.")


@pytest.mark.parametrize("kept", ["", "x", "a.b.c", "a.1.ä", "..", "x" * 3000])
def test_a_start_that_was_made_up_is_none(closed: Called, kept: str) -> None:
    told = closed.client.get(
        "/v1/session/oidc/callback?code=1&state=a", headers={"Cookie": f"patron_oidc={kept}".encode()}
    )
    assert told.status_code == 401


def test_what_the_provider_refuses_and_what_came_too_late_is_refused(
    closed: Called, outside: OwnProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = outside.logs_in(begun(closed))
    assert back(closed, state=answer["state"], error="access_denied").status_code == 401
    answer = outside.logs_in(begun(closed))
    assert "another provider" in back(closed, **answer, iss="https://evil.example").json()["detail"]
    answer = outside.logs_in(begun(closed))
    assert back(closed, state=answer["state"]).status_code == 401
    answer = outside.logs_in(begun(closed))
    later = starts.now_in_microseconds() + 601_000_000
    monkeypatch.setattr(starts, "now_in_microseconds", lambda: later)
    assert "10 minutes ago" in back(closed, **answer).json()["detail"]


def test_a_new_key_of_the_provider_is_fetched_once_and_not_for_every_made_up_one(
    server: Called, outside: OwnProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert logged_in(server, outside).status_code == 200
    before, old = outside.keys_asked, list(outside.keys)
    outside.keys = [*old, ECKey.generate_key("P-256", {"kid": "second"})]
    assert logged_in(server, outside).status_code == 401  # asked a moment ago
    assert outside.keys_asked == before
    monkeypatch.setattr(provider_module, "LEAST_SECONDS_BETWEEN", 0)
    assert logged_in(server, outside).status_code == 200
    assert outside.keys_asked == before + 1
    outside.bend = lambda provider, claims: provider.signed(claims, RSAKey.generate_key(2048, {"kid": "made up"}))
    assert logged_in(server, outside).status_code == 401
    assert outside.keys_asked == before + 2
    outside.keys = old


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"groups": ["strangers"]}, "None of your groups"),
        ({"groups": ...}, "None of your groups"),
        ({"groups": {"admins": True}}, "None of your groups"),
        ({"groups": "managers"}, "branches that are theirs"),
        ({"email": ...}, "does not say your email"),
        ({"email": "a/b"}, "name of 1 to 100 signs"),
        ({"email": "x" * 101}, "name of 1 to 100 signs"),
        ({"email_verified": False}, "not verified"),
        ({"email_verified": ...}, "not verified"),
    ],
)
def test_who_has_no_role_no_branch_or_no_name_here_is_told_so_and_stays_out(
    closed: Called, outside: OwnProvider, claims: dict[str, Any], why: str
) -> None:
    told = logged_in(closed, outside, **claims)
    assert (told.status_code, told.headers["content-type"]) == (403, "application/problem+json")
    assert why in told.json()["detail"]
    assert told.json()["to_do"]
    assert json.loads(last_refusal(closed).details)["by"] == "provider"


def test_branches_come_from_the_provider_where_it_is_asked(knows: Callable[..., Called], outside: OwnProvider) -> None:
    server = knows(branches_claim="desks", branches={"n": "north", "everything": "*"})
    assert logged_in(server, outside, groups=["managers"], desks=["n", "unknown"]).status_code == 200
    assert server.client.get("/v1/session").json()["branches"] == ["north"]
    assert server.client.get("/v1/customers/c00001").status_code == 404  # of the south
    for wrong in ({"desks": ["unknown"]}, {"desks": ...}, {"desks": ["everything"]}):
        assert logged_in(server, outside, groups=["managers"], **wrong).status_code == 403
    for wrong in ({"desks": ["unknown"]}, {"desks": ...}):  # what the provider does not say is nothing, not everything
        assert logged_in(server, outside, groups=["analysts"], **wrong).status_code == 403
    assert logged_in(server, outside, groups=["analysts"], desks=["everything"]).status_code == 200
    assert server.client.get("/v1/session").json()["branches"] is None
    assert logged_in(server, outside, sub="u2", email="chef@bank.example", groups=["admins"]).status_code == 200


def test_a_new_role_at_the_provider_holds_from_the_next_login_and_is_noted(
    server: Called, outside: OwnProvider
) -> None:
    logged_in(server, outside, groups=["analysts"])
    cookies = dict(server.client.cookies)
    logged_in(server, outside, groups=["strangers", "admins", "analysts"], email="new@bank.example")
    (person,) = people(server.serving.state)
    assert (person.name, person.role) == ("marie@bank.example", Role.ADMIN)  # known by the subject, not by the name
    changed = [entry for entry in entries(server.serving.state) if entry.action == "account.change"]
    assert [json.loads(entry.details)["role"] for entry in changed] == ["admin"]
    server.client.cookies.clear()
    assert (
        server.client.get("/v1/account", headers={"Cookie": f"patron_session={cookies['patron_session']}"}).status_code
        == 401
    )
    told = logged_in(server, outside, groups=["analysts"])
    assert (told.status_code, told.json()["detail"]) == (403, "'marie@bank.example' is the only administrator.")


def test_a_closed_account_stays_closed_whatever_the_provider_says(server: Called, outside: OwnProvider) -> None:
    logged_in(server, outside)
    change_person(server.serving.state, "marie@bank.example", disabled=True)
    told = logged_in(server, outside, groups=["admins"])
    assert (told.status_code, told.json()["detail"]) == (403, "Your account is closed.")
    assert last_refusal(server).subject == "marie@bank.example"


def test_nobody_takes_over_an_account_by_its_name(server: Called, outside: OwnProvider) -> None:
    add_person(server.serving.state, "marie@bank.example", "admin")
    told = logged_in(server, outside)
    assert (told.status_code, "not known to be yours" in told.json()["detail"]) == (403, True)
    logged_in(server, outside, email="eve@bank.example")
    assert logged_in(server, outside, sub="u2", email="eve@bank.example").status_code == 403


def test_an_account_can_be_made_before_the_first_login(knows: Callable[..., Called], outside: OwnProvider) -> None:
    server = knows(make_accounts=False)
    told = logged_in(server, outside)
    assert (told.status_code, told.json()["detail"]) == (403, "You have no account in Patron.")
    admin = server.as_person("admin")
    body = {"name": "marie@bank.example", "role": "analyst", "by_provider": True}
    made = server.client.post("/v1/accounts", json=body, headers=admin)
    assert (made.status_code, made.json()["one_time_password"]) == (201, None)
    assert logged_in(server, outside).status_code == 200
    assert logged_in(server, outside, sub="u2").status_code == 403


def test_an_account_of_the_provider_has_no_password(server: Called, outside: OwnProvider) -> None:
    logged_in(server, outside)
    server.client.cookies.clear()
    told = []
    for name in ("marie@bank.example", "nobody@bank.example"):
        for password in ("!", "nobody has this password"):
            wrong = server.client.post("/v1/session", json={"name": name, "password": password})
            told.append((wrong.status_code, wrong.text))
    assert len(set(told)) == 1
    assert told[0][0] == 401
    with pytest.raises(UsageError, match="has no password"):
        reset_password(server.serving.state, "marie@bank.example")
    with pytest.raises(UsageError, match="an account 'marie@bank.example' already"):
        add_outside_person(server.serving.state, "marie@bank.example", "analyst")


def test_a_provider_that_cannot_be_reached_or_calls_itself_otherwise_is_told_and_noted(
    server: Called, outside: OwnProvider, tmp_path: Path
) -> None:
    gone = Provider(settings_of("http://127.0.0.1:9"), Secret(SECRET))
    with called(served_workspace(tmp_path / "gone"), provider=gone) as alone:
        told = alone.client.get("/v1/session/oidc", follow_redirects=False)
        assert (told.status_code, told.headers["content-type"]) == (503, "application/problem+json")
        assert "127.0.0.1" not in told.text
    outside.named = "https://evil.example"
    assert server.client.get("/v1/session/oidc", follow_redirects=False).status_code == 503


def test_without_a_provider_there_is_no_such_login(tmp_path: Path) -> None:
    with called(served_workspace(tmp_path / "shop")) as server:
        for path in ("", "/callback"):
            assert server.client.get(f"/v1/session/oidc{path}").status_code == 404


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('issuer = "https://id.example"', "needs client_id, redirect, roles too"),
        ('issuer = "http://id.example"', "must be an https address"),
        ('issuer = "https://me:pw@id.example"', "must be an https address"),
        ('landing = "//evil.example"', "leads to another server"),
        (
            'issuer = "https://id.example"\nclient_id = "p"\nredirect = "https://p.example/x"\nroles = { a = "admin" }',
            "must end with /v1/session/oidc/callback",
        ),
    ],
)
def test_settings_that_would_not_be_safe_are_refused(tmp_path: Path, lines: str, words: str) -> None:
    (tmp_path / "patron.toml").write_text(f"{SETTINGS}\n[server.oidc]\n{lines}\n", "utf-8")
    with pytest.raises(SettingsError, match=words):
        read_settings(tmp_path / "patron.toml", {})


def test_a_role_that_does_not_exist_is_refused_before_anything_is_served() -> None:
    with pytest.raises(UnknownName, match="No role named 'anlyst'"):
        checked(settings_of("https://id.example", roles={"a": "anlyst"}))


def test_a_person_logs_in_by_a_provider_that_others_wrote(tmp_path: Path) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    claims = {"sub": "marie", "email": "marie@bank.example", "email_verified": True, "groups": ["staff", "analysts"]}
    command = [sys.executable, "-m", "oidc_provider_mock", "-H", "127.0.0.1", "-p", str(port), "--user-claims"]
    process = subprocess.Popen([*command, json.dumps(claims)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        issuer = f"http://127.0.0.1:{port}"
        _wait_for(f"{issuer}/.well-known/openid-configuration")
        provider = Provider(settings_of(issuer), Secret(SECRET))
        with called(served_workspace(tmp_path / "shop"), provider=provider) as server:
            sent = httpx2.post(begun(server), data={"sub": "marie"}, timeout=10)
            answer = parse_qs(urlsplit(sent.headers["location"]).query)
            assert sent.headers["location"].startswith(REDIRECT)
            told = back(server, code=answer["code"][0], state=answer["state"][0])
            assert told.status_code == 200, told.text
            assert server.client.get("/v1/session").json()["role"] == "analyst"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            httpx2.get(url, timeout=2).raise_for_status()
        except (httpx2.HTTPError, OSError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError(url)
