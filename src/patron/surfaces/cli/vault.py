"""`patron vault`: what wraps the keys of personal columns, and other ones in its place."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from patron.surfaces.cli.governance_apps import AsJson, Workspace

if TYPE_CHECKING:
    from patron.governance.audit.chain import Act
    from patron.governance.vault.vault import Vault

vault_app = typer.Typer(help="The vault of personal columns: its state, other keys.", no_args_is_help=True)


@vault_app.command("status")
def show_vault(workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """Show which key wraps how many customers' keys, and how many were destroyed."""
    from patron.governance.vault.keyring import tombstones
    from patron.governance.vault.rotation import wrapped_keys

    with _opened(workspace) as vault:
        found = wrapped_keys(vault.keyring)
        destroyed = sum(1 for _ in tombstones(vault.keyring))
    if as_json:
        typer.echo(json.dumps({**asdict(found), "destroyed": destroyed}, indent=2))
        return
    typer.echo(f"New keys are wrapped by {found.in_use}.")
    for key, count in found.keys.items():
        typer.echo(f"{count:,} customers' keys are wrapped by {key}.")
    typer.echo(f"{destroyed:,} customers' keys were destroyed.")


@vault_app.command("rotate")
def rotate_keys(workspace: Workspace = Path()) -> None:
    """Wrap every customer's key by the next key (PATRON_SECRET_VAULT_NEXT), while reads go on; run again if it stopped."""
    from patron.governance.audit.chain import write
    from patron.governance.vault.rotation import rotate, wrapped_keys

    with _opened(workspace) as vault:
        done = rotate(vault, lambda count: typer.echo(f"{count:,} …", err=True))
        in_use = wrapped_keys(vault.keyring).in_use
        write(vault.state, [_act("vault.rotate", key=in_use, keys=done)])
        typer.echo(f"✓ {done:,} keys are wrapped anew; all are wrapped by {in_use}.")
        if vault.wrapping.following:
            typer.echo("Now give the next secret the place of the current one, and take the old one away.", err=True)


@vault_app.command("name")
def name_customer(
    customer: Annotated[str, typer.Argument(help="The business's own id of a customer.", show_default=False)],
    workspace: Workspace = Path(),
) -> None:
    """Tell a customer's pseudonym, by which other commands know them where ids are replaced."""
    with _opened(workspace) as vault:
        typer.echo(vault.pseudonyms.of(customer))


@vault_app.command("renew")
def renew_customer(
    customer: Annotated[str, typer.Argument(help="The customer's id, or pseudonym.", show_default=False)],
    workspace: Workspace = Path(),
) -> None:
    """Seal one customer's values anew with a new key, and destroy the old one."""
    from patron.errors import NothingThere
    from patron.governance.audit.chain import write
    from patron.governance.vault.rotation import renew_key
    from patron.governance.vault.vault import personal_of

    with _opened(workspace) as vault:
        name = vault.name_of(vault.known_as(customer))
        if not personal_of(vault, name):
            raise NothingThere("The vault keeps nothing of this customer.", to_do="See that the id is as in the data.")
        version = renew_key(vault, name)
        write(vault.state, [_act("vault.renew", vault=name, version=version)])
        typer.echo(f"✓ Sealed anew, with key {version}.")


def _act(action: str, **details: object) -> Act:
    from patron.governance.audit.chain import Act

    return Act(getpass.getuser(), "", "command line", "", action, details=details)


@contextmanager
def _opened(folder: Path) -> Iterator[Vault]:
    """The vault of a workspace; NothingThere where it keeps none."""
    from patron.errors import NothingThere
    from patron.governance.state.of_workspace import state_of_workspace
    from patron.pipeline.kept_state import vault_of_workspace
    from patron.pipeline.workspace import Workspace as Held

    held = Held.at(folder)
    state = state_of_workspace(held.folder, held.settings.server.state, held.credentials)
    try:
        vault = vault_of_workspace(held.folder, held.settings, held.credentials, state)
        if vault is None:
            raise NothingThere(
                "This workspace keeps nothing in a vault.",
                to_do="Declare personal columns of a source, or pseudonyms, in patron.toml.",
            )
        try:
            yield vault
        finally:
            vault.close()
    finally:
        state.close()
