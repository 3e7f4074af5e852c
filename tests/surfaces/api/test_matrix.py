"""Every route, every role, every scope: nobody gets what they may not have, nobody is kept from what they may."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from patron.governance.roles import ALLOWED, NEEDS_BRANCHES, Permission, Role
from patron.surfaces.api import app as app_module
from patron.surfaces.api.allowed import NEEDS, NOBODY, undeclared
from served_workspace import branch_of, customer_ids, served_workspace
from surfaces.api.called import Called, called

COUNT = 60
FILLED = {"customer_id": "c00000", "view_name": "tier", "group": "high", "name": "nobody", "key_id": "nothing"}
EXPECTED = {
    "admin": "accounts.manage audit.read metrics.read groups.read models.read portfolio.read quality.read releases.read runs.read account.own",
    "executive": "groups.read portfolio.read releases.read models.read account.own",
    "marketing": "groups.read portfolio.read releases.read customers.read account.own",
    "branch manager": "groups.read portfolio.read releases.read customers.read account.own",
    "analyst": "groups.read portfolio.read releases.read customers.read models.read quality.read runs.read account.own",
    "engineer": "releases.read models.read quality.read runs.read metrics.read account.own",
    "compliance": "groups.read portfolio.read releases.read customers.read models.read quality.read audit.read account.own",
    "service": "customers.read groups.read portfolio.read releases.read",
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


def test_every_role_gets_what_it_may_and_is_refused_the_rest_on_every_route(server: Called) -> None:
    unexpected = []
    for role in Role:
        scopes = [["north"], ["north", "south"]] + ([] if role in NEEDS_BRANCHES else [None])
        for branches in scopes:
            headers = server.with_key(role.value, branches)
            for method, path, needs in routes(server.app):
                told = server.client.request(method, filled(path), headers=headers, json={})
                allowed = needs == NOBODY or needs in EXPECTED[role.value].split()
                refused = told.status_code == 403 and "may not do this" in told.text
                if refused == allowed or told.status_code == 401 or told.status_code >= 500:
                    unexpected.append((role.value, branches, method, path, told.status_code))
    assert unexpected == []


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
    assert set(open_to_all) == {"GET /health", "GET /ready", "GET /v1/openapi.json", "POST /v1/session"}


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


def test_figures_of_few_customers_are_hidden_from_who_sees_figures_only(server: Called) -> None:
    for role, hidden in (("executive", True), ("admin", True), ("analyst", False), ("marketing", False)):
        told = server.client.get("/v1/branches", headers=server.with_key(role)).json()["groups"]
        lonely = next(group for group in told if group["name"] == "lonely")
        assert lonely["hidden"] is hidden, role
        assert (lonely["customers"] is None) is hidden
        scoped = server.client.get("/v1/portfolio", headers=server.with_key(role, ["lonely"])).json()
        assert (scoped["customers"] is None) is hidden


def test_permissions_are_all_somebodys() -> None:
    assert {one for allowed in ALLOWED.values() for one in allowed} == set(Permission)
