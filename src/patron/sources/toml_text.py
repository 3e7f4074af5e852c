"""The commented patron.toml that a proposal becomes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from patron.settings import Settings, Source, sections
from patron.sources.propose import Proposal, ProposedSource

# What a profile sets beside the plain defaults, and what there is to say about it.
_OF_PROFILE: Final[dict[str, dict[str, dict[str, tuple[object, str]]]]] = {
    "bank": {
        "value": {
            "basis": ("margin", "a movement is not income: count what is earned on it"),
            "margin_rate": (0.01, "an assumption: set your own rate, or map a margin column"),
        }
    }
}
# What stands in a comment where the default is nothing.
_EXAMPLES: Final[dict[str, object]] = {
    "refund_when": {"column": "type", "equals": ["refund"]},
    "deleted_when": {"column": "operation", "equals": ["delete"]},
}
_SURE: Final = 0.8
_LONGEST_NOTE: Final = 300


def settings_text(proposal: Proposal, folder: Path | None = None) -> str:
    """The text of a patron.toml for a proposal: every setting with its default and meaning, the chosen ones active.

    Files are named relative to ``folder``, the workspace, where that is possible.
    """
    parts = [
        "# patron.toml: what Patron reads, and how. Lines that begin with # are defaults; remove the # to change one.",
        _general(proposal),
        *(_section(name, proposal) for name in ("value",)),
        *(_source(source, folder, first=not place) for place, source in enumerate(proposal.sources)),
        _unused(proposal),
        *(_section(name, proposal) for name in sections() if name != "value"),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _general(proposal: Proposal) -> str:
    fields = Settings.model_fields
    lines = [f"# {_shown(note, _LONGEST_NOTE)}." for note in proposal.notes]
    lines += [f"# {fields['profile'].description}", f"profile = {_value(proposal.profile)}"]
    return "\n".join([*lines, *_commented("as_of", fields["as_of"].description, fields["as_of"].default)])


def _section(name: str, proposal: Proposal) -> str:
    chosen: dict[str, tuple[object, str]] = dict(_OF_PROFILE.get(proposal.profile, {}).get(name, {}))
    if name == "value":
        chosen["currency"] = (proposal.currency, "")
    lines = [f"[{name}]"]
    for key, field in sections()[name].model_fields.items():
        if key in chosen:
            value, why = chosen[key]
            lines += [f"# {field.description}{'; ' + why if why else ''}", f"{key} = {_value(value)}"]
        else:
            lines += _commented(key, field.description, field.default)
    return "\n".join(lines)


def _commented(key: str, description: str | None, default: object) -> list[str]:
    return [f"# {description}", f"#{key} = {_value(default)}"]


def _source(proposed: ProposedSource, folder: Path | None, *, first: bool) -> str:
    """A source's section; only the first one tells all settings, the others those that are chosen."""
    lines = [f"[sources.{proposed.name}]", *(f"# {_shown(note, _LONGEST_NOTE)}" for note in proposed.notes)]
    for key, field in Source.model_fields.items():
        value = getattr(proposed.source, key)
        if key == "files":
            lines += [
                "# files, globs or folders, relative to this file; a folder or a glob takes new files as they come"
            ]
            lines += [f"files = {_value([_relative(Path(entry), folder) for entry in proposed.source.files])}"]
        elif key == "table" or (key != "columns" and value != field.get_default()):
            lines += [f"# {field.description}", f"{key} = {_value(value)}"]
        elif first and key != "columns":
            lines += _commented(key, field.description, _EXAMPLES.get(key, value))
    return "\n".join(
        [*lines, *([] if first else ["# all other settings of a source: see the first"]), "", *_columns(proposed)]
    )


def _columns(proposed: ProposedSource) -> list[str]:
    lines = [
        f"[sources.{proposed.name}.columns]",
        "# Patron's column = the source's column   # how sure, and a value of it",
    ]
    active = [column for column in proposed.columns if column.name in proposed.source.columns]
    for column in active:
        sure = f"{column.confidence:.0%}" + ("" if column.confidence >= _SURE else ", please check")
        lines.append(f"{column.name} = {_value(column.source_column)}  # {sure}; e.g. {_shown(column.example)}")
    if proposed.unused_columns:
        lines.append(f"# not used: {', '.join(_shown(name) for name in proposed.unused_columns)}")
    return lines


def _unused(proposal: Proposal) -> str:
    return "\n".join(
        f"# Left out: {_shown(entry.name, _LONGEST_NOTE)}: {_shown(entry.why, _LONGEST_NOTE)}."
        for entry in proposal.unused
    )


def _shown(text: str, most: int = 40) -> str:
    """A value as a comment can hold it: one line, printable, not long."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text).rstrip(".")
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def _relative(path: Path, folder: Path | None) -> str:
    """The path from the workspace folder, if both stand on one drive; always with forward slashes."""
    whole = path.resolve()
    if folder is None:
        return whole.as_posix()
    try:
        return Path(os.path.relpath(whole, folder.resolve())).as_posix()
    except ValueError:
        return whole.as_posix()


def _value(value: Any) -> str:  # Any: whatever a setting holds
    """A value as TOML; texts, numbers and lists are written in TOML as in JSON."""
    if isinstance(value, BaseModel):
        return _value({key: part for key, part in value.model_dump().items() if part is not None})
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
