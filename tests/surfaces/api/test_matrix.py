"""Every route, every role, every scope: nobody gets what they may not have, nobody is kept from what they may."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from patron.governance.accounts.keys import make_key
from patron.governance.roles import ALLOWED, NEEDS_BRANCHES, OF_ALL_BRANCHES, Permission, Role
from patron.surfaces.api import app as app_module
from patron.surfaces.api.allowed import NEEDS, NOBODY, undeclared
from served_workspace import branch_of, customer_ids, served_workspace
from surfaces.api.called import Called, called

COUNT = 60
FILLED = {
    "customer_id": "c00000",
    "view_name": "tier",
    "group": "high",
    "name": "nobody",
    "key_id": "nothing",
    "run_id": "nothing",
    "change_id": "nothing",
    "override_id": "nothing",
    "review_id": "nothing",
}
EXPECTED = {
    "admin": "accounts.manage audit.read events.tell runs.read runs.start metrics.read groups.read models.read portfolio.read releases.read account.own",
    "executive": "groups.read portfolio.read releases.read models.read account.own",
    "marketing": "groups.read portfolio.read releases.read customers.read score.data account.own overrides.write "
    "reviews.read reviews.decide personal.read consent.read",
    "branch manager": "groups.read portfolio.read releases.read customers.read score.data account.own overrides.write "
    "overrides.approve reviews.read reviews.decide personal.read consent.read consent.manage",
    "analyst": "groups.read portfolio.read releases.read customers.read models.read runs.read score.data account.own "
    "overrides.write overrides.approve reviews.read reviews.decide",
    "engineer": "releases.read models.read metrics.read events.tell runs.read runs.start account.own",
    "compliance": "groups.read portfolio.read releases.read customers.read models.read audit.read runs.read account.own "
    "overrides.approve reviews.read personal.read customers.export consent.read consent.manage",
    "service": "customers.read groups.read portfolio.read releases.read events.tell score.data consent.read "
    "consent.manage",
}
"""Written down a second time, on purpose: a change of what a role may do must be made in two places."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    with called(served_workspace(tmp_path_factory.mktemp("matrix") / "shop", customers=COUNT)) as found:
        yield found


def routes(app: FastAPI) -> list[tuple[str, str, str]]:
    """Method, path and what it needs, of every route."""
    found = []
    for route in app.routes:
        assert isinstance(route, APIRoute)
        found += [(method, route.path, str((route.openapi_extra or {})[NEEDS])) for method in route.methods]
    return sorted(found)


def filled(path: str) -> str:
    for name, value in FILLED.items():
        path = path.replace("{" + name + "}", value)
    assert "{" not in path, path
    return path


def test_roles_may_do_what_is_written_down_here() -> None:
    assert {role.value: {one.value for one in allowed} for role, allowed in ALLOWED.items()} == {
        role: set(allowed.split()) for role, allowed in EXPECTED.items()
    }


def may(role: str, needs: str, via: str, branches: list[str] | None) -> bool:
    """What is expected, from what is written down above."""
    if needs == NOBODY:
        return True
    if via == "key" and needs in ("accounts.manage", "account.own"):
        return False
    if branches is not None and needs in ("models.read", "audit.read", "events.tell", "runs.read", "runs.start"):
        return False
    return needs in EXPECTED[role].split()


def test_every_role_gets_what_it_may_and_is_refused_the_rest_on_every_route(server: Called) -> None:
    unexpected, asked = [], 0
    found = sorted(routes(server.app), key=lambda one: one[:2] == ("DELETE", "/v1/session"))  # which ends the session
    for role in Role:
        for via in ("key", "session"):
            for branches in scopes(role):
                headers = (server.with_key if via == "key" else server.as_person)(role.value, branches)
                for method, path, needs in found:
                    told = server.client.request(method, filled(path), headers=headers, json={})
                    refused = told.status_code == 403 and "may not do this" in told.text
                    asked += 1
                    if refused == may(role.value, needs, via, branches) or told.status_code in (401, 429, 500, 503):
                        unexpected.append((role.value, via, branches, method, path, told.status_code))
    assert unexpected == []
    assert asked > 800


def scopes(role: Role) -> list[list[str] | None]:
    """The scopes that a role can have: all branches, one, several."""
    if role in NEEDS_BRANCHES:
        return [["north"], ["north", "south"]]
    return [None] if ALLOWED[role] & OF_ALL_BRANCHES else [None, ["north"]]


def test_nobody_gets_anything_without_showing_who_they_are(server: Called) -> None:
    open_to_all = []
    for method, path, needs in routes(server.app):
        for headers in (
            {},
            {"Authorization": "Bearer patron_x_y"},
            {"Authorization": "Basic eDp5"},
            {"Cookie": "patron_session=x"},
        ):
            told = server.client.request(method, filled(path), headers=headers, json={})
            if needs == NOBODY:
                open_to_all.append(f"{method} {path}")
            else:
                assert told.status_code == 401, (method, path, headers)
                assert told.headers["content-type"] == "application/problem+json"
    assert set(open_to_all) == {
        "GET /health", "GET /ready", "GET /v1/openapi.json", "POST /v1/session", "GET /v1/session/oidc",
        "GET /v1/session/oidc/callback",
    }  # fmt: skip


def test_a_customer_of_another_branch_is_not_there(server: Called) -> None:
    for branches in (["north"], ["south", "west"], ["lonely"], ["nowhere"]):
        headers = server.with_key("branch manager", branches)
        for number, customer in enumerate(customer_ids(COUNT)):
            theirs = branch_of(number) in branches
            for path in ("", "/moves"):
                told = server.client.get(f"/v1/customers/{customer}{path}", headers=headers)
                assert told.status_code == (200 if theirs else 404), (branches, customer, path)
                if not theirs:
                    unknown = server.client.get(f"/v1/customers/zzz{path}", headers=headers).json()
                    assert told.json() == {**unknown, "detail": unknown["detail"].replace("zzz", customer)}
        listed = server.client.get("/v1/customers", params={"limit": 1000}, headers=headers).json()
        assert listed["total"] == sum(branch_of(number) in branches for number in range(COUNT))
        reasons = server.client.get("/v1/customers/c00009/reasons", headers=headers)
        assert reasons.status_code == 404  # of no branch


def test_a_route_that_does_not_say_what_it_needs_stops_the_start(
    server: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgotten:
        routes = APIRouter()

    @Forgotten.routes.get("/v1/forgotten")
    def forgotten() -> str:
        return "everything"

    monkeypatch.setattr(app_module, "_ROUTES", (*app_module._ROUTES, Forgotten))
    with pytest.raises(ValueError, match="/v1/forgotten"):
        app_module.make_app(server.serving)
    assert undeclared(server.app) == []


def test_figures_of_few_customers_are_hidden_from_who_sees_no_customers(server: Called) -> None:
    for role, hidden in (("executive", True), ("admin", True), ("analyst", False), ("marketing", False)):
        told = server.client.get("/v1/branches", headers=server.with_key(role)).json()["groups"]
        lonely = next(group for group in told if group["name"] == "lonely")
        assert lonely["hidden"] is hidden, role
        assert (lonely["customers"] is None) is hidden
        shown = [group["customers"] for group in told if not group["hidden"]]
        assert (COUNT - sum(shown) >= 5) is hidden  # the total less the others tells of nobody either
        if role != "admin":
            scoped = server.client.get("/v1/portfolio", headers=server.with_key(role, ["lonely"])).json()
            assert (scoped["customers"] is None) is hidden


def test_a_key_that_may_not_read_customers_sees_no_small_cells_whatever_its_role(server: Called) -> None:
    _, sent = make_key(
        server.serving.state, server.serving.secret, "bi", made_by="test", days=1, role="marketing",
        permissions=["portfolio.read", "groups.read"],
    )  # fmt: skip
    told = server.client.get("/v1/branches", headers={"Authorization": f"Bearer {sent}"}).json()["groups"]
    assert next(group for group in told if group["name"] == "lonely")["customers"] is None


def test_who_is_held_to_a_branch_is_not_told_how_many_customers_there_are(server: Called) -> None:
    for path in ("/v1/releases", "/v1/releases/current"):
        scoped = server.client.get(path, headers=server.with_key("branch manager", ["north"]))
        assert "60" not in scoped.text.replace(server.serving.current.snapshot.id, "")
        assert server.client.get(path, headers=server.with_key("analyst")).text.count("60") >= 1


def test_every_permission_is_somebodys_and_is_needed_by_a_route(server: Called) -> None:
    assert {one for allowed in ALLOWED.values() for one in allowed} == set(Permission)
    assert {needs for *_, needs in routes(server.app)} - {NOBODY} == {one.value for one in Permission}
