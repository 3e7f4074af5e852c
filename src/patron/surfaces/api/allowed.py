"""Which route needs which permission. A route says it when it is declared; an app with one that does not cannot be made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute

from patron.governance.roles import Permission
from patron.surfaces.api.problems import declared_problems
from patron.surfaces.api.who import asking

NEEDS: Final = "x-permission"
NOBODY: Final = "none: open to everyone"
_ALWAYS: Final = (400, 422, 429, 500, 503)


class Routes(APIRouter):
    """A router whose routes each name what they need."""

    def ask(
        self, path: str, permission: Permission | None, *, also: Sequence[int] = (), **told: Any
    ) -> Callable[[Any], Any]:  # Any: FastAPI's own options
        """Declare a route that only reads."""
        return self._declare("GET", path, permission, also, told)

    def act(
        self, path: str, permission: Permission | None, *, also: Sequence[int] = (), method: str = "POST", **told: Any
    ) -> Callable[[Any], Any]:  # Any: FastAPI's own options
        """Declare a route that changes something."""
        return self._declare(method, path, permission, also, told)

    def _declare(
        self, method: str, path: str, permission: Permission | None, also: Sequence[int], told: dict[str, Any]
    ) -> Callable[[Any], Any]:  # Any: FastAPI's own options
        guard = [] if permission is None else [Depends(asking(permission))]
        statuses = {*_ALWAYS, *also, *(() if permission is None else (401, 403))}
        return self.api_route(
            path,
            methods=[method],
            dependencies=guard,
            responses=declared_problems(sorted(statuses)) | told.pop("responses", {}),
            openapi_extra={NEEDS: NOBODY if permission is None else permission.value},
            **told,
        )


def undeclared(app: FastAPI) -> list[str]:
    """The routes of an app that do not say what they need; there must be none."""
    return [
        str(getattr(route, "path", route))
        for route in app.routes
        if not (isinstance(route, APIRoute) and NEEDS in (route.openapi_extra or {}))
    ]
