"""The API in a test: an app over a served workspace, and clients for whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update

from patron.governance.accounts.keys import make_key
from patron.governance.accounts.people import add_person, change_password
from patron.governance.accounts.secrets import new_id, passing_secret
from patron.governance.accounts.sessions import begin_session
from patron.governance.audit.writer import AuditWriter
from patron.governance.state.opened import State, open_state
from patron.governance.state.tables import PEOPLE
from patron.governance.vault.vault import Vault
from patron.reports.served.current import CurrentRelease
from patron.settings import ServerSettings
from patron.surfaces.api.app import make_app
from patron.surfaces.api.consented import Consented
from patron.surfaces.api.known_keys import KnownKeys
from patron.surfaces.api.password_desk import PasswordDesk
from patron.surfaces.api.rate import Rates
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import COOKIE

PASSWORD = "three odd wet otters"  # noqa: S105  of accounts that tests make


@dataclass(frozen=True)
class Called:
    """A running app and what it holds."""

    app: FastAPI
    serving: Serving
    client: TestClient

    def with_key(self, role: str, branches: list[str] | None = None) -> dict[str, str]:
        """The headers of a new key of this role."""
        _, sent = make_key(
            self.serving.state, self.serving.secret, role, made_by="test", days=1, role=role, branches=branches
        )
        return {"Authorization": f"Bearer {sent}"}

    def as_person(self, role: str, branches: list[str] | None = None) -> dict[str, str]:
        """The headers of a new person of this role who has logged in, their changes' token among them."""
        state, secret = self.serving.state, self.serving.secret
        person, _ = add_person(state, new_id(), role, branches)
        with state.changing() as connection:
            connection.execute(update(PEOPLE).where(PEOPLE.c.id == person.id).values(must_change=False))
        token, csrf = begin_session(state, secret, person, "")
        return {"Cookie": f"{COOKIE}={token}", "X-CSRF-Token": csrf}

    def log_in(self, name: str, role: str, branches: list[str] | None = None) -> dict[str, str]:
        """Make a person, change the one-time password, log in: the header that changes must carry; the cookie is the client's."""
        person, password = add_person(self.serving.state, name, role, branches)
        change_password(self.serving.state, person, password, PASSWORD)
        told = self.client.post("/v1/session", json={"name": name, "password": PASSWORD})
        assert told.status_code == 201, told.text
        return {"X-CSRF-Token": told.json()["csrf_token"]}


@contextmanager
def called(
    workspace: Path,
    *,
    requests_per_second: float = 1e6,
    strangers_per_second: float = 1e6,
    least_cell: int = 5,
    purposes: tuple[str, ...] = (),
    vault_over: Callable[[State], Vault] | None = None,
) -> Iterator[Called]:
    """The app over a workspace, with a state of its own beside it."""
    state = open_state(f"sqlite:///{workspace / 'state.sqlite'}")
    settings = ServerSettings(least_cell=least_cell, requests_per_second=requests_per_second)
    secret = passing_secret()
    serving = Serving(
        workspace=workspace,
        settings=settings,
        secret=secret,
        state=state,
        audit=AuditWriter(state),
        current=CurrentRelease(workspace),
        rates=Rates(settings.requests_per_second),
        strangers=Rates(strangers_per_second),
        keys=KnownKeys(state, secret),
        passwords=PasswordDesk(),
        consented=Consented(state),
        purposes=purposes,
        vault=vault_over(state) if vault_over else None,
        development=True,
    )
    with client_of(serving) as found:
        yield found


@contextmanager
def client_of(serving: Serving) -> Iterator[Called]:
    """The app that answers from this, running."""
    app = make_app(serving)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Called(app, serving, client)
