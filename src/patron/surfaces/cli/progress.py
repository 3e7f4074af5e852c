"""What a long command shows on stderr while it works, and what it says when it is interrupted."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from patron.pipeline.runner import StepDone, Watcher
from patron.pipeline.step import Step

INTERRUPTED = 130  # what shells expect after Ctrl-C


@contextmanager
def watched(command: str) -> Iterator[Watcher]:
    """A watcher that shows each step on stderr; Ctrl-C says how this command goes on."""
    console = Console(stderr=True, highlight=False)
    status = Status("", console=console, spinner="dots")

    def begins(step: Step) -> None:
        status.update(f"{step.title} …")
        status.start()

    def done(step: StepDone) -> None:
        status.stop()
        time = "before" if step.resumed else f"{step.seconds:.1f} s"
        console.print(f"[green]✓[/] {step.title:<28}[dim]{time:>8}[/]  {escape(step.words)}", soft_wrap=True)

    try:
        yield Watcher(begins, lambda words: status.update(escape(words)), done)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not cut off the answer to the first
        status.stop()
        typer.echo(f"\nInterrupted. Finished steps are kept: '{called_as()} {command}' goes on from there.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        status.stop()


def called_as() -> str:
    """How the user calls Patron: start.py says so when it stands between."""
    return os.environ.get("PATRON_CALLED_AS", "patron")
