"""The API in a test: an app over a served workspace, and clients for whoever asks."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy import update

from patron.governance.accounts.keys import make_key
from patron.governance.accounts.people import add_person, change_password
from patron.governance.accounts.secrets import new_id, passing_secret
from patron.governance.accounts.sessions import begin_session
from patron.governance.audit.anchors import Anchors
from patron.governance.audit.writer import AuditWriter
from patron.governance.providers.provider import Provider
from patron.governance.state.opened import State, open_state
from patron.governance.state.tables import PEOPLE
from patron.governance.vault.vault import Vault
from patron.live.now import LiveValues
from patron.pipeline.started.record import RUNS, RunRecord, say, write_record
from patron.reports.served.by_data import DataScorings
from patron.reports.served.current import CurrentRelease
from patron.settings import OverrideSettings, ReviewSettings, ServerSettings, Value
from patron.surfaces.api.app import make_app
from patron.surfaces.api.consented import Consented
from patron.surfaces.api.cookies import COOKIE
from patron.surfaces.api.known_keys import KnownKeys
from patron.surfaces.api.password_desk import PasswordDesk
from patron.surfaces.api.rate import Rates
from patron.surfaces.api.serving import Serving
from patron.surfaces.what_is_set import what_is_set

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


def pretended_run(folder: Path, asked_by: str, *, again: bool = False) -> RunRecord:
    """A run that is over as soon as it is started, without a process."""
    now = datetime.now(UTC)
    record = RunRecord(f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(8)}", asked_by, now.isoformat(), again, "published")
    home = folder / RUNS / record.id
    home.mkdir(parents=True)
    write_record(home, record)
    say(home, "begins", now, step="ingest", title="Read the files")
    say(home, "ended", now, status="published")
    return record


@contextmanager
def called(
    workspace: Path,
    *,
    requests_per_second: float = 1e6,
    strangers_per_second: float = 1e6,
    least_cell: int = 5,
    four_eyes: bool = False,
    provider: Provider | None = None,
    anchors: Anchors | None = None,
    traces: TracerProvider | None = None,
    overrides: OverrideSettings = OverrideSettings(),
    reviews: ReviewSettings = ReviewSettings(),
    purposes: tuple[str, ...] = (),
    vault_over: Callable[[State], Vault] | None = None,
) -> Iterator[Called]:
    """The app over a workspace, with a state of its own beside it."""
    state = open_state(f"sqlite:///{workspace / 'state.sqlite'}")
    settings = ServerSettings(least_cell=least_cell, requests_per_second=requests_per_second, four_eyes=four_eyes)
    secret = passing_secret()
    serving = Serving(
        workspace=workspace,
        settings=settings,
        contract=Value(),
        earliest=date(1970, 1, 2),
        secret=secret,
        state=state,
        audit=AuditWriter(state),
        current=CurrentRelease(workspace, what_is_set(state)),
        rates=Rates(settings.requests_per_second),
        strangers=Rates(strangers_per_second),
        keys=KnownKeys(state, secret),
        passwords=PasswordDesk(),
        live=LiveValues(state, Value()),
        start_run=pretended_run,
        scorings=DataScorings(),
        consented=Consented(state),
        purposes=purposes,
        vault=vault_over(state) if vault_over else None,
        development=True,
        provider=provider,
        anchors=anchors,
        traces=traces,
        overrides=overrides,
        reviews=reviews,
    )
    with client_of(serving) as found:
        yield found


@contextmanager
def client_of(serving: Serving) -> Iterator[Called]:
    """The app that answers from this, running."""
    app = make_app(serving)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Called(app, serving, client)
