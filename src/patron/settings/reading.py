"""Reading a patron.toml: once, at the edge; every fault is collected before it complains."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import (
    ValidationError,
)

from patron.errors import Fault, NothingThere, SettingsError
from patron.settings.declared import Settings
from patron.settings.environment import unknown_variables, with_environment
from patron.settings.faults import faults_of, holds_credential, line_of, syntax_fault
from patron.toml_lines import line_of_keys


@dataclass(frozen=True)
class OptionFault:
    """What is wrong with one option of a source's connector: its place in patron.toml, and words."""

    key: tuple[str, ...]
    problem: str
    allowed: str = ""
    to_do: str = ""


def read_settings(
    path: Path,
    environment: Mapping[str, str] | None = None,
    option_faults: Callable[[Settings], Iterable[OptionFault]] = lambda _: (),
) -> Settings:
    """Settings of a patron.toml, with ``PATRON_<SECTION>_<KEY>`` of the environment over it.

    ``option_faults`` judges the options of connectors, which only these know.
    Raises NothingThere if there is no file and SettingsError with every fault, each with its line.
    """
    if not path.is_file():
        raise NothingThere(f"There is no {path}.", to_do="Run 'patron init FILE' to make one.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(str(path), [syntax_fault(error)]) from error
    variables = os.environ if environment is None else environment
    faults = unknown_variables(variables)
    try:
        merged = with_environment(content, variables)
        # Strict: "2" is not 2 and true is not 1. By way of JSON, where a list may stand for a tuple; a TOML day is text.
        settings = Settings.model_validate_json(json.dumps(merged, default=str), strict=True)
    except ValidationError as error:
        faults += faults_of(error, line_of_keys(text), variables)
        # A value that may be a credential must not show in what pydantic says.
        raise SettingsError(str(path), faults) from (None if holds_credential(error) else error)
    lines = line_of_keys(text)
    faults += [
        Fault(".".join(wrong.key), line_of(wrong.key, lines), wrong.problem, wrong.allowed, wrong.to_do)
        for wrong in option_faults(settings)
    ]
    if faults:
        raise SettingsError(str(path), faults)
    return settings
