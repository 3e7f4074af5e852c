"""`patron serve`: the server, until it is stopped."""

from __future__ import annotations

from pathlib import Path

import typer

from patron.surfaces.server import Address, prepared, serve


def serve_workspace(
    folder: Path,
    host: str,
    port: int,
    workers: int,
    certificate: Path | None,
    key: Path | None,
    *,
    proxy: str,
    development: bool,
) -> None:
    """Say where the server listens, then serve."""
    scheme = "https" if certificate else "http"
    address = Address(host, port, workers, certificate, key, proxy)
    made = prepared(folder, address, development=development)
    if made:
        typer.echo(
            f"The first administrator is '{made.name}', with the one-time password\n\n    {made.password}\n\n"
            "It is told this once, and must be changed at the first login.",
            err=True,
        )
    typer.echo(f"Patron answers at {scheme}://{host}:{port}/v1 (Ctrl-C stops it).", err=True)
    serve(address)
