"""Whether a result can be written where it was asked for."""

from __future__ import annotations

from pathlib import Path

from patron.errors import NothingThere, UsageError


def writable(path: Path) -> None:
    """Nothing, or a refusal before the work begins: a result must not be lost for want of a place to write it."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder.", to_do="Name a file in it.")
    if not path.parent.is_dir():
        raise NothingThere(f"There is no folder {path.parent}.", to_do="Make it, or name a file elsewhere.")
