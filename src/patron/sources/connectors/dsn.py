"""The address of a database, taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

_FILES: Final = ("sqlite", "duckdb")


@dataclass(frozen=True)
class Dsn:
    """An address; its text and password show in no message."""

    scheme: str
    host: str = ""
    port: int | None = None
    user: str = ""
    database: str = ""
    file: Path = Path()
    settings: tuple[tuple[str, str], ...] = ()
    password: str = field(default="", repr=False)
    text: str = field(default="", repr=False)


def parsed_dsn(text: str, folder: Path) -> Dsn | None:
    """The parts of an address; a file's path is taken from ``folder``, and with four slashes from the root. None if it is none."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower().split("+")[0]
    if not scheme:
        return None
    settings = tuple(parse_qsl(parts.query))
    if scheme in _FILES:
        # sqlite:///shop.db lies in the folder, sqlite:////data/shop.db at the root.
        named = unquote(f"{parts.netloc}{parts.path}").removeprefix("/")
        return Dsn(scheme, file=folder / named, settings=settings, text=text)
    return Dsn(
        scheme,
        unquote(parts.hostname or ""),
        port,
        unquote(parts.username or ""),
        unquote(parts.path.removeprefix("/")),
        settings=settings,
        password=unquote(parts.password or ""),
        text=f"{scheme}://{text.strip().split('://', 1)[-1]}",  # postgresql+psycopg:// is a driver's way of saying postgresql://
    )
