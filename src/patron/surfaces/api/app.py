"""The app: every route, guarded, with its problems told. One that has a route without a permission is not made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from patron.surfaces.api.allowed import undeclared
from patron.surfaces.api.anchoring import anchoring
from patron.surfaces.api.cookies import COOKIE, cookie_name
from patron.surfaces.api.guarding import Guarding
from patron.surfaces.api.observing import Observing
from patron.surfaces.api.problems import Problem, tell_problems
from patron.surfaces.api.routes import (
    account,
    accounts,
    audit,
    changes,
    customers,
    events,
    health,
    metrics,
    oidc,
    override_scores,
    portfolio,
    privacy,
    releases,
    reviews,
    runs,
    score,
)
from patron.surfaces.api.routes import overrides as overrides_routes
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.tracing import Tracing
from patron.version import VERSION

_ROUTES = (
    health,
    metrics,
    account,
    oidc,
    events,
    customers,
    privacy,
    portfolio,
    releases,
    score,
    overrides_routes,
    override_scores,
    reviews,
    runs,
    accounts,
    changes,
    audit,
)
_ABOUT = (
    "What every customer will be worth, why, and how sure that is, from the current release. Send a key as "
    "`Authorization: Bearer patron_…`, or log in at `/v1/session`. Refusals are problems (RFC 9457)."
)


def make_app(serving: Serving) -> FastAPI:
    """The app that answers from this; ValueError, naming them, if routes do not say what they need."""

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        serving.current.start()
        serving.live.start()
        async with anchoring(serving):
            yield
            await serving.audit.finish()
        serving.passwords.close()
        serving.outside.close()
        if serving.traces:
            await asyncio.to_thread(serving.traces.shutdown)
        serving.live.stop()
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
    if serving.traces:
        app.add_middleware(Tracing, traces=serving.traces)
    app.add_middleware(Observing)  # the last one added stands outside
    app.openapi = lambda: _with_problems(app, serving)  # type: ignore[method-assign]  # FastAPI's own way to add to it
    return app


def _with_problems(app: FastAPI, serving: Serving) -> dict[str, Any]:  # Any: OpenAPI
    from fastapi.openapi.utils import get_openapi

    if app.openapi_schema is None:
        told = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        told["components"]["schemas"] |= schema.pop("$defs", {}) | {"Problem": schema}
        told["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": cookie_name(COOKIE, secure=not serving.development)},
        }
        told["security"] = [{"key": []}, {"session": []}]
        app.openapi_schema = told
    return app.openapi_schema
