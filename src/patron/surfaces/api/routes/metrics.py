"""Figures for Prometheus: requests of all processes, and how old the release is that they answer from."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from fastapi import Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from patron.governance.roles import Permission
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held

routes = Routes(tags=["health"])
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The folder in which the processes of one server keep their figures, if they are several."""


@routes.ask("/metrics", Permission.READ_METRICS, response_class=Response)
async def metrics(serving: Held) -> Response:
    """Requests by route and status, seconds by route, the release's age (Prometheus text format)."""
    registry: CollectorRegistry = REGISTRY
    if os.environ.get(SHARED):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the package leaves it untyped
    return Response(generate_latest(registry) + _of_release(serving).encode(), media_type=CONTENT_TYPE_LATEST)


def _of_release(serving: Serving) -> str:
    """Read when asked, so that each process says the same."""
    if not serving.current.has_release:
        return "# HELP patron_release_served Whether there is a release to answer from\n# TYPE patron_release_served gauge\npatron_release_served 0\n"
    manifest = serving.current.snapshot.release.manifest
    as_of = datetime.fromisoformat(manifest.as_of).replace(tzinfo=UTC)
    told = {
        "served": ("Whether there is a release to answer from", 1),
        "age_seconds": (
            "Seconds since the end of the history that it knows",
            (datetime.now(UTC) - as_of).total_seconds(),
        ),
        "customers": ("Customers in it", manifest.customers),
        "stale": ("Whether newer data were refused since", int(serving.current.stale is not None)),
    }
    return "".join(
        f"# HELP patron_release_{name} {words}\n# TYPE patron_release_{name} gauge\npatron_release_{name} {figure}\n"
        for name, (words, figure) in told.items()
    )
