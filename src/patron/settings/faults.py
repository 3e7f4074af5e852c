"""What is wrong with a patron.toml, in plain words and with the line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, get_args, get_origin

from pydantic import (
    BaseModel,
    ValidationError,
)

from patron.errors import Fault
from patron.settings.declared import CREDENTIAL, FILE_NAME, Settings
from patron.settings.environment import environment_name
from patron.settings.plain_words import given_in_words, in_plain_words
from patron.settings.words import did_you_mean

_WHERE_CREDENTIALS_GO: Final = (
    "Credentials come from the environment's PATRON_SECRET_<NAME> or secrets.toml; the option 'credential' names which."
)


def faults_of(
    error: ValidationError, lines: Mapping[tuple[str, ...], int], environment: Mapping[str, str]
) -> list[Fault]:
    return [_fault(tuple(str(part) for part in item["loc"]), item, lines, environment) for item in error.errors()]


def _fault(
    key: tuple[str, ...], item: Any, lines: Mapping[tuple[str, ...], int], environment: Mapping[str, str]
) -> Fault:
    if item["type"] == CREDENTIAL:
        key = (*key, *item["ctx"]["option"].split("."))
        return Fault(".".join(key), line_of(key, lines), "looks like a credential.", to_do=_WHERE_CREDENTIALS_GO)
    line = line_of(key, lines)
    name = ".".join(key) or FILE_NAME
    if len(key) == 2 and environment_name(*key) in environment:
        name, line = f"the environment's {environment_name(*key)}", None
    if item["type"] == "extra_forbidden":
        known = _known_keys(key[:-1])
        return Fault(
            name,
            line,
            "is not a setting.",
            f"Known here: {', '.join(known)}.",
            did_you_mean(key[-1], known) or "Remove it.",
        )
    if item["type"] == "missing":
        return Fault(name, line, "is missing.", to_do=f"Add it: {_meaning(key)}.")
    # What stands where options are asked for may be an address with a password.
    silent = isinstance(item["input"], BaseModel) or "options" in key
    problem = ("" if silent else given_in_words(item["input"])) + in_plain_words(item)
    return Fault(
        name,
        line,
        problem if problem.endswith("?") else problem.rstrip(".") + ".",
        to_do=f"It means: {_meaning(key)}." if _meaning(key) else "",
    )


def line_of(key: tuple[str, ...], lines: Mapping[tuple[str, ...], int]) -> int | None:
    """The line of a key, or of the nearest thing around it."""
    return next((lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in lines), None)


def holds_credential(error: ValidationError) -> bool:
    return any(item["type"] == CREDENTIAL or "options" in item["loc"] for item in error.errors())


def _section_at(path: tuple[str, ...]) -> type[BaseModel] | None:
    here: Any = Settings
    for part in path:
        if part.isdigit():  # which one of a list of sections
            continue
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(part)
            here = field.annotation if field else None
        elif get_origin(here) is dict:
            here = get_args(here)[1]
        else:
            return None
        here = (
            next((a for a in get_args(here) if isinstance(a, type) and issubclass(a, BaseModel)), here)
            if get_origin(here) is not dict
            else here
        )
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _known_keys(path: tuple[str, ...]) -> list[str]:
    section = _section_at(path)
    return sorted(section.model_fields) if section else []


def _meaning(key: tuple[str, ...]) -> str:
    section = _section_at(key[:-1]) if key else None
    field = section.model_fields.get(key[-1]) if section else None
    return (field.description or "") if field else ""


def syntax_fault(error: Exception) -> Fault:
    place = re.search(r"at line (\d+)", str(error))
    line = int(place[1]) if place else None
    return Fault("TOML", line, f"cannot be read: {error}.", to_do="Mend that line; text values stand in quotes.")
