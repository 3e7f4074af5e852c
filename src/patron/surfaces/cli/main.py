"""`patron`: the command line's entry, its commands and how errors become exit codes.

stdout carries results, stderr talk. Exit codes: 0 done; 1 any other refusal; 2 asked wrongly; 3 the data is at
fault; 4 another run holds the workspace; 5 a release, the lake, the warehouse, a backup or the audit is damaged;
6 the disk refuses; 7 a source cannot be reached; 130 interrupted.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from patron.errors import PatronError, SettingsError, UsageError
from patron.surfaces.cli.contract import contract_app
from patron.surfaces.cli.governance_apps import accounts_app, audit_app
from patron.surfaces.cli.overrides import overrides_app
from patron.surfaces.cli.queue import queue_app
from patron.surfaces.cli.rules import rules_app
from patron.surfaces.cli.segments_app import segments_app
from patron.surfaces.cli.vault import vault_app
from patron.version import VERSION

app = typer.Typer(
    name="patron",
    help="What every customer will be worth, why, and whether it was right.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
release_app = typer.Typer(help="Published releases: list, show and verify, roll back.", no_args_is_help=True)
features_app = typer.Typer(help="What customers are described by.", no_args_is_help=True)
app.add_typer(release_app, name="release")
app.add_typer(features_app, name="features")
app.add_typer(queue_app, name="queue")
app.add_typer(rules_app, name="rules")
app.add_typer(contract_app, name="contract")
app.add_typer(segments_app)
app.add_typer(accounts_app, name="accounts")
app.add_typer(audit_app, name="audit")
app.add_typer(overrides_app, name="overrides")
app.add_typer(vault_app, name="vault")

Workspace = Annotated[
    Path, typer.Option("--workspace", "-w", help="The folder that holds patron.toml.", show_default="this folder")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def patron(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """What every customer will be worth, why, and whether it was right."""


@app.command()
def init(
    files: Annotated[list[Path], typer.Argument(help="Files, globs or folders of raw exports.", show_default=False)],
    workspace: Workspace = Path(),
    profile: Annotated[str, typer.Option(help="retail, bank or subscription.")] = "retail",
    currency: Annotated[
        str, typer.Option(help="Currency of all amounts, three letters; without it, what the files show, or EUR.")
    ] = "",
    date_format: Annotated[
        str, typer.Option(help="How dates are written, e.g. %d/%m/%Y, when that cannot be told.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the proposed mapping without asking.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing patron.toml.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at raw files, propose what each column means, and write patron.toml."""
    from patron.surfaces.cli.init import init_workspace

    init_workspace(
        files, workspace, profile, currency or None, date_format or None, yes=yes, force=force, as_json=as_json
    )


@app.command()
def run(
    workspace: Workspace = Path(),
    again: Annotated[bool, typer.Option("--again", help="Do every step anew, even if nothing changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read, check, describe, test, value, group and publish: from raw files to a release."""
    from patron.surfaces.cli.run import run_and_tell

    run_and_tell(workspace, again=again, as_json=as_json)


@app.command()
def fetch(
    source: Annotated[
        str, typer.Argument(help="A source of patron.toml; without it, all that are fetched.", show_default=False)
    ] = "",
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Fetch what is new from databases, stores and services into the lake, without a run."""
    from patron.surfaces.cli.fetch import fetch_and_tell

    fetch_and_tell(workspace, source or None, as_json=as_json)


@app.command()
def serve(
    workspace: Workspace = Path(),
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen at.")] = 8321,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
    certificate: Annotated[
        Path | None, typer.Option(help="The certificate (PEM) for HTTPS.", show_default=False)
    ] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's key (PEM).", show_default=False)] = None,
    behind_proxy: Annotated[
        str, typer.Option(help="The address of a proxy in front that does the encryption.", show_default=False)
    ] = "",
    development: Annotated[
        bool, typer.Option("--development", help="On this computer only, with a secret that lasts until it is stopped.")
    ] = False,
) -> None:
    """Answer over HTTP from the current release: values, segments and reasons, to those who may have them."""
    from patron.surfaces.cli.serve import serve_workspace

    serve_workspace(workspace, host, port, workers, certificate, key, proxy=behind_proxy, development=development)


@app.command()
def backup(
    destination: Annotated[Path, typer.Argument(help="A folder that does not exist yet.", show_default=False)],
    workspace: Workspace = Path(),
) -> None:
    """Copy the workspace, also while its server runs: releases, settings, approved rules, state, and the warehouse if no run is at work."""
    from patron.surfaces.cli.backup import back_up

    back_up(workspace, destination)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="What 'patron backup' made.", show_default=False)],
    workspace: Annotated[
        Path, typer.Option("--workspace", "-w", help="The folder to restore into: empty, or not there yet.")
    ] = Path(),
) -> None:
    """Put a backup back into an empty folder, once every file of it is found to be as it was copied."""
    from patron.surfaces.cli.backup import put_back

    put_back(source, workspace)


@app.command()
def sources(workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """List the connectors there are, with their options, and what each source of the workspace has fetched."""
    from patron.surfaces.cli.sources import show_sources

    show_sources(workspace, as_json=as_json)


@app.command()
def consume(
    stream: Annotated[str, typer.Argument(help="The stream, as patron.toml names it.", show_default=False)],
    workspace: Workspace = Path(),
    once: Annotated[bool, typer.Option("--once", help="End when nothing waits.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read events from a message broker into the log, as they come; a customer's value follows at once."""
    from patron.surfaces.cli.consume import consume_stream

    consume_stream(workspace, stream, once=once, as_json=as_json)


@app.command()
def watch(
    workspace: Workspace = Path(),
    every: Annotated[str, typer.Option(help="Time between two looks, e.g. 5s, 2min, 1h.")] = "5s",
    once: Annotated[bool, typer.Option("--once", help="End when what is there now is done.")] = False,
    max_runs: Annotated[int | None, typer.Option(min=1, help="End after so many runs.", show_default="no end")] = None,
    as_json: AsJson = False,
) -> None:
    """Wait for files, and run exactly once for each new one; a run that fails does not end it."""
    from patron.surfaces.cli.watch import watch_workspace

    watch_workspace(workspace, every, max_runs, once=once, as_json=as_json)


@app.command()
def quality(
    workspace: Workspace = Path(),
    html: Annotated[Path | None, typer.Option("--html", help="Write a page there.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Show the four gates: what was checked, what failed, what is agreed, and how it went before."""
    from patron.surfaces.cli.quality import show_quality

    show_quality(workspace, html, as_json=as_json)


@app.command()
def doctor(workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """Look at the data before modelling: does it fit, which models suit, how far ahead, and what to mind."""
    from patron.surfaces.cli.doctor import consult_doctor

    consult_doctor(workspace, as_json=as_json)


@app.command()
def backtest(
    workspace: Workspace = Path(),
    folds: Annotated[
        int | None, typer.Option(min=1, max=12, help="Past days to predict from, at most.", show_default="models.folds")
    ] = None,
    horizon: Annotated[
        str | None, typer.Option(help="How far ahead, e.g. '90 days'.", show_default="value.horizon")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="A model to test beside the plain baselines; repeatable.", show_default="models.candidates"),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="wape, mae, rmse, gini or spearman.", show_default="models.metric")
    ] = None,
    card: Annotated[
        Path | None, typer.Option(help="Write the model card there: JSON if it ends in .json, else Markdown.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Test models on the past, with the error of every figure; nothing is published."""
    from patron.pipeline.inquiries.rehearsal import Choices
    from patron.surfaces.cli.backtest import show_backtest

    show_backtest(workspace, Choices(folds, horizon, tuple(model or ()), metric), card, as_json=as_json)


@app.command()
def forecast(
    name: Annotated[str, typer.Argument(help="A release; without it, the current one.", show_default=False)] = "",
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Show revenue by month as a release expects it: from customers up, from the series down, and the gap."""
    from patron.surfaces.cli.forecast import show_forecast

    show_forecast(workspace, name or None, as_json=as_json)


@app.command()
def prospects(
    workspace: Workspace = Path(),
    by: Annotated[
        str | None,
        typer.Option(
            help="country, acquisition_channel, channel, branch, category …", show_default="all that are mapped"
        ),
    ] = None,
    horizon: Annotated[
        str | None, typer.Option(help="How far ahead, e.g. '90 days'.", show_default="value.horizon")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="The day from which on newcomers count.", show_default="where a first sight is a first day"),
    ] = None,
    margin_rate: Annotated[
        float | None, typer.Option(help="Share of revenue that is earned.", show_default="value.margin_rate")
    ] = None,
    discount_rate: Annotated[float, typer.Option(help="What a year's wait costs, e.g. 0.1.")] = 0.0,
    required_return: Annotated[
        float, typer.Option(help="Profit asked for each 1.00 spent on winning customers, e.g. 0.2.")
    ] = 0.0,
    limit: Annotated[int, typer.Option(min=1, help="Words to show of each attribute.")] = 8,
    out: Annotated[Path | None, typer.Option(help="Write a CSV file with a row per newcomer there.")] = None,
    as_json: AsJson = False,
) -> None:
    """Value newcomers by how they came and what they first bought, and say what winning one may cost."""
    from patron.pipeline.inquiries.prospects import ProspectTerms
    from patron.surfaces.cli.prospects import Shown, show_prospects

    asked = ProspectTerms(horizon, since, margin_rate, discount_rate, required_return)
    show_prospects(workspace, asked, Shown(by, limit, as_json, out))


@app.command()
def plan(
    customers: Annotated[int, typer.Option(min=1, help="Customers to run.", show_default=False)],
    orders_per_customer: Annotated[
        float | None,
        typer.Option(help="Transaction rows of each customer.", show_default="as in your last run, else 10"),
    ] = None,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Measure this computer anew (a few minutes).")] = False,
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Say how many minutes, how much memory and disk a run of so many customers takes here, and where to run it."""
    from patron.surfaces.cli.plan import show_plan

    show_plan(workspace, customers, orders_per_customer, anew=calibrate, as_json=as_json)


@app.command()
def demo(
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="The folder to make.")] = Path("patron-demo"),
    world: Annotated[
        str,
        typer.Option(
            help="complete-journey (real households), online-retail (a real web shop), or a simulated world: shop, bank, subscription."
        ),
    ] = "complete-journey",
    customers: Annotated[
        int | None, typer.Option(min=50, help="Customers of a simulated world.", show_default="5000")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of a simulated world.", show_default="1")] = None,
    file: Annotated[Path | None, typer.Option(help="A local copy of the sample, for --world online-retail.")] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch the sample from its public address, for --world online-retail.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the whole journey on sample customers, without any data of your own."""
    from patron.surfaces.cli.demo import run_demo

    run_demo(workspace, world, customers=customers, seed=seed, file=file, download=download, as_json=as_json)


@app.command()
def profile(
    target: Annotated[
        str, typer.Argument(metavar="TABLE|FILE", help="A table, such as silver.transactions, or a file of raw data.")
    ],
    workspace: Workspace = Path(),
    html: Annotated[
        Path | None, typer.Option(help="Write the profile as a page there, with pictures.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a table or file holds: types, missing values, spread, dates, correlations, keys, and what to mend."""
    from patron.surfaces.cli.profile import show_profile

    show_profile(target, workspace, html, as_json=as_json)


@app.command()
def quarantine(
    workspace: Workspace = Path(),
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show rows that could not be believed: reason, file, line and the row as it came."""
    from patron.surfaces.cli.quarantine import show_quarantine

    show_quarantine(workspace, limit, as_json=as_json)


@app.command()
def lineage(
    column: Annotated[
        str, typer.Argument(help="TABLE.COLUMN, or a table; without it, all tables.", show_default=False)
    ] = "",
    workspace: Workspace = Path(),
    downstream: Annotated[
        bool, typer.Option("--downstream/--upstream", help="What is made from it, instead of what it is made from.")
    ] = False,
    filters: Annotated[
        bool, typer.Option("--filters", help="Also what only decides which rows take part, and facts of files.")
    ] = False,
    depth: Annotated[
        int | None,
        typer.Option(
            min=0, help="How many steps away to go; 0: to the end.", show_default="4 of a column, 1 of a table"
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write the picture of all columns there, opened at this one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show where a column comes from, back to the sources' own columns, and what is made from it."""
    from patron.surfaces.cli.lineage import Asked, show_lineage

    show_lineage(workspace, Asked(column, downstream, filters, depth), html, as_json=as_json)


@app.command()
def dbt(
    folder: Annotated[Path, typer.Argument(help="A new folder for the dbt package.", show_default=False)],
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Write the dbt package of a workspace: sources, dimensions and facts, report tables, tests and exposures."""
    from patron.surfaces.cli.dbt import write_package

    write_package(workspace, folder, as_json=as_json)


@release_app.command("list")
def release_list(workspace: Workspace = Path(), as_json: AsJson = False) -> None:
    """List releases, newest first."""
    from patron.surfaces.cli.release import list_releases

    list_releases(workspace, as_json=as_json)


@release_app.command("show")
def release_show(
    name: Annotated[str, typer.Argument(help="A release; without it, the current one.", show_default=False)] = "",
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Say what a release holds, in plain words, after checking every file against its hash."""
    from patron.surfaces.cli.release import show_release

    show_release(workspace, name or None, as_json=as_json)


@release_app.command("rollback")
def release_rollback(
    name: Annotated[
        str, typer.Argument(help="The release to go back to; without it, the one before.", show_default=False)
    ] = "",
    workspace: Workspace = Path(),
    as_json: AsJson = False,
) -> None:
    """Make an earlier release the current one."""
    from patron.surfaces.cli.release import roll_back

    roll_back(workspace, name or None, as_json=as_json)


@features_app.command("list")
def features_list(as_json: AsJson = False) -> None:
    """Print every feature: its name, formula, unit and window."""
    from patron.surfaces.cli.features import list_features

    list_features(as_json=as_json)


def entry() -> None:
    """Run the command line; a refusal becomes words on stderr and an exit code."""
    wants_json = "--json" in sys.argv
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console that cannot write − or ✓ writes ? instead of failing
    try:
        app()
    except PatronError as error:
        _tell(error, wants_json=wants_json)
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        refusal = UsageError(
            f"The computer refuses to read or write there: {error.strerror or error}{where}.",
            to_do="Check the path, your rights to it, and the space left.",
        )
        _tell(refusal, wants_json=wants_json)
        raise SystemExit(refusal.exit_code) from None


def _tell(error: PatronError, *, wants_json: bool) -> None:
    if wants_json:
        told: dict[str, object] = {
            "error": type(error).__name__,
            "message": str(error),
            "retry_can_help": error.retry_can_help,
        }
        if isinstance(error, SettingsError):
            told["faults"] = [vars(fault) | {} for fault in error.faults]
        typer.echo(json.dumps(told), err=False)
        return
    lines = [error.what, error.allowed, error.to_do]
    typer.echo(
        "\n".join(("✗ " if n == 0 else "  ") + line for n, line in enumerate(line for line in lines if line)), err=True
    )
