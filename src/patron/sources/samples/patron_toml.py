"""The patron.toml of a sample: which file fills which table, written so that a person can read it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from patron.settings import Settings


@dataclass(frozen=True)
class SourceMap:
    """One source: its name, the table it fills, its file, its columns, and other settings of ``Source``."""

    name: str
    table: str
    file: str
    columns: Mapping[str, str]
    options: Mapping[str, str | Mapping[str, object]] = field(default_factory=dict)


def patron_toml(
    heading: str,
    sources: Sequence[SourceMap],
    *,
    profile: str,
    value: Mapping[str, str],
    as_of: str = "auto",
) -> str:
    """The text of a patron.toml; it is checked against the settings before it is handed out."""
    lines = [f"# {line}" for line in heading.splitlines()]
    lines += ["", f"profile = {_toml(profile)}", f"as_of = {_toml(as_of)}", "", "[value]"]
    lines += [f"{key} = {_toml(setting)}" for key, setting in value.items()]
    for source in sources:
        lines += ["", *_source_lines(source)]
    Settings.model_validate(_content(sources, profile, value, as_of))
    return "\n".join(lines) + "\n"


def _source_lines(source: SourceMap) -> list[str]:
    head = [f"[sources.{source.name}]", f"table = {_toml(source.table)}", f"files = [{_toml(source.file)}]"]
    options = [f"{key} = {_toml(option)}" for key, option in source.options.items()]
    columns = [f"{name} = {_toml(column)}" for name, column in source.columns.items()]
    return [*head, *options, "", f"[sources.{source.name}.columns]", *columns]


def _content(sources: Sequence[SourceMap], profile: str, value: Mapping[str, str], as_of: str) -> dict[str, object]:
    body = {
        source.name: {"table": source.table, "files": [source.file], "columns": source.columns, **source.options}
        for source in sources
    }
    return {"profile": profile, "as_of": as_of, "value": dict(value), "sources": body}


def _toml(setting: object) -> str:
    if isinstance(setting, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in setting.items()) + " }"
    # Texts, numbers and lists of them are written alike in JSON and TOML.
    return json.dumps(setting, ensure_ascii=False)
