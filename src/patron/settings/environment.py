"""Settings from the environment: ``PATRON_<SECTION>_<KEY>`` stands over the file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, get_origin

from patron.errors import Fault
from patron.section import Section
from patron.settings.declared import Settings
from patron.settings.words import did_you_mean

ENVIRONMENT_PREFIX: Final = "PATRON_"


def sections() -> dict[str, type[Section]]:
    """The sections of patron.toml that hold plain settings, by name."""
    found: dict[str, type[Section]] = {}
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            found[name] = field.annotation
    return found


def environment_name(section: str, key: str) -> str:
    """The environment variable that overrides a setting."""
    return f"{ENVIRONMENT_PREFIX}{section}_{key}".upper()


def with_environment(content: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    merged = dict(content)
    for section, kind in sections().items():
        given = {
            key: _from_text(environment[environment_name(section, key)], kind.model_fields[key].annotation)
            for key in kind.model_fields
            if environment_name(section, key) in environment
        }
        if given and isinstance(merged.get(section, {}), dict):
            merged[section] = {**merged.get(section, {}), **given}
    return merged


def unknown_variables(environment: Mapping[str, str]) -> list[Fault]:
    """Variables that look like settings of ours but are none: a misspelt one must not pass silently."""
    known = {environment_name(section, key) for section, kind in sections().items() for key in kind.model_fields}
    prefixes = tuple(environment_name(section, "") for section in sections())
    unknown = [name for name in environment if name.startswith(prefixes) and name not in known]
    return [
        Fault(f"the environment's {name}", None, "is not a setting.", to_do=did_you_mean(name, known) or "Unset it.")
        for name in sorted(unknown)
    ]


def _from_text(text: str, annotation: Any) -> Any:
    """A variable's value as the file would hold it: a list where the setting is one, else a number, or text."""
    if get_origin(annotation) is tuple:
        return [part.strip() for part in text.split(",")]
    if annotation is bool and text in ("true", "false"):
        return text == "true"
    if annotation in (int, float):
        with suppress(ValueError):
            return int(text) if annotation is int else float(text)
    return text
