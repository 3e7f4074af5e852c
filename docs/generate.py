"""Write the pages of docs/ that derive from the code: python docs/generate.py. A test holds them to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from patron.audit_terms import AuditSettings
from patron.features.catalogue_text import catalogue_markdown
from patron.login_terms import OidcSettings
from patron.pipeline.picture import picture
from patron.pipeline.steps import STEPS
from patron.quality_terms import OwnRule, Sla
from patron.reports.dbt_pages import dbt_pages
from patron.settings import Source, StreamSettings, environment_name, sections
from patron.surfaces.cli.main import app
from patron.tables import ALL_TABLES, KINDS

DOCS = Path(__file__).resolve().parent


def pages() -> dict[str, str]:
    """Each generated page, by file name."""
    return {
        "settings.md": settings_page(),
        "features.md": catalogue_markdown(),
        "tables.md": tables_page(),
        "commands.md": commands_page(),
        "pipeline.md": pipeline_page(),
        "pipeline.svg": picture(STEPS),
        **{f"../integrations/dbt/patron/{name}": text for name, text in dbt_pages().items()},
    }


def settings_page() -> str:
    lines = [
        "# Settings",
        "",
        "Everything in `patron.toml`. `patron init` writes one with all of these as comments. A setting of a plain section can",
        "also be given in the environment, by the name in the last column; the environment wins.",
        "",
        "At the top of the file: `profile` (retail, bank or subscription) and `as_of` (a day such as 2024-06-30, or auto: the",
        "last day on which a transaction happened or became known).",
    ]
    for name, section in sections().items():
        lines += ["", f"## [{name}]", "", "| key | default | meaning | environment |", "|---|---|---|---|"]
        for key, field in section.model_fields.items():
            lines.append(f"| `{key}` | `{field.default!r}` | {field.description} | `{environment_name(name, key)}` |")
    for heading, what, kind in (
        ("[quality.sla]", "What is agreed; without a word, nothing is.", Sla),
        ("[server.oidc]", "Login by another provider; see security.md.", OidcSettings),
        ("[server.audit]", "Anchors of the audit; see operations.md.", AuditSettings),
        (
            "[[quality.rules]]",
            "One section for each rule, with one test; in force once approved ('patron rules').",
            OwnRule,
        ),
        ("[sources.<name>]", "One section for each source; the name is yours.", Source),
        (
            "[streams.<name>]",
            "One section for each stream that 'patron consume' reads; the name is yours.",
            StreamSettings,
        ),
    ):
        lines += ["", f"## {heading}", "", what, "", "| key | default | meaning |", "|---|---|---|"]
        lines += [
            f"| `{key}` | {'required' if field.is_required() else f'`{field.default!r}`'} | {field.description} |"
            for key, field in kind.model_fields.items()
        ]
    return "\n".join(lines) + "\n"


def tables_page() -> str:
    lines = ["# Tables", "", "Declared once, in `src/patron/tables/`.", "", "| kind | holds |", "|---|---|"]
    lines += [f"| {kind} | {holds} |" for kind, holds in KINDS.items()]
    for table in ALL_TABLES:
        lines += ["", f"## {table.layer}.{table.name}", "", f"{table.meaning} Key: {', '.join(table.key)}.", ""]
        lines += ["| column | kind | required | meaning |", "|---|---|---|---|"]
        lines += [f"| `{c.name}` | {c.kind} | {'yes' if c.required else ''} | {c.meaning} |" for c in table.columns]
    return "\n".join(lines) + "\n"


def commands_page() -> str:
    lines = [
        "# Commands",
        "",
        "Results go to stdout, talk to stderr. Exit codes: 0 done, 1 refused, 2 asked wrongly, 3 the data is at",
        "fault, 4 another run holds the workspace, 5 a release, the lake, the warehouse, a backup or the audit is damaged, 6 the disk refuses, 7 a source cannot be reached, 130 interrupted.",
    ]
    for words, command in _commands(get_command(app), ("patron",)):
        lines += ["", f"## {' '.join(words)}", "", command.help or ""]
        options = [p for p in command.params if p.name != "help"]
        if options:
            lines += ["", "| option | meaning |", "|---|---|"]
            lines += [f"| `{', '.join(p.opts)}` | {getattr(p, 'help', '') or ''} |" for p in options]
    return "\n".join(lines) + "\n"


def _commands(
    group: Any, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:  # Any: typer keeps its command classes to itself
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from _commands(command, (*words, name))
        else:
            yield (*words, name), command


def _gate_name(gate: Any) -> str:  # Any: a function, which is asked for its name
    return str(gate.__name__).replace("_", " ").capitalize()


def pipeline_page() -> str:
    lines = [
        "# The pipeline",
        "",
        "![The steps of patron run](pipeline.svg)",
        "",
        "`STEPS` in `src/patron/pipeline/steps.py` is the program. Each step writes in one transaction, together with the note",
        "that it is done: a run that is killed goes on from the last finished step.",
        "",
    ]
    for number, step in enumerate(STEPS, start=1):
        told = (step.do.__doc__ or "").strip().splitlines()[0]
        gates = [gate for gate in (step.before, step.after) if gate is not None]
        lines += [f"{number}. **{step.title}** (`{step.name}`). {told}"]
        lines += [f"   - {_gate_name(gate)}: {(gate.__doc__ or '').strip().splitlines()[0]}" for gate in gates]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, "utf-8")
