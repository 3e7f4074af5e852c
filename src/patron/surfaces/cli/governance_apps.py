"""`patron accounts` and `patron audit`: what whoever holds the workspace may do without the server."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from patron.governance.audit.chain import Head
    from patron.governance.state.opened import State

accounts_app = typer.Typer(
    help="Accounts of the server: list them, make one, give a new one-time password.", no_args_is_help=True
)
audit_app = typer.Typer(help="The server's audit: check that nothing was changed.", no_args_is_help=True)
Workspace = Annotated[
    Path, typer.Option("--workspace", "-w", help="The folder that holds patron.toml.", show_default="this folder")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@accounts_app.command("list")
def list_accounts(workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """Show the accounts: name, role, branches, whether open."""
    from patron.governance.accounts.people import people
    from patron.surfaces.cli.listing import print_table

    found = people(_state(workspace))
    if as_json:
        told = [
            {
                "name": one.name,
                "role": one.role.value,
                "branches": None if one.branches is None else sorted(one.branches),
                "disabled": one.disabled_at is not None,
            }
            for one in found
        ]
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    rows = []
    for one in found:
        branches = "all" if one.branches is None else ", ".join(sorted(one.branches))
        rows.append((one.name, one.role.value, branches, "closed" if one.disabled_at is not None else "open"))
    print_table(("Name", "Role", "Branches", "Account"), rows, words=4)


@accounts_app.command("add")
def add_account(
    name: Annotated[str, typer.Argument(help="The account's name.", show_default=False)],
    role: Annotated[str, typer.Option(help="What they are to the business; admin is one who can let others in.")],
    branch: Annotated[
        list[str] | None, typer.Option("--branch", help="A branch that is theirs.", show_default="all")
    ] = None,
    workspace: Workspace = Path(),
) -> None:
    """Make an account, such as an administrator where no other can log in; its one-time password is told this once."""
    from patron.governance.accounts.people import add_person
    from patron.governance.audit.chain import Act

    by = getpass.getuser()
    _, password = add_person(
        _state(workspace),
        name,
        role,
        branch or None,
        lambda person: Act(by, "", "command line", "", "account.add", person.name, details={"role": person.role.value}),
    )
    typer.echo(
        f"The one-time password of '{name}', which must be changed at the first login, within three days:", err=True
    )
    typer.echo(password)


@accounts_app.command("reset")
def reset_account(
    name: Annotated[str, typer.Argument(help="The account's name.", show_default=False)], workspace: Workspace = Path()
) -> None:
    """Give an account a new one-time password, told this once; its sessions end."""
    from patron.governance.accounts.people import reset_password
    from patron.governance.audit.chain import Act

    by = getpass.getuser()
    _, password = reset_password(
        _state(workspace), name, lambda person: Act(by, "", "command line", "", "account.reset", person.name)
    )
    typer.echo(f"The one-time password of '{name}', which must be changed at the next login:", err=True)
    typer.echo(password)


@audit_app.command("verify")
def verify_audit(
    workspace: Workspace = Path(),
    anchor: Annotated[
        list[str] | None,
        typer.Option("--anchor", help="PLACE:HASH of an entry, as it was noted elsewhere.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the whole chain and check every link and every anchor; exit code 5 where it is not as it was written."""
    from patron.errors import DamagedAudit
    from patron.governance.audit.chain import anchor_of, verified

    heads, wrong = _kept_anchors(workspace)
    verdict = verified(_state(workspace), [*heads, *(anchor_of(text) for text in anchor or ())], wrong)
    if as_json:
        typer.echo(json.dumps(asdict(verdict), indent=2, ensure_ascii=False))
    elif not verdict.faults:
        held = f" The anchors ({len(heads):,}) hold." if heads else ""
        typer.echo(
            f"✓ {verdict.entries:,} entries, each as it was written.{held} Head {verdict.entries}:{verdict.head}"
        )
    if verdict.faults:
        raise DamagedAudit(
            "The audit is not as it was written:\n" + "\n".join(f"  {fault}" for fault in verdict.faults),
            to_do="Keep the state as it is, and compare it with a backup.",
        )


def _kept_anchors(workspace: Path) -> tuple[list[Head], list[str]]:
    """The anchors in the file that the settings name, and what is wrong with it."""
    from patron.governance.audit.anchors import anchors_of
    from patron.pipeline.workspace import Workspace as Held

    held = Held.at(workspace)
    kept = anchors_of(held.folder, held.settings.server.audit, held.credentials)
    return kept.kept() if kept else ([], [])


def _state(workspace: Path) -> State:
    from patron.credentials import read_credentials
    from patron.governance.state.of_workspace import state_of_workspace
    from patron.pipeline.workspace import Workspace as Held

    held = Held.at(workspace)
    return state_of_workspace(held.folder, held.settings.server.state, read_credentials(held.folder))
