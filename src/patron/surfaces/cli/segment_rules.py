"""`patron segments --check`: what the rules of patron.toml would hold, counted on the release."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from patron.reports.wording import count, estimate, printable, share
from patron.surfaces.cli.listing import print_json
from patron.surfaces.rule_check import RuleCheck, check_rules


def show_rule_check(workspace: Path, release: str | None, *, as_json: bool) -> None:
    """Count the rules of patron.toml on a release and print them in words."""
    checked = check_rules(workspace, release)
    if as_json:
        told = [rule.to_dict() for rule in checked.rules]
        hints = [asdict(one) | {"sentence": one.sentence} for one in checked.unheld]
        print_json(
            {"release": checked.release, "seconds": round(checked.seconds, 3), "rules": told, "unheld_names": hints}
        )
    elif not checked.rules:
        typer.echo("patron.toml proposes no rule of your own. Write [[segments.rules]] in it: docs/segments.md.")
    else:
        _tell(checked)


def _tell(checked: RuleCheck) -> None:
    for rule in checked.rules:
        one = rule.count
        typer.echo(printable(f"{one.rule}: {rule.words}{f' {rule.description}' if rule.description else ''}"))
        typer.echo(
            f"  {count(one.customers, 'customer')} ({share(one.share_of_customers)}), of whom "
            f"{estimate(one.expected_value, checked.currency)} is expected: {share(one.share_of_value)} of all value"
        )
        for hint in (hint for hint in checked.unheld if hint.rule == one.rule):
            typer.echo(printable(f"  Note: {hint.sentence}"))
    typer.echo(
        f"\n{count(len(checked.rules), 'rule')} counted on release {checked.release} in {checked.seconds:.2f} s; nothing was "
        "published. The next 'patron run' puts them in force."
    )
