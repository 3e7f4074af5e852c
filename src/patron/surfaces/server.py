"""Serve a workspace: one process that answers, or several behind one port."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn
from fastapi import FastAPI

from patron.credentials import PREFIX, Credentials, read_credentials
from patron.errors import UsageError
from patron.governance.accounts.people import first_admin
from patron.governance.accounts.secrets import new_token, server_secret
from patron.governance.audit.anchors import anchors_of
from patron.governance.audit.chain import Act
from patron.governance.audit.writer import AuditWriter
from patron.governance.providers.mapped import checked
from patron.governance.state.of_workspace import state_of_workspace
from patron.live.now import LiveValues
from patron.login_terms import OidcSettings
from patron.pipeline.kept_state import vault_of_workspace
from patron.pipeline.workspace import Workspace
from patron.reports.served.by_data import DataScorings
from patron.reports.served.current import CurrentRelease
from patron.surfaces.api.app import make_app
from patron.surfaces.api.consented import Consented
from patron.surfaces.api.known_keys import KnownKeys
from patron.surfaces.api.password_desk import PasswordDesk
from patron.surfaces.api.rate import Rates
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.tracing import traces_of_environment
from patron.surfaces.what_is_set import what_is_set

if TYPE_CHECKING:
    from patron.governance.providers.provider import Provider

SECRET: Final = "server"  # noqa: S105  a credential's name
OIDC_SECRET: Final = "oidc"  # noqa: S105  a credential's name
HERE: Final = ("127.0.0.1", "::1", "localhost")
_WORKSPACE, _DEVELOPMENT = "PATRON_SERVED_WORKSPACE", "PATRON_SERVED_DEVELOPMENT"
_GRACE_SECONDS: Final = 20
_MOST_CONNECTIONS: Final = 2000
"""Of one process, idle ones too; what is asked over them is bounded more tightly (``guarding.MOST_AT_ONCE``)."""
STRANGERS_PER_SECOND: Final = 5.0
"""Logins and wrong keys of one address, for each process."""


@dataclass(frozen=True)
class Address:
    """Where a server listens, and how it is reached. ``certificate`` and ``key`` are PEM files; ``proxy`` is the
    address of one in front that does the encryption, and is believed about where requests come from."""

    host: str = "127.0.0.1"
    port: int = 8321
    workers: int = 1
    certificate: Path | None = None
    key: Path | None = None
    proxy: str = ""


@dataclass(frozen=True)
class FirstAdmin:
    """The account that the first start makes, and its one-time password."""

    name: str
    password: str


def prepared(folder: Path, address: Address, *, development: bool = False) -> FirstAdmin | None:
    """Make ready to serve a workspace: its state, and where nobody is there yet the first administrator, who is given back.

    UsageError, before anything listens, for a way of serving that would not be safe.
    """
    _refuse_unsafe(address, development=development)
    workspace = Workspace.at(folder)
    if development and SECRET not in read_credentials(workspace.folder):
        os.environ[f"{PREFIX}{SECRET.upper()}"] = new_token()  # for the processes of this start, and gone with them
    serving = serving_of_workspace(workspace.folder, development=development)
    made = first_admin(serving.state, lambda person: Act("server", "", "server", "", "account.add", person.name))
    serving.close()
    os.environ |= {_WORKSPACE: str(workspace.folder.resolve()), _DEVELOPMENT: "1" if development else ""}
    return FirstAdmin(made[0].name, made[1]) if made else None


def serve(address: Address) -> None:
    """Serve what was ``prepared`` until stopped."""
    with _figures_together(address.workers):
        _run(address)


def _run(address: Address) -> None:
    uvicorn.run(
        "patron.surfaces.server:app_of_environment",
        factory=True,
        host=address.host,
        port=address.port,
        workers=address.workers,
        ssl_certfile=address.certificate,
        ssl_keyfile=address.key,
        proxy_headers=bool(address.proxy),
        forwarded_allow_ips=address.proxy or None,
        server_header=False,
        date_header=True,
        access_log=False,
        log_level="warning",
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


@contextmanager
def _figures_together(workers: int) -> Iterator[None]:
    """Where several processes answer, a folder for their figures, gone afterwards; it must be known before any is counted."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="patron-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def app_of_environment() -> FastAPI:
    """What a worker process serves: the workspace that its parent named."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("patron.server").setLevel(logging.INFO)
    serving = serving_of_workspace(Path(os.environ[_WORKSPACE]), development=bool(os.environ[_DEVELOPMENT]))
    return make_app(replace(serving, traces=traces_of_environment(os.environ)))


def serving_of_workspace(folder: Path, *, development: bool = False) -> Serving:
    """Everything that a process needs to answer for a workspace."""
    workspace = Workspace.at(folder)
    settings, credentials = workspace.settings, read_credentials(workspace.folder)
    secret = server_secret(credentials.secret(SECRET).reveal() if SECRET in credentials else None)
    state = state_of_workspace(workspace.folder, settings.server.state, credentials)
    vault = vault_of_workspace(workspace.folder, settings, credentials, state)
    return Serving(
        workspace=workspace.folder,
        settings=settings.server,
        contract=settings.value,
        earliest=date.fromisoformat(settings.quality.earliest),
        secret=secret,
        state=state,
        audit=AuditWriter(state),
        current=CurrentRelease(workspace.folder, what_is_set(state)),
        rates=Rates(settings.server.requests_per_second),
        strangers=Rates(STRANGERS_PER_SECOND),
        keys=KnownKeys(state, secret),
        passwords=PasswordDesk(),
        live=LiveValues(state, settings.value),
        scorings=DataScorings(),
        consented=Consented(state),
        purposes=settings.privacy.purposes,
        vault=vault,
        development=development,
        anchors=anchors_of(workspace.folder, settings.server.audit, credentials),
        provider=_provider(settings.server.oidc, credentials),
        overrides=settings.overrides,
        reviews=settings.reviews,
    )


def _provider(settings: OidcSettings, credentials: Credentials) -> Provider | None:
    """Whoever else knows people, where the settings name one."""
    if not settings.is_on:
        return None
    try:
        from patron.governance.providers.provider import Provider
    except ModuleNotFoundError as error:
        raise UsageError(
            "A login by a provider needs packages that are not installed.", to_do="Run: pip install 'patron[oidc]'"
        ) from error
    return Provider(checked(settings), credentials.secret(OIDC_SECRET))


def _refuse_unsafe(address: Address, *, development: bool) -> None:
    if (address.certificate is None) != (address.key is None):
        raise UsageError("A certificate and its key belong together.", to_do="Give both --certificate and --key.")
    if address.host in HERE:
        return
    if development:
        raise UsageError(
            f"--development answers on this computer only, not on {address.host}.",
            to_do="Leave --host away, or leave --development away and set PATRON_SECRET_SERVER.",
        )
    if address.certificate is None and not address.proxy:
        raise UsageError(
            f"Passwords and keys would cross the network to {address.host} in plain text.",
            to_do="Give --certificate and --key, or --behind-proxy with the address of one that does the encryption.",
        )
