"""A release of a workspace as its readers shall see it: the current one with what people set by hand."""

from __future__ import annotations

from pathlib import Path

from patron.releases.contents import Release, load_release
from patron.releases.shelf import Shelf
from patron.reports.overridden import overridden
from patron.settings import FILE_NAME, read_settings
from patron.surfaces.what_is_set import set_in_workspace


def effective_release(workspace: Path | str, name: str | None = None) -> Release:
    """The current release with what is set by hand over it; an earlier one, asked for by name, as it was published."""
    folder = Path(workspace)
    release = load_release(folder, name)
    if release.id != Shelf(folder / "releases").current_name() or not (folder / FILE_NAME).is_file():
        return release
    return overridden(release, set_in_workspace(folder, read_settings(folder / FILE_NAME)))
