"""The app: every route, guarded, with its problems told. One that has a route without a permission is not made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from patron.governance.audit.chain import head_of
from patron.surfaces.api.allowed import undeclared
from patron.surfaces.api.guarding import Guarding
from patron.surfaces.api.observing import Observing
from patron.surfaces.api.problems import LOG, Problem, tell_problems
from patron.surfaces.api.routes import (
    account,
    accounts,
    audit,
    customers,
    health,
    metrics,
    portfolio,
    privacy,
    releases,
)
from patron.surfaces.api.serving import Serving
from patron.version import VERSION

_ROUTES = (health, metrics, account, customers, portfolio, releases, accounts, audit, privacy)
_ABOUT = (
    "What every customer will be worth, why, and how sure that is, from the current release. Send a key as "
    "`Authorization: Bearer patron_…`, or log in at `/v1/session`. Refusals are problems (RFC 9457)."
)


def make_app(serving: Serving) -> FastAPI:
    """The app that answers from this; ValueError, naming them, if routes do not say what they need."""

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        serving.current.start()
        yield
        await serving.audit.finish()
        head = await asyncio.to_thread(head_of, serving.state)
        LOG.info("audit head %s:%s", head.place, head.hash)  # a copy that whoever can write to the state cannot reach
        serving.passwords.close()
        serving.current.stop()
        serving.close()

    app = FastAPI(
        title="Patron",
        version=VERSION,
        description=_ABOUT,
        lifespan=living,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.serving = serving
    for module in _ROUTES:
        app.router.routes += module.routes.routes
    if found := undeclared(app):
        raise ValueError(f"Routes that do not say which permission they need: {'; '.join(found)}")
    tell_problems(app)
    app.add_middleware(Guarding)
    app.add_middleware(Observing)  # the last one added stands outside
    app.openapi = lambda: _with_problems(app)  # type: ignore[method-assign]  # FastAPI's own way to add to it
    return app


def _with_problems(app: FastAPI) -> dict[str, Any]:  # Any: OpenAPI
    from fastapi.openapi.utils import get_openapi

    if app.openapi_schema is None:
        told = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        told["components"]["schemas"] |= schema.pop("$defs", {}) | {"Problem": schema}
        told["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "patron_session"},
        }
        told["security"] = [{"key": []}, {"session": []}]
        app.openapi_schema = told
    return app.openapi_schema
