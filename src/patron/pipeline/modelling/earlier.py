"""The release before: which one a run is compared with, verified once and then recalled by every step that asks."""

from __future__ import annotations

from datetime import date

from patron.errors import DamagedRelease
from patron.periods import day_of
from patron.pipeline.step import Run
from patron.releases.contents import Release
from patron.releases.manifest import read_manifest, verify
from patron.releases.shelf import Shelf

FACT = "previous"


def find_earlier(run: Run) -> Release | str:
    """Find the release before, verify it and remember it, or why there is none; gives either."""
    earlier = earlier_release(run)
    found = {"why": earlier} if isinstance(earlier, str) else {"name": earlier.id}
    run.remember(FACT, found)
    return earlier


def recalled_earlier(run: Run) -> Release | str:
    """What ``find_earlier`` found in an earlier step of this run."""
    found = run.recall(FACT)
    if "why" in found:
        return str(found["why"])
    folder = Shelf(run.workspace.releases).folder / found["name"]
    return Release(folder, read_manifest(folder))


def earlier_release(run: Run) -> Release | str:
    """The release to compare with, or why there is none: the current one, or, where a run is repeated, the one before its own."""
    shelf = Shelf(run.workspace.releases)
    current = shelf.current_name() or ""
    try:
        known = ((name, read_manifest(shelf.folder / name)) for name in shelf.names() if name <= current)
        name = next((name for name, manifest in known if manifest.run_key != run.key), None)
        if name is None:
            return "no earlier release"
        earlier = Release(shelf.folder / name, verify(shelf.folder / name))
    except DamagedRelease as error:
        return error.what.rstrip(".")
    return unlike(earlier, run.settings.value.currency, day_of(run.recall("span")["last_day"])) or earlier


def unlike(earlier: Release, currency: str, today: date) -> str:
    """Why a release cannot be compared with values of a day in a currency; nothing where it can."""
    manifest = earlier.manifest
    if manifest.currency != currency:
        return f"the release before counts in {manifest.currency}, not {currency}"
    if date.fromisoformat(manifest.as_of) > today:
        return f"the release before is of a later day, {manifest.as_of}"
    return ""
