"""`patron queue`: what waits for a person, and what people decide."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from patron.errors import UsageError

if TYPE_CHECKING:
    from patron.pipeline.judging.waiting import Waiting, WaitingList
    from patron.pipeline.queue.queue import Shown
    from patron.quality.decisions import Decision

queue_app = typer.Typer(
    help="What waits for a person, set aside or flagged: accept, fix or drop it, and take that back.",
    no_args_is_help=True,
)
# Commands import the pipeline when they are called: ``patron --help`` does not wait for it.
Workspace = Annotated[
    Path, typer.Option("--workspace", "-w", help="The folder that holds patron.toml.", show_default="this folder")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids of records, as the list shows them.", show_default=False)]
Because = Annotated[str, typer.Option("--because", help="Why; it is kept with the decision.", show_default=False)]
By = Annotated[str, typer.Option("--by", help="Who decides.", show_default="you, by the system's name")]
AllWith = Annotated[
    str, typer.Option("--all-with", help="Every record that waits for this reason.", show_default=False)
]
Source = Annotated[str, typer.Option("--source", help="Only records of this source.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Decide on all of them without asking.")]
_DONE: Final = {"accept": "accepted", "fix": "fixed", "drop": "dropped", "undo": "taken back"}


@queue_app.command("list")
def list_waiting(
    workspace: Workspace = Path(),
    reason: Annotated[str, typer.Option(help="Only records that wait for this reason.", show_default=False)] = "",
    source: Source = "",
    limit: Annotated[int, typer.Option(min=1, help="Records to show.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what waits: counts by reason, then the records, each with its id."""
    from patron.pipeline.queue.queue import waiting

    found = waiting(workspace, reason=reason, source=source, limit=limit)
    if as_json:
        _print_json({"total": found.total, **asdict(found)})
    else:
        _tell_waiting(found)


@queue_app.command("show")
def show_record(
    entry: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the first letters of it.")],
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Show one record whole: what came, why it waits, what may be decided, and what was decided so far."""
    from patron.pipeline.queue.queue import show

    shown = show(workspace, entry)
    if as_json:
        _print_json(asdict(shown))
    else:
        _tell_record(shown)


@queue_app.command("accept")
def accept(
    ids: Ids = None,
    because: Because = "",
    by: By = "",
    all_with: AllWith = "",
    source: Source = "",
    yes: Yes = False,
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Believe records as they came: what held them back no longer does, and a flag is settled."""
    _decide("accept", _asked(workspace, ids, all_with, source, yes=yes), because, by, [], workspace, as_json=as_json)


@queue_app.command("fix")
def fix(
    ids: Ids = None,
    because: Because = "",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COLUMN=VALUE", help="The new text of a column; repeatable.", show_default=False),
    ] = None,
    by: By = "",
    all_with: AllWith = "",
    source: Source = "",
    yes: Yes = False,
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Put other values in place of those that came, written as the source writes them; the raw row stays as it is."""
    asked = _asked(workspace, ids, all_with, source, yes=yes)
    _decide("fix", asked, because, by, changes or [], workspace, as_json=as_json)


@queue_app.command("drop")
def drop(
    ids: Ids = None,
    because: Because = "",
    by: By = "",
    all_with: AllWith = "",
    source: Source = "",
    yes: Yes = False,
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Leave records out for good: they stay set aside, and are not asked about again."""
    _decide("drop", _asked(workspace, ids, all_with, source, yes=yes), because, by, [], workspace, as_json=as_json)


@queue_app.command("undo")
def take_back(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of decided records.")],
    because: Because = "",
    by: By = "",
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Take decisions back: with the next run the rows are as before, and wait again."""
    from patron.pipeline.queue.queue import undo

    _tell_decided(undo(workspace, ids, because=because, by=by or getpass.getuser()), as_json=as_json)


@queue_app.command("history")
def show_history(
    workspace: Workspace = Path(),
    limit: Annotated[int, typer.Option(min=1, help="Decisions to show.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what was decided, by whom, when and why; the last first."""
    from patron.pipeline.queue.queue import history

    found = history(workspace, limit=limit)
    if as_json:
        _print_json([asdict(decision) for decision in found])
        return
    if not found:
        typer.echo("Nothing has been decided yet.")
    for decision in found:
        typer.echo(_told(decision))


def _asked(workspace: Path, ids: Sequence[str] | None, all_with: str, source: str, *, yes: bool) -> list[str]:
    """The records that are meant; for all of a reason, their number is shown first and a yes asked for."""
    if bool(ids) == bool(all_with):
        raise UsageError(
            "Say which records: their ids, or --all-with REASON.", to_do="'patron queue list' shows ids and reasons."
        )
    if not all_with:
        if source:
            raise UsageError("--source goes with --all-with; an id names its record by itself.", to_do="Leave it out.")
        return list(ids or ())
    from patron.pipeline.queue.queue import waiting

    found = waiting(workspace, reason=all_with, source=source, limit=None)
    typer.echo(f"{found.total:,} records wait for '{all_with}'.", err=True)
    if not yes and not typer.confirm("Decide on all of them?", err=True):
        raise typer.Abort
    return [record.entry for record in found.records]


def _decide(
    verdict: Literal["accept", "fix", "drop"],
    ids: Sequence[str],
    because: str,
    by: str,
    changes: Sequence[str],
    workspace: Path,
    *,
    as_json: bool,
) -> None:
    from patron.pipeline.queue.queue import Judgement, decide

    texts = dict(_change(change) for change in changes)
    judgement = Judgement(verdict, because, by or getpass.getuser(), texts)
    _tell_decided(decide(workspace, ids, judgement), as_json=as_json)


def _change(text: str) -> tuple[str, str]:
    column, sign, value = text.partition("=")
    if not sign or not column.strip():
        raise UsageError(f"--set cannot read '{text}'.", allowed="Write column=value, such as --set amount=12.50")
    return column.strip(), value


def _tell_waiting(found: WaitingList) -> None:
    if not found.total:
        typer.echo("Nothing waits for a decision.")
    for count in found.counts:
        standing = "set aside" if count.standing == "quarantined" else "kept, but odd"
        typer.echo(f"{count.records:>10,}  {count.reason}  ({standing})")
    for record in found.records:
        typer.echo(f"\n{record.entry}  {record.reason}\n  {record.detail}\n  {_place(record)}")
    if found.total > len(found.records):
        typer.echo(f"\n… and {found.total - len(found.records):,} more (--limit).")


def _place(record: Waiting) -> str:
    more = f", and {record.rows - 1:,} more lines alike" if record.rows > 1 else ""
    return f"{record.file}, line {record.line}{more}; source {record.source}"


def _tell_record(shown: Shown) -> None:
    subject = shown.subject
    typer.echo(f"{subject.entry}  {subject.reason}\n  {subject.detail}")
    typer.echo(f"  {_place(shown.place)}" if shown.place else f"  source {subject.source}; it does not wait any more")
    typer.echo("\nAs it came:")
    width = max((len(name) for name in shown.columns), default=0)
    for name, value in shown.columns.items():
        typer.echo(f"  {name:<{width}}  {value}")
    if not shown.columns:
        typer.echo(f"  {subject.content}")
    typer.echo(f"\nYou may: {', '.join(shown.may)}.")
    for decision in shown.decisions:
        typer.echo("\n" + _told(decision))


def _told(decision: Decision) -> str:
    """One decision in words."""
    when = f"{decision.decided_at:%Y-%m-%d %H:%M}"
    set_to = ", ".join(f"{name} = {value or 'empty'}" for name, value in decision.changes.items())
    change = f" ({set_to})" if set_to else ""
    head = f"{when}  {decision.entry}  {decision.reason}: {_DONE[decision.verdict]} by {decision.by}{change}"
    return f"{head}\n  {decision.because}"


def _tell_decided(decisions: Sequence[Decision], *, as_json: bool) -> None:
    if as_json:
        _print_json([asdict(decision) for decision in decisions])
        return
    verb = _DONE[decisions[0].verdict] if decisions else "decided"
    several = "s" * (len(decisions) != 1)
    moves = any(decision.moves_rows or decision.verdict == "undo" for decision in decisions)
    then = " It takes effect with the next 'patron run'." if moves else ""
    typer.echo(f"✓ {len(decisions):,} record{several} {verb}.{then}")


def _print_json(told: object) -> None:
    typer.echo(json.dumps(told, indent=2, default=str, ensure_ascii=False))
