"""The one way this room reaches the internet: a single public file, asked for by the user, of bounded size."""

from __future__ import annotations

import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import IO, Final

from patron.errors import NothingThere, UnreadableFile

TIMEOUT_SECONDS: Final = 30.0
_BLOCK: Final = 1 << 16


def fetch_file(address: str, target: Path, *, largest: int, timeout: float = TIMEOUT_SECONDS) -> None:
    """Fetch a file of at most ``largest`` bytes; the target appears only when it is whole.

    Raises NothingThere if the address cannot be reached and UnreadableFile if what comes is too large.
    """
    part = target.with_suffix(target.suffix + ".part")
    try:
        # The address is a constant of ours or of a test, never the user's words.
        with urllib.request.urlopen(address, timeout=timeout) as reply, part.open("wb") as file:  # noqa: S310
            _copy(reply, file, address, largest)
        part.replace(target)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise NothingThere(
            f"{address} cannot be reached ({getattr(error, 'reason', error)}).",
            to_do="Without internet, get the file elsewhere and give its path (file=…).",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def unpack(archive: Path, ending: str, folder: Path, *, largest: int) -> Path:
    """Unpack an archive's first file with this ending, of at most ``largest`` bytes, into a folder."""
    try:
        with zipfile.ZipFile(archive) as packed:
            names = [name for name in packed.namelist() if name.lower().endswith(ending)]
            if not names:
                raise UnreadableFile(str(archive), f"there is no {ending} file in it.", to_do="Get the file again.")
            # The name alone: an archive may not choose where it is unpacked to.
            target = folder / Path(names[0]).name
            with packed.open(names[0]) as file, target.open("wb") as copy:
                _copy(file, copy, str(archive), largest)
    except zipfile.BadZipFile as error:
        raise UnreadableFile(
            str(archive), f"it is not a whole zip file ({error}).", to_do="Get the file again."
        ) from error
    return target


def _copy(origin: IO[bytes], copy: IO[bytes], name: str, largest: int) -> None:
    size = 0
    while block := origin.read(_BLOCK):
        size += len(block)
        if size > largest:
            raise UnreadableFile(name, f"it is larger than {largest:,} bytes.", to_do="Get the file elsewhere.")
        copy.write(block)
