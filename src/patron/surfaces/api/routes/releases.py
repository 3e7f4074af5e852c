"""Releases: which there are, which is served, how its model did on the past."""

from __future__ import annotations

import asyncio
from typing import Any

from patron.errors import DamagedRelease, NothingThere
from patron.governance.identity import Identity
from patron.governance.roles import Permission
from patron.releases.manifest import Manifest, read_manifest
from patron.releases.shelf import Shelf
from patron.surfaces.api import answers
from patron.surfaces.api.allowed import Routes
from patron.surfaces.api.routes.customers import headed
from patron.surfaces.api.serving import Serving
from patron.surfaces.api.who import Held, Seen, Who

routes = Routes(prefix="/v1", tags=["releases"])


@routes.ask("/releases", Permission.READ_RELEASES, response_model=answers.ReleasesAnswer)
async def list_releases(serving: Held, who: Who) -> dict[str, Any]:  # Any: JSON
    """All releases of the workspace, the newest first; ``current`` is the one that is served."""
    return {"releases": await asyncio.to_thread(_told, serving, who)}


@routes.ask("/releases/current", Permission.READ_RELEASES, also=[404], response_model=answers.ReleaseTold)
async def current_release(view: Seen, who: Who) -> dict[str, Any]:  # Any: JSON
    """The release that every answer is made from now."""
    return _one(view.snapshot.release.manifest, who, current=True)


@routes.ask("/backtest", Permission.READ_MODELS, also=[404], response_model=answers.EvidenceAnswer)
async def backtest(view: Seen) -> dict[str, Any]:  # Any: JSON
    """The contest of models on the past and the gate's verdict."""
    return headed(view) | {"told": view.snapshot.evidence["gate"]}


@routes.ask("/model-card", Permission.READ_MODELS, also=[404], response_model=answers.EvidenceAnswer)
async def model_card(view: Seen) -> dict[str, Any]:  # Any: JSON
    """How good the values were out of time, for whom, and where they are off."""
    card = await asyncio.to_thread(view.snapshot.release.model_card)
    if not card:
        raise NothingThere(f"Release {view.snapshot.id} has no model card.", to_do="Run 'patron run' again.")
    return headed(view) | {"told": card}


def _told(serving: Serving, who: Identity) -> list[dict[str, Any]]:  # Any: JSON
    shelf = Shelf(serving.workspace / "releases")
    current = serving.current.snapshot.id if serving.current.has_release else None
    found = []
    for name in shelf.names():
        try:
            found.append(_one(read_manifest(shelf.folder / name), who, current=name == current))
        except (DamagedRelease, OSError):
            continue  # being tidied away
    return found


def _one(manifest: Manifest, who: Identity, *, current: bool) -> dict[str, Any]:  # Any: JSON
    names = ("id", "as_of", "created_at", "horizon_days", "currency", "profile", "champion")
    counted = manifest.customers if who.branches is None else None
    return {name: getattr(manifest, name) for name in names} | {"customers": counted, "current": current}
